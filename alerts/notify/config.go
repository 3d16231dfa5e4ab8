package notify

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"caretaker/internal/setting"
)

// Config is the notifier's part of the section alerts of caretaker.yaml.
type Config struct {
	// Enabled says whether the notifier is deployed at all; where it is false, deploying deletes its stack.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// Function is the deployed function's size.
	Function setting.Function `json:"function" yaml:"function"`
	// Window is how long alarms are gathered before people are told: what heals within it is not told
	// of. 0s tells at once.
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
	Window setting.Duration `json:"window" yaml:"window" bounds:"0s to 5m" step:"1s"`
	// FollowUp is the shortest time between two messages about an incident where a message that stands
	// cannot be edited. 0s tells of each change.
	FollowUp setting.Duration `json:"followUp" yaml:"followUp" bounds:"0s to 1d"`
	// Repeat is after how long people are told again of what is still on.
	Repeat setting.Duration `json:"repeat" yaml:"repeat" bounds:"15m to 7d" zero:"never"`
	// Topics are topics of the account whose messages are told too, by name or ARN. Those of Caretaker
	// are without being listed. Empty means none.
	Topics []string `json:"topics" yaml:"topics" form:"^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:)?[A-Za-z0-9_-]{1,256}$" allowed:"a topic's name such as billing, or its ARN; not a FIFO topic"`
	// LogLines is how many of the last error lines of a function the message shows that opens its incident, with the
	// ids of their requests. The function may then read the logs of all functions.
	LogLines int `json:"logLines" yaml:"logLines" bounds:"0 (none) to 10"`
	// Chart puts a chart into the thread of the message that opens an incident, and is how far that goes back. A bot needs the
	// scope files:write for it; a webhook shows none.
	Chart setting.Duration `json:"chart" yaml:"chart" bounds:"30m to 7d" zero:"none"`
	// Escalate tells somebody else of what stays on.
	Escalate Escalate `json:"escalate" yaml:"escalate"`
	// AmazonQ tells a chat by way of Amazon Q Developer in chat applications: Microsoft Teams, Amazon Chime or Slack.
	AmazonQ AmazonQ `json:"amazonQ" yaml:"amazonQ"`
}

// AmazonQ is the way to a chat that Amazon Q Developer in chat applications posts to.
type AmazonQ struct {
	// Topic is one that Amazon Q is set to hear: a topic's name in the account and Region, or its ARN. Empty is for none.
	Topic string `json:"topic" yaml:"topic" form:"^((arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:)?[A-Za-z0-9_-]{1,256})?$" allowed:"a topic's name such as teams, or its ARN; not a FIFO topic"`
	// CustomActions shows the buttons of your custom actions under the messages.
	CustomActions bool `json:"customActions" yaml:"customActions"`
}

// Escalate says who else is told of an incident that stays on.
type Escalate struct {
	// After is how long it is on before they are told; a warning alone never is.
	After setting.Duration `json:"after" yaml:"after" bounds:"5m to 7d" zero:"never"`
	// Topic is told, and told again when the incident is over: a topic's name in the account and Region, or its ARN.
	// Empty is for never.
	Topic string `json:"topic" yaml:"topic" form:"^((arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:)?[A-Za-z0-9_-]{1,256})?$" allowed:"a topic's name such as management, or its ARN; not a FIFO topic"`
}

// Target is where messages go. It is made from the section notify of the file, since that says for all
// parts who is told.
type Target struct {
	// Secret names the secret with the webhook URL or the bot token: a name in Secrets Manager, or the ARN
	// of one there or of a parameter in SSM. Empty means that people are told by mail and SMS alone.
	Secret string `json:"secret"`
	// Channel is where a bot posts. A webhook has its own.
	Channel string `json:"channel"`
	// API is the base of Slack's API, for a bot. Empty means https://slack.com/api.
	API string `json:"api"`
	// Blocks is false for chats that know Slack's webhooks and not its blocks.
	Blocks bool `json:"blocks"`
	// Hosts may be posted to beside Slack's own, each a name or an address, with a port unless it is 443.
	Hosts []string `json:"hosts"`
	// AccountName is what people call the account. Empty means its number.
	AccountName string `json:"accountName"`
}

// Deployed is what the deployed function is given: config.json beside its binary.
type Deployed struct {
	Config
	Target Target `json:"target"`
}

// Default is what applies where caretaker.yaml sets nothing. It is switched off, since it tells nobody
// anything until a channel or an address is named.
func Default() Config {
	return Config{
		Function: setting.Function{Memory: 512, Timeout: setting.Duration(time.Minute), LogRetentionDays: 30},
		Window:   setting.Duration(30 * time.Second),
		FollowUp: setting.Duration(5 * time.Minute),
		Repeat:   setting.Duration(4 * time.Hour),
		AmazonQ:  AmazonQ{CustomActions: true},
	}
}

