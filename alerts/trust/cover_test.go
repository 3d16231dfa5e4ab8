package trust

import (
	"testing"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
	"caretaker/internal/want"
)

const (
	region  = "eu-west-1"
	account = "111122223333"
)

func topicARN(name string) string { return "arn:aws:sns:" + region + ":" + account + ":" + name }

// function is one, with its tags in pairs.
func function(name string, tags ...string) alerts.Resource {
	r := alerts.Resource{Kind: alerts.Function, Name: name, ARN: "arn:aws:lambda:" + region + ":" + account + ":function:" + name, Timeout: 10 * time.Second, Tags: map[string]string{}}
	for at := 0; at < len(tags); at += 2 {
		r.Tags[tags[at]] = tags[at+1]
	}
	return r
}

func facts(resources ...alerts.Resource) alerts.Facts {
	return alerts.Facts{Stage: "prod", Topics: alerts.Topics{Critical: topicARN("oncall"), Warning: topicARN("team")}, Resources: resources, Unread: map[alerts.Kind]string{}}
}

// of is a metric by dimensions in pairs.
func of(namespace, name, statistic string, by ...string) metric.Metric {
	read := metric.Metric{Namespace: namespace, Name: name, Statistic: statistic}
	for at := 0; at < len(by); at += 2 {
		read.Dimensions = append(read.Dimensions, metric.Dimension{Name: by[at], Value: by[at+1]})
	}
	return read
}

// other is an alarm of somebody's on these metrics, each judged by itself.
func other(name string, metrics ...metric.Metric) Alarm {
	return Alarm{Name: name, Actions: []string{topicARN("oncall")}, Metrics: metrics, Period: time.Minute}
}

// cover is who watches the one resource.
func cover(t *testing.T, facts alerts.Facts, cfg alerts.Config, all ...Alarm) Covered {
	t.Helper()
	for _, alarm := range facts.Alarms {
		all = append(all, Alarm{Name: alarm.Name})
	}
	found := Cover(facts, alerts.Make(facts, cfg), all, "prod")
	want.Equal(t, "the resources", len(found), 1)
	return found[0]
}

func TestCover_saysWhyNobodyWatches(t *testing.T) {
	cfg := func(change func(*alerts.Config)) alerts.Config {
		made := alerts.Default()
		change(&made)
		return made
	}
	plain := cfg(func(*alerts.Config) {})
	for name, one := range map[string]struct {
		facts    alerts.Facts
		cfg      alerts.Config
		standing Standing
		why      string
	}{
		"not made yet": {facts(function("checkout")), plain, Uncovered, "the reconciler has not made its alarms yet"},
		"tagged off":   {facts(function("checkout", "caretaker:alarms", "off")), plain, LeftOut, "tagged caretaker:alarms=off"},
		"excluded":     {facts(function("checkout")), cfg(func(c *alerts.Config) { c.Exclude.Names = []string{"check*"} }), LeftOut, "excluded by name: check*"},
		"not included": {facts(function("checkout")), cfg(func(c *alerts.Config) { c.Include.Names = []string{"refund"} }), LeftOut, "not included: by name"},
		"own":          {facts(function("checkout", "caretaker:stage", "prod")), plain, LeftOut, "own: its stack has its alarms: stage prod"},
		"all checks off": {facts(alerts.Resource{Kind: alerts.Topic, Name: "news"}), cfg(func(c *alerts.Config) {
			c.Thresholds = map[string]string{"topic.failed": "off", "topic.lost": "off"}
		}), LeftOut, "the check is off"},
	} {
		t.Run(name, func(t *testing.T) {
			got := cover(t, one.facts, one.cfg)
			want.Equal(t, "how it stands", got.Standing, one.standing)
			want.Equal(t, "why", got.Why, one.why)
		})
	}
}

