// Package config reads caretaker.yaml, the one file a platform team edits.
//
// It is strict: an unknown key, a key given twice, a wrong type, a key without a
// value and a value out of range are errors. It reports all of them at once, each with
// file, line, key, value and what is allowed. It never replaces a wrong value by a default.
//
// A file has a base and, under stages, overlays, which hold the keys that differ from the
// base. Keys are merged one by one. A list or a map of tags is one value and is replaced
// entirely, because a merged list would give an overlay no way to remove an entry. Every
// overlay is checked at each load, so that a mistake in prod is found before prod is deployed.
// Keys that are set for one command come last.
//
// Only the CDK app and the command line import this package: a part gets its own
// section, and does not see the rest.
package config

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // what is valid must not depend on the machine's time zones

	"caretaker/alerts"
	"caretaker/alerts/notify"
	"caretaker/internal/runbook"
	"caretaker/internal/schedule"
	"caretaker/internal/setting"
	"caretaker/internal/tag"
	"caretaker/janitor"
	limitraiser "caretaker/limit-raiser"
	logshipper "caretaker/log-shipper"
	"caretaker/warmer"
)

// DefaultStage is the name of the stage if none is chosen: the base of the file alone.
const DefaultStage = "default"

// File is the whole of caretaker.yaml, after the overlay of the chosen stage.
type File struct {
	// Version is the version of the file's format: 1.
	Version  int `json:"version" yaml:"version" bounds:"1 to 1"`
	Sections `yaml:",inline"`
	// Stages hold what differs by stage: the keys of this file that have another value
	// there. Choose one with -c stage=prod (cdk) or --stage prod (caretaker).
	Stages map[string]Sections `json:"stages" yaml:"stages"`
	// Notes are what is allowed and yet mostly a mistake, by stage; that of the base is DefaultStage.
	// What was set for one command counts in the chosen one.
	Notes map[string]Problems `json:"-" yaml:"-"`
}

// Sections are the keys that a stage can overlay.
type Sections struct {
	// Account is the number of the AWS account that this file is for. Nothing is deployed to another
	// account, and no command works in another. Empty means any.
	Account string `json:"account" yaml:"account"`
	// Regions are the AWS Regions to look after, like eu-west-1. Empty means the
	// Region of the environment: AWS_REGION, or the profile's.
	Regions []string `json:"regions" yaml:"regions"`
	// NewRegions are Regions that AWS opened after this version of Caretaker was made, and that may
	// therefore be named. Empty means none.
	NewRegions []string `json:"newRegions" yaml:"newRegions"`
	// Tags are put on everything that is deployed. Empty means none.
	Tags map[string]string `json:"tags" yaml:"tags"`
	// Runbook is where your company has docs/runbook.md, without a heading: alarms send people there. Empty
	// means the file in the repository.
	Runbook string `json:"runbook" yaml:"runbook"`
	// Notify says who is told about alarms and about what was done.
	Notify Notify `json:"notify" yaml:"notify"`
	// Deployment is what your company requires of everything that is deployed.
	Deployment Deployment `json:"deployment" yaml:"deployment"`
	// Janitor deletes function versions that nothing refers to.
	Janitor janitor.Config `json:"janitor" yaml:"janitor"`
	// LimitRaiser raises what an alarm reports as short.
	LimitRaiser limitraiser.Config `json:"limitRaiser" yaml:"limitRaiser"`
	// Warmer keeps environments of chosen functions warm.
	Warmer warmer.Config `json:"warmer" yaml:"warmer"`
	// Alerts tells the right people what is wrong, and nothing else.
	Alerts Alerts `json:"alerts" yaml:"alerts"`
	// LogShipper brings the log events of the fleet to one destination.
	LogShipper logshipper.Config `json:"logShipper" yaml:"logShipper"`
}

// Alerts is the section of the part alerts.
type Alerts struct {
	// Config is the reconciler, which keeps the alarms.
	alerts.Config `yaml:",inline"`
	// Notify is the notifier, which tells people.
	Notify notify.Config `json:"notify" yaml:"notify"`
}

// Notify says who is told about alarms and about what was done.
type Notify struct {
	// Email addresses are subscribed to the topic; AWS asks each once to confirm. Empty means none.
	Email []string `json:"email" yaml:"email"`
	// SMS are phone numbers that the notifier tells what Slack does not take, and of what is wrong with
	// itself. Empty means none.
	SMS []string `json:"sms" yaml:"sms"`
	// AccountName is what people call the account. Empty means its number.
	AccountName string `json:"accountName" yaml:"accountName"`
	// Hosts may be posted to beside Slack's own, such as that of a Mattermost: names or addresses, with a
	// port unless it is 443. Only a host that is named here may have a private address. Empty means none.
	Hosts []string `json:"hosts" yaml:"hosts"`
	// Slack is where alarms are posted.
	Slack Slack `json:"slack" yaml:"slack"`
}

