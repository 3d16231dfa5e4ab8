package notify

import (
	"strings"
	"testing"
	"time"

	"caretaker/internal/iam/iamtest"
	"caretaker/internal/setting"
	"caretaker/internal/want"
)

// docs/alerts-notify-iam.md is written by hand, for the reasons in it. It must not say anything else than
// what is granted.
func TestIAMPage_saysWhatIsGranted(t *testing.T) {
	granted := map[string]string{}
	with := func(change func(*Config)) Config {
		cfg := Default()
		change(&cfg)
		return cfg
	}
	for key, one := range map[string]struct {
		cfg    Config
		secret string
	}{
		"":                              {Default(), ""},
		"notify.slack.secret, a secret": {Default(), "<secret>"},
		"notify.slack.secret, the ARN of a parameter": {Default(), "arn:aws:ssm:eu-west-1:111122223333:parameter/slack"},
		"alerts.notify.logLines":                      {with(func(c *Config) { c.LogLines = 1 }), ""},
		"alerts.notify.chart":                         {with(func(c *Config) { c.Chart = setting.Duration(time.Hour) }), "<secret>"},
		"alerts.notify.amazonQ":                       {with(func(c *Config) { c.AmazonQ.Topic = "<chat topic>" }), ""},
		"alerts.notify.escalate":                      {with(func(c *Config) { c.Escalate.Topic = "<topic>" }), ""},
	} {
		for _, statement := range Statements(one.cfg, Target{Secret: one.secret}) {
			if statement.Sid == "ReadSecret" && !strings.HasPrefix(key, "notify.slack.secret") {
				continue // a chart needs Slack, and that a secret
			}
			for _, action := range statement.Actions {
				service, _, _ := strings.Cut(action, ":")
				resource := strings.Replace(statement.Resources[0], "arn:${Partition}:"+service+":${Region}:${Account}", "${Here}", 1)
				grant := action + " on " + strings.Replace(resource, "arn:aws:ssm:eu-west-1:111122223333:parameter/slack", "<parameter>", 1)
				if _, known := granted[grant]; !known || key == "" {
					granted[grant] = key
				}
			}
		}
	}
	want.Equal(t, "what docs/alerts-notify-iam.md says is granted", iamtest.Page(t, "../../docs/alerts-notify-iam.md"), granted)
}

// The ARN of a secret may or may not have the six characters that Secrets Manager adds.
func TestStatements_grantTheSecretByNameOrARN(t *testing.T) {
	const here = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
	for secret, resource := range map[string]string{
		"caretaker/slack":               "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:caretaker/slack-??????",
		here + "caretaker/slack-AbC123": here + "caretaker/slack-AbC123",
		here + "caretaker/slack":        here + "caretaker/slack-??????",
	} {
		want.Equal(t, secret, readSecret(secret).Resources, []string{resource})
	}
}