// section is where the keys stand in the file.
const section = "alerts.notify"

// leastTimeout is what a run needs to wait for another one, and for Slack when it asks for a pause.
const leastTimeout = setting.Duration(20 * time.Second)

// Validate says everything that is wrong with the values.
func (c Config) Validate() []setting.Problem {
	problems := setting.Check(section, c)
	if c.Function.Timeout >= setting.Duration(time.Second) && c.Function.Timeout < leastTimeout {
		problems = append(problems, setting.Problem{Key: section + ".function.timeout", Value: c.Function.Timeout.String(), Allowed: "whole seconds from 20s to 15m: a run waits for another one, and for Slack when that asks for a pause"})
	}
	for index, topic := range c.Topics {
		key := fmt.Sprintf("%s.topics[%d]", section, index)
		name := nameOf(topic)
		switch {
		case strings.HasPrefix(name, ownTopics):
			problems = append(problems, setting.Problem{Key: key, Value: topic, Allowed: "a topic of your own: those of Caretaker are told of without being listed"})
		case slices.Index(c.Topics, topic) < index:
			problems = append(problems, setting.Problem{Key: key, Value: topic, Allowed: "each topic once"})
		}
	}
	if (c.Escalate.After > 0) != (c.Escalate.Topic != "") {
		problems = append(problems, setting.Problem{Key: section + ".escalate", Value: fmt.Sprintf("after %s, topic %q", c.Escalate.After, c.Escalate.Topic), Allowed: "both keys, or neither"})
	} else if c.hears(c.Escalate.Topic) {
		problems = append(problems, setting.Problem{Key: section + ".escalate.topic", Value: c.Escalate.Topic, Allowed: "a topic that the notifier does not hear itself"})
	}
	switch topic := c.AmazonQ.Topic; {
	case c.hears(topic):
		problems = append(problems, setting.Problem{Key: section + ".amazonQ.topic", Value: topic, Allowed: "a topic that the notifier does not hear itself"})
	case topic != "" && nameOf(topic) == nameOf(c.Escalate.Topic):
		problems = append(problems, setting.Problem{Key: section + ".amazonQ.topic", Value: topic, Allowed: "another topic than that of " + section + ".escalate, whose texts Amazon Q does not show"})
	}
	return problems
}

// hears tells whether the notifier would hear what it tells this topic.
func (c Config) hears(topic string) bool {
	name := nameOf(topic)
	return strings.HasPrefix(name, ownTopics) || name != "" && slices.ContainsFunc(c.Topics, func(heard string) bool { return nameOf(heard) == name })
}

// nameOf is a topic's name, of its name or ARN.
func nameOf(topic string) string { return topic[strings.LastIndex(topic, ":")+1:] }

// ownTopics begins the names of Caretaker's topics.
const ownTopics = "caretaker-"

// slackHosts are Slack's own: webhooks, the API, and those of its cloud for governments.
var slackHosts = []string{"hooks.slack.com", "slack.com", "hooks.slack-gov.com", "slack-gov.com"}

var (
	hostForm    = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,62})\.)*[a-z0-9][a-z0-9-]{0,62}(:[0-9]{1,5})?$`)
	channelForm = regexp.MustCompile(`^(#?[\p{Ll}\p{N}_.-]{1,80}|[CGD][A-Z0-9]{8,})?$`)
)

// Validate says what is wrong with the target; key is where it stands in the file.
func (t Target) Validate(key string) []setting.Problem {
	var problems []setting.Problem
	wrong := func(name, value, allowed string) {
		problems = append(problems, setting.Problem{Key: key + name, Value: value, Allowed: allowed})
	}
	for index, host := range t.Hosts {
		name := fmt.Sprintf(".hosts[%d]", index)
		switch {
		case !isHost(host):
			wrong(name, host, "a host without https:// and path, such as chat.example.com or chat.example.com:8443")
		case slices.Contains(slackHosts, host), slices.Contains(uploadHosts, host):
			wrong(name, host, "a host that is not Slack's own, which are allowed without being listed")
		case slices.Index(t.Hosts, host) < index:
			wrong(name, host, "each host once")
		}
	}
	if !channelForm.MatchString(t.Channel) {
		wrong(".slack.channel", t.Channel, "a channel such as #alerts, or its id, such as C0123456789")
	}
	if t.API != "" {
		if err := permitted(t.API, slices.Concat(slackHosts, t.Hosts)); err != nil {
			wrong(".slack.api", t.API, "https://slack.com/api, https://slack-gov.com/api, or one on a host of notify.hosts: "+err.Error())
		}
	}
	if t.Secret == "" && (t.Channel != "" || t.API != "") {
		wrong(".slack.secret", "", "the name of a secret, since notify.slack has other keys")
	}
	return problems
}

func isHost(text string) bool {
	if _, err := netip.ParseAddrPort(text); err == nil {
		return true
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return hostForm.MatchString(text)
}
