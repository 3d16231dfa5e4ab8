package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/alerts"
	"caretaker/internal/config"
	"caretaker/internal/slack"
	"caretaker/janitor"
)

var alertsPart = part{
	name: "alerts", stack: "Alerts", with: []string{"Notify", "Janitor"},
	why:   "it ships off and in dry run, its Slack is on this machine, and nobody shall wait here: for 30 seconds before each message, or for twice as many alarms at AWS's pace",
	look:  hint{"dist/caretaker alerts plan", "which alarms would be made, why, and their cost"},
	begin: func(s *stage) act { return newAlertsAct(s) },
}

const (
	// notifierName is what the notifier's stack calls its function.
	notifierName = "caretaker-" + config.DefaultStage + "-notify"
	// alertsTopic is a topic of the account to which critical alarms go.
	alertsTopic = "on-call"
)

// alertsAct is a service whose functions fail, and the notifier that tells of it.
type alertsAct struct {
	*stage
	slack  *slack.Server
	alarms *cloudwatch.Client
	topics *sns.Client
	mail   mail
	// planned is how many alarms the plan would make.
	planned int
}

func newAlertsAct(s *stage) *alertsAct {
	return &alertsAct{stage: s, alarms: cloudwatch.NewFromConfig(s.AWS()), topics: sns.NewFromConfig(s.AWS()), mail: newMail(s)}
}

// section is the part's piece of caretaker.yaml: it names where the stand-in listens.
func (a *alertsAct) section() string {
	return fmt.Sprintf(`notify:
  hosts: ["%[1]s"]
  slack: {secret: caretaker/slack, channel: "#alerts", api: "https://%[1]s/api"}
alerts:
  enabled: true
  dryRun: false
  include: {names: ["checkout-*", "returns-*"]}
  topics: {critical: %[2]s}
  thresholds: {function.duration: off, function.timeouts: off, function.dropped: off}
  notify: {enabled: true, window: 5s, topics: [%[2]s], chart: 1h}
`, a.slack.Host(), alertsTopic)
}

// prepare starts the stand-in for Slack, and makes the secret and the topic. The functions come later: those that
// are there would be looked after by the other acts too.
func (a *alertsAct) prepare(ctx context.Context) (err error) {
	a.out.heading("A Slack on this machine")
	if a.slack, err = slack.Start(); err != nil {
		return err
	}
	a.ends = append(a.ends, a.slack.Stop)
	_, err = secretsmanager.NewFromConfig(a.AWS()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("caretaker/slack"), SecretString: aws.String(slack.Token)})
	if err != nil {
		return fmt.Errorf("making the secret: %w", err)
	}
	if _, err := a.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String(alertsTopic)}); err != nil {
		return fmt.Errorf("making the topic: %w", err)
	}
	a.out.fact("Slack", "https://%s: Block Kit's limits, the API's errors, a certificate of its own", a.slack.Host())
	return nil
}

// perform has alarms made, lets the service fail and heal, and Slack go down.
func (a *alertsAct) perform(ctx context.Context) error {
	for _, scene := range []func(context.Context) error{a.fleet, a.plan, a.keep, a.fails, a.preview, a.heals, a.report, a.down, a.page} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ready gives the function the authority of the stand-in's certificate, and listens at the topic of people.
func (a *alertsAct) ready(ctx context.Context) error {
	functions := lambdasvc.NewFromConfig(a.AWS())
	found, err := functions.GetFunctionConfiguration(ctx, &lambdasvc.GetFunctionConfigurationInput{FunctionName: aws.String(notifierName)})
	if err != nil {
		return fmt.Errorf("looking up %s: %w", notifierName, err)
	}
	variables := maps.Clone(found.Environment.Variables)
	variables["SSL_CERT_FILE"] = a.slack.CertFile()
	if _, err := functions.UpdateFunctionConfiguration(ctx, &lambdasvc.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(notifierName), Environment: &lambdatypes.Environment{Variables: variables},
	}); err != nil {
		return fmt.Errorf("giving %s the authority to trust: %w", notifierName, err)
	}
	a.mail.queue = variables["QUEUE_URL"]
	a.mail.people, err = a.mail.listen(ctx, "notified", variables["TOPIC_ARN"])
	return err
}