// Slack is where alarms are posted.
type Slack struct {
	// Secret names the secret that holds the webhook URL or the bot token: a name in Secrets
	// Manager, or the ARN of a secret there or of a parameter in SSM. The URL or the token
	// itself is refused here. Empty means no Slack.
	Secret string `json:"secret" yaml:"secret"`
	// Channel is where a bot posts, by name or id. A webhook has its own. Empty is for webhooks.
	Channel string `json:"channel" yaml:"channel"`
	// API is the base of Slack's API for a bot. Empty means https://slack.com/api.
	API string `json:"api" yaml:"api"`
	// Blocks is false for chats that know Slack's webhooks and not its blocks, such as Mattermost.
	Blocks bool `json:"blocks" yaml:"blocks"`
}

// Target is where the notifier's messages go.
func (s Sections) Target() notify.Target {
	return notify.Target{
		Secret: s.Notify.Slack.Secret, Channel: s.Notify.Slack.Channel, API: s.Notify.Slack.API, Blocks: s.Notify.Slack.Blocks,
		Hosts: s.Notify.Hosts, AccountName: s.Notify.AccountName,
	}
}

// Default is what applies to keys that the file does not have.
func Default() File {
	return File{Version: 1, Sections: Sections{
		Deployment: Deployment{RolePath: "/"},
		Notify:     Notify{Slack: Slack{Blocks: true}}, Alerts: Alerts{Config: alerts.Default(), Notify: notify.Default()},
		Janitor: janitor.Default(), LimitRaiser: limitraiser.Default(), LogShipper: logshipper.Default(), Warmer: warmer.Default(),
	}}
}

var (
	accountForm = regexp.MustCompile(`^([0-9]{12})?$`)
	// A tag's key and value: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	tagKeyForm   = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$`)
	tagValueForm = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$`)
	// https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
	phoneForm       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	accountNameForm = regexp.MustCompile(`^[\p{L}\p{N} _.-]{0,50}$`)
	// A secret's name: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
	secretNameForm = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	secretARNForm  = regexp.MustCompile(`^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9/_.-]+)$`)
	// What Slack's tokens begin with, and the path of a webhook without its host.
	slackSecretForm = regexp.MustCompile(`(?i)^xox[a-z]-|^xapp-|^xwfp-|(^|/)T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/|hooks\.slack`)
)

// Validate says everything that is wrong with the values at a time.
func (s Sections) Validate(now time.Time) []setting.Problem {
	var problems []setting.Problem
	if !accountForm.MatchString(s.Account) {
		problems = append(problems, setting.Problem{Key: "account", Value: s.Account, Allowed: `the 12 digits of an AWS account in quotes, such as "111122223333"`})
	}
	problems = append(problems, s.regions()...)
	for name, value := range s.Tags {
		if !tagKeyForm.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "aws:") {
			problems = append(problems, setting.Problem{Key: "tags." + name, Value: name, Allowed: "a key of up to 128 letters, digits, spaces and _.:/=+-@ that does not begin with aws:"})
		}
		if !tagValueForm.MatchString(value) {
			problems = append(problems, setting.Problem{Key: "tags." + name, Value: value, Allowed: "up to 256 letters, digits, spaces and _.:/=+-@"})
		}
	}
	if len(s.Tags) > mostTags {
		problems = append(problems, setting.Problem{Key: "tags", Value: fmt.Sprintf("%d tags", len(s.Tags)), Allowed: fmt.Sprintf("up to %d: AWS takes 50 on a resource, and %s is one of them", mostTags, tag.Stage)})
	}
	if !runbook.Fits(s.Runbook) {
		problems = append(problems, setting.Problem{Key: "runbook", Value: s.Runbook, Allowed: runbook.Allowed})
	}
	problems = append(problems, s.Notify.validate()...)
	problems = append(problems, s.Target().Validate("notify")...)
	problems = append(problems, s.Alerts.Validate()...)
	problems = append(problems, s.Alerts.Notify.Validate()...)
	problems = append(problems, s.topics()...)
	problems = append(problems, s.Deployment.validate(s.Regions)...)
	problems = append(problems, s.Janitor.Validate()...)
	problems = append(problems, s.LimitRaiser.Validate()...)
	problems = append(problems, s.Warmer.Validate()...)
	problems = append(problems, s.LogShipper.Validate()...)
	problems = append(problems, scheduled("janitor", s.Janitor.Schedule, s.Janitor.TimeZone, now)...)
	problems = append(problems, scheduled("logShipper.subscribe", s.LogShipper.Subscribe.Schedule, s.LogShipper.Subscribe.TimeZone, now)...)
	problems = append(problems, scheduled("alerts", s.Alerts.Schedule, s.Alerts.TimeZone, now)...)
	problems = append(problems, scheduled("warmer", s.Warmer.Schedule, s.Warmer.TimeZone, now)...)
	return append(problems, s.oversized()...)
}

// mostTags are those that AWS takes on a resource, less our own:
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
const mostTags = 49

// scheduled checks when a part runs. A part does not do so by itself: a function
// that runs is not interested, and the grammar would be in each binary.
func scheduled(part, expression, zone string, now time.Time) []setting.Problem {
	if _, err := schedule.Zone(zone); err != nil {
		return []setting.Problem{{Key: part + ".timeZone", Value: zone, Allowed: err.Error()}}
	}
	runs, err := schedule.Parse(expression, zone)
	if err != nil {
		return []setting.Problem{{Key: part + ".schedule", Value: expression, Allowed: err.Error()}}
	}
	if last := runs.LastRun(); !last.IsZero() && last.Before(now) {
		return []setting.Problem{{Key: part + ".schedule", Value: expression, Allowed: "a schedule that runs again: the last run of this one was on " + last.Format(time.DateOnly)}}
	}
	return nil
}

// mostEmails leaves the stacks, in which each is a resource, far from MostResources.
const mostEmails = 100

func (n Notify) validate() []setting.Problem {
	var problems []setting.Problem
	if len(n.Email) > mostEmails {
		problems = append(problems, setting.Problem{Key: "notify.email", Value: fmt.Sprintf("%d addresses", len(n.Email)), Allowed: fmt.Sprintf("up to %d: each is a resource of every stack. A mailing list reaches more people", mostEmails)})
	}
	for index, text := range n.Email {
		key := fmt.Sprintf("notify.email[%d]", index)
		if address, err := mail.ParseAddress(text); err != nil || address.Address != text {
			problems = append(problems, setting.Problem{Key: key, Value: text, Allowed: "an address such as oncall@example.com"})
		} else if slices.Index(n.Email, text) < index {
			problems = append(problems, setting.Problem{Key: key, Value: text, Allowed: "each address once"})
		}
	}
	if len(n.SMS) > mostEmails {
		problems = append(problems, setting.Problem{Key: "notify.sms", Value: fmt.Sprintf("%d numbers", len(n.SMS)), Allowed: fmt.Sprintf("up to %d", mostEmails)})
	}
	for index, number := range n.SMS {
		if !phoneForm.MatchString(number) || slices.Index(n.SMS, number) < index {
			problems = append(problems, setting.Problem{Key: fmt.Sprintf("notify.sms[%d]", index), Value: number, Allowed: `each number once, in quotes, with its country's code, such as "+491701234567"`})
		}
	}
	if !accountNameForm.MatchString(n.AccountName) {
		problems = append(problems, setting.Problem{Key: "notify.accountName", Value: n.AccountName, Allowed: "up to 50 letters, digits, blanks and _.-"})
	}
	if secret := n.Slack.Secret; secret != "" && !isSecretName(secret) {
		// What was refused may be the secret itself: it is not repeated.
		problems = append(problems, setting.Problem{Key: secretKey, Value: hidden, Allowed: "the name or ARN of a secret in Secrets Manager, such as caretaker/slack, or the ARN of a parameter in SSM; never the webhook URL or token itself, which belongs in that secret"})
	}
	return problems
}

