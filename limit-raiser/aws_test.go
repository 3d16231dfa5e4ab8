package limitraiser

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
)

// everything is a configuration that lists one of each kind.
func everything() Config {
	cfg := Default()
	cfg.Tables = []Table{{Name: "orders"}}
	cfg.Streams = []Stream{{Name: "clicks"}}
	cfg.Functions = []Function{{Name: "checkout"}}
	cfg.Quotas = []Quota{{Service: "vpc", Code: "L-F678F1CE"}}
	cfg.ByTag, cfg.Ceiling = true, 100
	return cfg
}

func granted(cfg Config) map[string][]string {
	actions := map[string][]string{}
	for _, statement := range Statements(cfg) {
		for _, action := range statement.Actions {
			actions[action] = append(actions[action], statement.Resources...)
		}
	}
	return actions
}

func TestStatements_grantWhatTheClientsCallAndNothingElse(t *testing.T) {
	prefixes := map[string]string{
		"Ledger": "dynamodb", "CloudWatch": "cloudwatch", "DynamoDB": "dynamodb", "AutoScaling": "application-autoscaling", "Kinesis": "kinesis",
		"Lambda": "lambda", "Quotas": "servicequotas", "SQS": "sqs", "SNS": "sns",
	}
	called := map[string]bool{}
	clients := reflect.TypeFor[Clients]()
	for index := range clients.NumField() {
		field := clients.Field(index)
		if field.Type.Kind() != reflect.Interface {
			continue
		}
		for method := range field.Type.NumMethod() {
			called[prefixes[field.Name]+":"+field.Type.Method(method).Name] = true
		}
	}
	want.Equal(t, "the actions that are granted, as those that the clients call", slices.Sorted(maps.Keys(granted(everything()))), slices.Sorted(maps.Keys(called)))
}

func TestStatements_areNarrowAndWellFormed(t *testing.T) {
	sids := map[string]bool{}
	for _, statement := range Statements(everything()) {
		if sids[statement.Sid] {
			t.Errorf("two statements have the Sid %q", statement.Sid)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(statement.Sid) {
			t.Errorf("the Sid %q is not of letters and digits alone", statement.Sid)
		}
		sids[statement.Sid] = true
		star := slices.Contains(statement.Resources, "*")
		want.Equal(t, statement.Sid+", on *, says why", statement.WhyStar != "", star)
		if len(statement.Resources) == 0 || star && len(statement.Resources) != 1 {
			t.Errorf("%s is on %q, want one resource or more, or * alone", statement.Sid, statement.Resources)
		}
	}
}

func TestStatements_nameWhatTheFileLists(t *testing.T) {
	const home = "${Partition}:%:${Region}:${Account}:"
	arn := func(service, resource string) string {
		return "arn:" + strings.Replace(home, "%", service, 1) + resource
	}
	cfg := everything()
	cfg.ByTag = false
	for action, resource := range map[string]string{
		"dynamodb:UpdateTable":                      arn("dynamodb", "table/orders"),
		"kinesis:UpdateShardCount":                  arn("kinesis", "stream/clicks"),
		"lambda:PutFunctionConcurrency":             arn("lambda", "function:checkout"),
		"servicequotas:RequestServiceQuotaIncrease": arn("servicequotas", "vpc/L-F678F1CE"),
		"sqs:SendMessage":                           "${Queue}",
		"dynamodb:PutItem":                          "${Ledger}",
		"sns:Publish":                               "${Topic}",
	} {
		want.Equal(t, "the resources of "+action, granted(cfg)[action], []string{resource})
	}
}

func TestStatements_leaveOutWhatTheFileDoesNotList(t *testing.T) {
	want.Equal(t, "the actions that are granted", slices.Sorted(maps.Keys(granted(Default()))), []string{
		"cloudwatch:DescribeAlarmContributors", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData",
		"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "sns:Publish", "sqs:SendMessage",
	})
}

func TestStatements_grantTaggedTablesByTheirTagAlone(t *testing.T) {
	cfg := Default()
	cfg.ByTag, cfg.Ceiling = true, 100
	for _, statement := range Statements(cfg) {
		if slices.Contains(statement.Actions, "dynamodb:UpdateTable") {
			want.Equal(t, "the conditions of "+statement.Sid, statement.Conditions, map[string]map[string][]string{"StringLike": {"aws:ResourceTag/caretaker:raise": {"*"}}})
		}
	}
}

// The ARN of a scalable target is an id: it does not tell a table from a fleet of instances.
func TestStatements_registerScalableTargetsOfDynamoDBAlone(t *testing.T) {
	conditions := map[string]map[string][]string{"StringEquals": {
		"application-autoscaling:service-namespace": {"dynamodb"},
		"application-autoscaling:scalable-dimension": {
			"dynamodb:index:ReadCapacityUnits", "dynamodb:index:WriteCapacityUnits", "dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits",
		},
	}}
	for _, statement := range Statements(everything()) {
		if slices.Contains(statement.Actions, "application-autoscaling:RegisterScalableTarget") {
			want.Equal(t, "the conditions of "+statement.Sid, statement.Conditions, conditions)
		}
	}
}