// alarmOf is the critical alarm on a function's errors, as the reconciler calls it.
func alarmOf(function string) string {
	return alerts.Prefix(config.DefaultStage) + "function/" + function + "/failing"
}

// move moves alarms to a state, as CloudWatch would.
func (a *alertsAct) move(ctx context.Context, functions []string, state cloudwatchtypes.StateValue, reason string) error {
	for _, function := range functions {
		_, err := a.alarms.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String(alarmOf(function)), StateValue: state, StateReason: &reason})
		if err != nil {
			return fmt.Errorf("moving the alarm of %s: %w", function, err)
		}
	}
	return nil
}

// about are the messages of the service.
func (a *alertsAct) about(what string) (found []slack.Message) {
	for _, message := range a.slack.Messages() {
		if strings.Contains(message.Text, what) {
			found = append(found, message)
		}
	}
	return found
}

// stands waits until one message about something stands in the channel, with a text.
func (a *alertsAct) stands(ctx context.Context, about, says string) (message slack.Message, err error) {
	err = a.out.until(ctx, fmt.Sprintf("a message says %q", says), func() (bool, error) {
		found := a.about(about)
		if len(found) > 1 {
			return false, fmt.Errorf("%d messages about %s stand in the channel, where 1 is enough", len(found), about)
		}
		if len(found) == 1 && strings.Contains(found[0].Text, says) {
			message = found[0]
			return true, nil
		}
		return false, nil
	})
	return message, err
}

func (a *alertsAct) fails(ctx context.Context) error {
	a.out.heading("A function fails, and forty follow")
	a.out.aside("The emulator evaluates no alarm, so the demo moves them with SetAlarmState. From there on nothing is helped: " +
		"alarm, SNS, SQS with its window, the function under its own role, HTTPS. The functions do not run for hours either: the demo publishes what Lambda would have published of them.")
	if err := a.publishMetrics(ctx); err != nil {
		return err
	}
	reason := fmt.Sprintf("Threshold Crossed: 1 out of the last 2 datapoints [%d.0 (%s)] was greater than or equal to the threshold (10.0).", 37, time.Now().UTC().Format("02/01/06 15:04:05"))
	started, all := time.Now(), service()
	if err := a.move(ctx, all[:1], cloudwatchtypes.StateValueAlarm, reason); err != nil {
		return err
	}
	if _, err := a.stands(ctx, "checkout", alarmOf(firstFunction)+" is on"); err != nil {
		return err
	}
	a.out.fact("told", "after %s; Lambda would gather for the window's 30 s first, which the emulator does not", seconds(time.Since(started)))
	if err := a.chart(ctx); err != nil {
		return err
	}
	if err := a.move(ctx, all[1:], cloudwatchtypes.StateValueAlarm, reason); err != nil {
		return err
	}
	message, err := a.stands(ctx, "checkout", fmt.Sprintf("%d alarms are on", followers+1))
	if err != nil {
		return err
	}
	a.figure("one message for an incident", len(a.about("checkout")) == 1, "%d message for %d alarms", len(a.about("checkout")), followers+1)
	a.out.fact("messages", "%s for %d alarms, written anew %d times", a.out.paint("ONE", text.Bold), followers+1, message.Edits)
	a.out.say("")
	for line := range strings.Lines(message.Shown()) {
		a.out.say("     %s", strings.TrimRight(line, "\n"))
	}
	return a.savePage("open.html")
}

// chart waits for the chart in the thread of the message.
func (a *alertsAct) chart(ctx context.Context) error {
	var file slack.File
	err := a.out.until(ctx, "a chart stands in the thread of the message", func() (bool, error) {
		message := a.about("checkout")[0]
		for _, answer := range a.slack.Messages() {
			if answer.Thread == message.TS && len(answer.Files) > 0 {
				file = answer.Files[0]
			}
		}
		return len(file.Content) > 0, nil
	})
	if err != nil {
		return err
	}
	a.figure("its chart stands in the thread", true, "a picture of %d KB", len(file.Content)/1024)
	a.out.fact("chart", "in its thread: %s", file.Alt)
	return a.savePage("first.html")
}