const (
	secretKey = "notify.slack.secret" // #nosec G101 -- the key's name
	hidden    = "(not shown)"
)

func isSecretName(text string) bool {
	if slackSecretForm.MatchString(text) {
		return false
	}
	return secretNameForm.MatchString(text) || secretARNForm.MatchString(text)
}

// topics says which of the topics to hear are nowhere that a notifier is deployed.
func (s Sections) topics() []setting.Problem {
	var problems []setting.Problem
	for index, topic := range s.Alerts.Notify.Topics {
		parts := strings.Split(topic, ":") // arn:aws:sns:eu-west-1:111122223333:billing
		wrong := func(allowed string) {
			problems = append(problems, setting.Problem{Key: fmt.Sprintf("alerts.notify.topics[%d]", index), Value: topic, Allowed: allowed})
		}
		switch {
		case len(parts) != 6:
		case s.Account != "" && parts[4] != s.Account:
			wrong("a topic of the account " + s.Account + ": the notifier hears those of its own account")
		case len(s.Regions) > 0 && !slices.Contains(s.Regions, parts[3]):
			wrong("a topic in one of the Regions of the file: " + strings.Join(s.Regions, ", "))
		}
	}
	if count := len(s.Alerts.Notify.Topics); count > mostTopics {
		problems = append(problems, setting.Problem{Key: "alerts.notify.topics", Value: fmt.Sprintf("%d topics", count), Allowed: fmt.Sprintf("up to %d, as many as the policy of the queue has room for", mostTopics)})
	}
	return problems
}

// mostTopics keeps the policy of the notifier's queue far from SQS's limit of 8,192 bytes in a statement's
// values together: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
const mostTopics = 50