func TestCover_namesTheAlarmsThatStandAndTheChecksWithoutOne(t *testing.T) {
	stands := facts(alerts.Resource{Kind: alerts.Topic, Name: "news"})
	stands.Alarms = []alerts.Existing{{Alarm: alerts.Alarm{Name: "caretaker/prod/topic/news/failed"}}}
	cfg := alerts.Default()
	cfg.Thresholds = map[string]string{"topic.lost": "off"}
	got := cover(t, stands, cfg)
	want.Equal(t, "how it stands", got, Covered{
		Resource: "topic/news", Kind: alerts.Topic, Standing: Watched, Alarms: []string{"failed"}, Without: []string{"lost: the check is off"},
	})
}

func TestCover_countsTheAlarmsOfOthersThatReadTheResource(t *testing.T) {
	table := alerts.Resource{Kind: alerts.Table, Name: "orders"}
	index := alerts.Resource{Kind: alerts.Index, Name: "orders/by-date"}
	rule := alerts.Resource{Kind: alerts.Rule, Name: "shop/placed"}
	ruleOfDefault := alerts.Resource{Kind: alerts.Rule, Name: "default/placed"}
	machine := alerts.Resource{Kind: alerts.Machine, Name: "refund", ARN: "arn:aws:states:eu-west-1:111122223333:stateMachine:refund"}
	rest := alerts.Resource{Kind: alerts.RestAPI, Name: "orders/prod"}
	http := alerts.Resource{Kind: alerts.HTTPAPI, Name: "carts/a1b2/$default"}
	silent := other("mine", of("AWS/Lambda", "Errors", "Sum", "FunctionName", "checkout"))
	silent.Actions = nil
	query := func(text string) Alarm { return Alarm{Name: "mine", Actions: []string{"a"}, Query: text} }
	for name, one := range map[string]struct {
		resource alerts.Resource
		alarm    Alarm
		by       []string
	}{
		"by its name":        {function("checkout"), other("mine", of("AWS/Lambda", "Errors", "Sum", "FunctionName", "checkout")), []string{"mine"}},
		"by an alias of it":  {function("checkout"), other("mine", of("AWS/Lambda", "Errors", "Sum", "FunctionName", "checkout", "Resource", "checkout:live")), []string{"mine"}},
		"in an expression":   {function("checkout"), other("mine", of("AWS/Lambda", "Errors", "Sum"), of("AWS/Lambda", "Invocations", "Sum", "FunctionName", "checkout")), []string{"mine"}},
		"and tells nobody":   {function("checkout"), silent, []string{"mine (tells nobody)"}},
		"another function":   {function("checkout"), other("mine", of("AWS/Lambda", "Errors", "Sum", "FunctionName", "check")), nil},
		"another service":    {function("checkout"), other("mine", of("AWS/SQS", "Errors", "Sum", "FunctionName", "checkout")), nil},
		"a table":            {table, other("mine", of("AWS/DynamoDB", "ReadThrottleEvents", "Sum", "TableName", "orders")), []string{"mine"}},
		"an index of it":     {table, other("mine", of("AWS/DynamoDB", "ReadThrottleEvents", "Sum", "GlobalSecondaryIndexName", "by-date", "TableName", "orders")), nil},
		"the index":          {index, other("mine", of("AWS/DynamoDB", "ReadThrottleEvents", "Sum", "GlobalSecondaryIndexName", "by-date", "TableName", "orders")), []string{"mine"}},
		"its table":          {index, other("mine", of("AWS/DynamoDB", "ReadThrottleEvents", "Sum", "TableName", "orders")), nil},
		"a rule":             {rule, other("mine", of("AWS/Events", "FailedInvocations", "Sum", "EventBusName", "shop", "RuleName", "placed")), []string{"mine"}},
		"a rule elsewhere":   {ruleOfDefault, other("mine", of("AWS/Events", "FailedInvocations", "Sum", "EventBusName", "shop", "RuleName", "placed")), nil},
		"a machine":          {machine, other("mine", of("AWS/States", "ExecutionsFailed", "Sum", "StateMachineArn", machine.ARN)), []string{"mine"}},
		"a REST API's stage": {rest, other("mine", of("AWS/ApiGateway", "5XXError", "Sum", "ApiName", "orders", "Stage", "prod")), []string{"mine"}},
		"all stages of it":   {rest, other("mine", of("AWS/ApiGateway", "5XXError", "Sum", "ApiName", "orders")), []string{"mine"}},
		"a method of it":     {rest, other("mine", of("AWS/ApiGateway", "5XXError", "Sum", "ApiName", "orders", "Method", "GET", "Resource", "/", "Stage", "prod")), []string{"mine"}},
		"another stage":      {rest, other("mine", of("AWS/ApiGateway", "5XXError", "Sum", "ApiName", "orders", "Stage", "test")), nil},
		"another API":        {rest, other("mine", of("AWS/ApiGateway", "5XXError", "Sum", "ApiName", "carts", "Stage", "prod")), nil},
		"an HTTP API":        {http, other("mine", of("AWS/ApiGateway", "5xx", "Sum", "ApiId", "a1b2")), []string{"mine"}},
		"a delivery stream":  {alerts.Resource{Kind: alerts.Delivery, Name: "audit"}, other("mine", of("AWS/Firehose", "DeliveryToS3.Success", "Average", "DeliveryStreamName", "audit")), []string{"mine"}},
		"a schedule group":   {alerts.Resource{Kind: alerts.Schedules, Name: "nightly"}, other("mine", of("AWS/Scheduler", "TargetErrorCount", "Sum", "ScheduleGroup", "nightly")), []string{"mine"}},
		"the account":        {alerts.Resource{Kind: alerts.Account, Name: "account", Concurrency: 1000}, other("mine", of("AWS/Lambda", "ConcurrentExecutions", "Maximum")), []string{"mine"}},
		"a query of all":     {function("checkout"), query(`SELECT MAX(Errors) FROM SCHEMA("AWS/Lambda", FunctionName) GROUP BY FunctionName ORDER BY MAX() DESC`), []string{"mine"}},
		"a query unquoted":   {table, query(`SELECT SUM(ReadThrottleEvents) FROM "AWS/DynamoDB" GROUP BY TableName`), []string{"mine"}},
		"a query of some":    {function("checkout"), query(`SELECT MAX(Errors) FROM SCHEMA("AWS/Lambda", FunctionName) WHERE FunctionName = 'x' GROUP BY FunctionName`), nil},
		"a query of the sum": {function("checkout"), query(`SELECT SUM(Errors) FROM SCHEMA("AWS/Lambda", FunctionName)`), nil},
		"one of the stage":   {function("checkout"), other("caretaker/prod/function/checkout/old", of("AWS/Lambda", "Errors", "Sum", "FunctionName", "checkout")), nil},
		"another stage's":    {function("checkout"), other("caretaker/dev/x", of("AWS/Lambda", "Errors", "Sum", "FunctionName", "checkout")), []string{"caretaker/dev/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := cover(t, facts(one.resource), alerts.Default(), one.alarm)
			want.Equal(t, "who watches", got.Others, one.by)
			standing := Uncovered
			if len(one.by) > 0 {
				standing = ByOthers
			}
			want.Equal(t, "how it stands", got.Standing, standing)
		})
	}
}

func TestChildren_areThoseOfTheRule(t *testing.T) {
	for rule, names := range map[string][]string{
		`ALARM("a b") OR OK(c)`: {"a b", "c"},
		`ALARM("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a/b") AND NOT INSUFFICIENT_DATA("a/b")`: {"a/b"},
		`AT_LEAST(2, ALARM, ("x", y, "z z"))`: {"x", "y", "z z"},
		`ALARM("say \"it\"")`:                 {`say "it"`},
		`TRUE`:                                nil,
	} {
		want.Equal(t, rule, Alarm{Composite: true, Rule: rule}.children(), names)
	}
}
