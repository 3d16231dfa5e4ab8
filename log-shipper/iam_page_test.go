package logshipper_test

import (
	"slices"
	"strings"
	"testing"

	"caretaker/internal/iam"
	"caretaker/internal/iam/iamtest"
	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

// docs/log-shipper-iam.md is written by hand, for the reasons in it. It must not say anything else
// than what is granted to the two functions.
func TestIAMPage_saysWhatIsGranted(t *testing.T) {
	said := iamtest.Page(t, "../docs/log-shipper-iam.md")
	granted := map[string]string{}
	for _, d := range destinations {
		note(granted, d.key, logshipper.Statements(logshipper.Config{Destination: d.Destination}))
	}
	note(granted, "", logshipper.Statements(logshipper.Config{Destination: logshipper.Destination{Auth: logshipper.Auth{Type: "none"}}}))
	all := subscriber.Default()
	all.Subscribe.RetentionDays = 30
	note(granted, "subscribe.retentionDays", subscriber.Statements(all))
	all = subscriber.Default()
	all.Subscribe.Through = groups.Stream
	note(granted, "subscribe.through", subscriber.Statements(all))
	note(granted, "", subscriber.Statements(subscriber.Default()))
	want.Equal(t, "what docs/log-shipper-iam.md says is granted", said, granted)
}

// destinations are one of each kind, with the key that asks for it.
var destinations = []struct {
	key string
	logshipper.Destination
}{
	{"auth.service: es", bulk("https://search-name-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com", logshipper.Auth{Type: "sigv4", Service: "es"})},
	{"auth.service: aoss", bulk("https://<id>.eu-west-1.aoss.amazonaws.com", logshipper.Auth{Type: "sigv4", Service: "aoss"})},
	{"auth.secret", bulk("https://logs.example.com", logshipper.Auth{Type: "basic", Secret: "<secret>"})},
	{"type: kinesis", logshipper.Destination{Type: "kinesis", Stream: "<stream>"}},
	{"type: firehose", logshipper.Destination{Type: "firehose", Stream: "<stream>"}},
}

func bulk(endpoint string, auth logshipper.Auth) logshipper.Destination {
	return logshipper.Destination{Type: "opensearch", DataStream: "<dataStream>", Endpoint: endpoint, Auth: auth}
}

// Each name stands once in a policy, and nothing is granted that no destination needs.
func TestStatements_areThoseOfAllDestinations(t *testing.T) {
	cfg := logshipper.Config{Destinations: map[string]logshipper.Destination{
		"a": streamTo("one"), "b": streamTo("two"), "c": {Type: "firehose", Stream: "three"},
		"d": bulk("https://logs.example.com", logshipper.Auth{Type: "basic", Secret: "writer"}), "e": bulk("https://l.example.com", logshipper.Auth{Type: "bearer", Secret: "writer"}),
	}}
	granted := map[string][]string{}
	for _, statement := range logshipper.Statements(cfg) {
		if granted[statement.Sid] != nil {
			t.Errorf("two statements are called %s", statement.Sid)
		}
		granted[statement.Sid] = append(slices.Clone(statement.Actions), statement.Resources...)
	}
	for _, own := range []string{"KeepUnsent", "TellMissing", "ComeBack"} {
		delete(granted, own)
	}
	want.Equal(t, "what is granted for the destinations", granted, map[string][]string{
		"SendToStream":   {"kinesis:PutRecords", "arn:${Partition}:kinesis:${Region}:${Account}:stream/one", "arn:${Partition}:kinesis:${Region}:${Account}:stream/two"},
		"SendToFirehose": {"firehose:PutRecordBatch", "arn:${Partition}:firehose:${Region}:${Account}:deliverystream/three"},
		"ReadSecret":     {"secretsmanager:GetSecretValue", "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:writer-??????"},
	})
}

func TestStatements_nameTheDomainWhereItsAddressTells(t *testing.T) {
	for endpoint, domain := range map[string]string{
		"https://search-logs-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com":      "eu-west-1:*:domain/logs",
		"https://vpc-my-own-logs-abcdefghijklmnopqrstuvwxyz.eu-west-3.es.amazonaws.com/": "eu-west-3:*:domain/my-own-logs",
		"https://logs.example.com": "${Region}:*:domain/*",
	} {
		statements := logshipper.Statements(logshipper.Config{Destination: bulk(endpoint, logshipper.Auth{Type: "sigv4", Service: "es"})})
		want.Equal(t, endpoint, statements[len(statements)-1].Resources, []string{"arn:${Partition}:es:" + domain + "/<dataStream>/_bulk"})
	}
}

// note notes statements as the page writes them, with the key that brings them.
func note(granted map[string]string, key string, statements []iam.Statement) {
	for _, statement := range statements {
		for _, action := range statement.Actions {
			for _, resource := range statement.Resources {
				service, _, _ := strings.Cut(action, ":")
				grant := action + " on " + strings.Replace(resource, "arn:${Partition}:"+service+":${Region}:${Account}", "${Here}", 1)
				switch {
				case statement.Effect == "Deny" && strings.HasSuffix(resource, ":*"): // said once on the page
					continue
				case strings.HasPrefix(action, "es:"), strings.HasPrefix(action, "aoss:"): // the test's domain is called name
					grant = strings.NewReplacer("domain/name/", "domain/<name>/", ":eu-west-1:", ":<region>:").Replace(grant)
				case statement.Effect == "Deny":
					grant += ", never"
				case statement.Conditions["StringEquals"]["iam:PassedToService"] != nil:
					grant += ", to CloudWatch Logs"
				}
				granted[grant] = key
			}
		}
	}
}