func (a *alertsAct) heals(ctx context.Context) error {
	a.out.heading("They heal")
	if err := a.move(ctx, service(), cloudwatchtypes.StateValueOk, "Threshold Crossed: 2 datapoints were not greater than or equal to the threshold (10.0)."); err != nil {
		return err
	}
	message, err := a.stands(ctx, "checkout", "OK again: checkout")
	if err != nil {
		return err
	}
	a.figure("the message closes when they heal", len(a.about("checkout")) == 1, "%d message, closed", len(a.about("checkout")))
	a.out.fact("message", "the same one, closed: %s", a.out.paint(message.Text, text.Bold))
	return nil
}

// report shows what another part says: its report, where its act came before, or one like it at its topic.
func (a *alertsAct) report(ctx context.Context) error {
	a.out.heading("The janitor's report arrives too")
	if len(a.about("Janitor ")) == 0 {
		a.out.aside("The janitor's stack is deployed, and its act is not part of this: so the demo publishes a report of the janitor's at its topic.")
		report := janitor.Report{
			Account: a.Account(), Region: a.Region(), Functions: 47, Versions: 644, Outcomes: map[janitor.Outcome]int{janitor.Deleted: 393}, BytesFreed: 40_580_940,
			Before: janitor.Storage{Used: 78_852_915, Limit: 105_906_176}, After: janitor.Storage{Used: 38_271_975, Limit: 105_906_176},
			KeptBy: map[janitor.Reason]int{"$LATEST": 47, "an alias": 110},
		}
		topic := "arn:aws:sns:" + a.Region() + ":" + a.Account() + ":caretaker-" + config.DefaultStage + "-janitor"
		if _, err := a.topics.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Subject: aws.String(report.Headline()), Message: aws.String(report.Summary())}); err != nil {
			return fmt.Errorf("publishing the report: %w", err)
		}
	}
	err := a.out.until(ctx, "the report stands in the channel", func() (bool, error) { return len(a.about("Janitor ")) > 0, nil })
	if err == nil {
		a.figure("another part's report arrives", true, "%d message", len(a.about("Janitor ")))
		a.out.fact("message", "%s", a.about("Janitor ")[0].Text)
	}
	return err
}

// down takes Slack away.
func (a *alertsAct) down(ctx context.Context) error {
	a.out.heading("Slack revokes the token while an alarm is on")
	a.slack.Revoke()
	if err := a.move(ctx, []string{anotherFunction}, cloudwatchtypes.StateValueAlarm, "Threshold Crossed: 1 out of the last 2 datapoints was greater than or equal to the threshold (10.0)."); err != nil {
		return err
	}
	var mails []string
	err := a.out.until(ctx, "somebody gets a mail", func() (bool, error) {
		found, err := a.mail.read(ctx, a.mail.people)
		mails = append(mails, found...)
		return len(mails) > 0, err
	})
	if err != nil {
		return err
	}
	a.out.fact("mail", "what people get by mail and SMS:")
	a.out.say("")
	for line := range strings.Lines(mails[0]) {
		a.out.say("     %s", strings.TrimRight(line, "\n"))
	}
	a.figure("without Slack a mail tells, and why", strings.Contains(mails[0], "token_revoked"), "%d mail", len(mails))
	a.slack.Heal()
	return nil
}

// page leaves what arrived where it can be looked at.
func (a *alertsAct) page(context.Context) error {
	if err := a.savePage("messages.html"); err != nil {
		return err
	}
	a.out.fact("look", "dist/alerts/messages.html shows what stands in the channel, dist/alerts/open.html the incident")
	return nil
}

func (a *alertsAct) savePage(name string) error {
	page, err := a.slack.Page()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join("dist", "alerts"), 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("dist", "alerts", name), page, 0o600)
}
