package alerts

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
)

func TestStatements_grantWhatTheClientsCallAndNothingElse(t *testing.T) {
	called := map[string]bool{}
	clients := reflect.TypeFor[Clients]()
	const gateway = "apigateway" // its actions are HTTP's, whatever the operation is called
	prefixes := map[string]string{"CloudWatch": "cloudwatch", "CloudFormation": "cloudformation", "Lambda": "lambda", "DynamoDB": "dynamodb", "Kinesis": "kinesis", "SQS": "sqs", "SNS": "sns", "States": "states", "Events": "events", "Tagging": "tag", "RestAPIs": gateway, "HTTPAPIs": gateway, "Firehose": "firehose", "Scheduler": "scheduler", "Quotas": "servicequotas", "Logs": "logs"}
	for at := range clients.NumField() {
		field := clients.Field(at)
		for method := range field.Type.NumMethod() {
			action := prefixes[field.Name] + ":" + field.Type.Method(method).Name
			if prefixes[field.Name] == gateway {
				action = gateway + ":GET"
			}
			called[action] = true
		}
	}
	granted := map[string]bool{}
	cfg := patterned()
	cfg.Composites.Enabled = true
	for _, statement := range Statements(cfg, "prod") {
		for _, action := range statement.Actions {
			granted[action] = true
		}
	}
	want.Equal(t, "the actions that are granted", slices.Sorted(maps.Keys(granted)), slices.Sorted(maps.Keys(called)))
}

// It writes alarms of its stage alone, and none that tells, starts or stops anything else.
func TestStatements_areNarrow(t *testing.T) {
	cfg := Default()
	cfg.Topics = Topics{Critical: "oncall", Warning: "arn:aws:sns:eu-west-1:111122223333:team"}
	cfg.Composites = Composites{Enabled: true}
	for _, statement := range Statements(cfg, "prod") {
		star := slices.Contains(statement.Resources, "*")
		want.Equal(t, statement.Sid+", on *, says why", statement.WhyStar != "", star)
		for _, action := range statement.Actions {
			if !regexp.MustCompile(`:(Put|Delete|Tag)[A-Z]`).MatchString(action) {
				continue
			}
			if action == "cloudwatch:PutCompositeAlarm" { // AWS takes no narrower resource: what it may tell is narrowed
				want.Equal(t, "the actions of composite alarms", statement.Conditions["ForAllValues:StringEquals"]["cloudwatch:AlarmActions"], topicsOf(cfg))
				continue
			}
			holds := "arn:${Partition}:cloudwatch:${Region}:${Account}:alarm:caretaker/prod/*"
			if strings.HasPrefix(action, "logs:") { // see below
				continue
			}
			if strings.Contains(action, "Dashboard") {
				holds = "arn:${Partition}:cloudwatch::${Account}:dashboard/caretaker_prod_${Region}_*"
			}
			want.Equal(t, "where "+action+" holds", statement.Resources, []string{holds})
			if action == "cloudwatch:PutMetricAlarm" {
				want.Equal(t, "the actions of alarms", statement.Conditions, map[string]map[string][]string{"ForAllValues:StringEquals": {
					"cloudwatch:AlarmActions": {"arn:${Partition}:sns:${Region}:${Account}:oncall", "arn:aws:sns:eu-west-1:111122223333:team"},
				}})
			}
		}
	}
}

// A filter is put on the log groups that the file means, and on no others.
func TestStatements_putFiltersWhereThePatternsSay(t *testing.T) {
	puts := func(patterns ...LogPattern) (resources []string) {
		cfg := Default()
		cfg.LogPatterns = patterns
		for _, statement := range Statements(cfg, "prod") {
			if slices.Contains(statement.Actions, "logs:PutMetricFilter") {
				resources = statement.Resources
			}
		}
		return resources
	}
	const group = "arn:${Partition}:logs:${Region}:${Account}:log-group:"
	want.Equal(t, "without a pattern", puts(), nil)
	want.Equal(t, "with functions and groups", puts(LogPattern{Functions: []string{"shop-*"}, Groups: []string{"/ecs/a"}}),
		[]string{group + "/aws/lambda/shop-*", group + "/aws/lambda/shop-*:*", group + "/ecs/a", group + "/ecs/a:*"})
	want.Equal(t, "with tags alone", puts(LogPattern{Tags: map[string]string{"team": "shop"}}), []string{group + "*"})
}
