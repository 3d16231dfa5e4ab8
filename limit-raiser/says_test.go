package limitraiser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

// ofTable is a metric of a table's.
func ofTable(table, name string) alarm.Metric {
	return alarm.Metric{Namespace: "AWS/DynamoDB", Name: name, Dimensions: map[string]string{"TableName": table}}
}

// comparing makes an alarm compare otherwise.
func comparing(how cloudwatchtypes.ComparisonOperator) func(*cloudwatch.PutMetricAlarmInput) {
	return func(input *cloudwatch.PutMetricAlarmInput) { input.ComparisonOperator = how }
}

// reckoning makes an alarm compare an expression over what is consumed (used) and provided (there).
func reckoning(table, expression string) func(*cloudwatch.PutMetricAlarmInput) {
	return func(input *cloudwatch.PutMetricAlarmInput) {
		input.Namespace, input.MetricName, input.Statistic, input.Period, input.Dimensions = nil, nil, "", nil, nil
		input.Metrics = []cloudwatchtypes.MetricDataQuery{{Id: aws.String("e"), Expression: &expression, ReturnData: aws.Bool(true)}}
		for id, name := range map[string]string{"used": "ConsumedWriteCapacityUnits", "there": "ProvisionedWriteCapacityUnits"} {
			input.Metrics = append(input.Metrics, cloudwatchtypes.MetricDataQuery{Id: aws.String(id), ReturnData: aws.Bool(false), MetricStat: &cloudwatchtypes.MetricStat{
				Period: aws.Int32(60), Stat: aws.String("Sum"), Metric: &cloudwatchtypes.Metric{
					Namespace: aws.String("AWS/DynamoDB"), MetricName: aws.String(name),
					Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("TableName"), Value: &table}},
				},
			}})
		}
	}
}

const (
	lessThan    = cloudwatchtypes.ComparisonOperatorLessThanThreshold
	greaterThan = cloudwatchtypes.ComparisonOperatorGreaterThanThreshold
)

// direct is the event by which an alarm calls the function itself, with the metrics as it describes them.
func (s *scene) direct(name string) json.RawMessage {
	s.Helper()
	described, err := s.alarms.DescribeAlarms(s.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	s.must(err)
	var queries []map[string]any
	stat := func(id string, compared bool, namespace, metric *string, dimensions []cloudwatchtypes.Dimension) map[string]any {
		of := map[string]string{}
		for _, dimension := range dimensions {
			of[aws.ToString(dimension.Name)] = aws.ToString(dimension.Value)
		}
		return map[string]any{"id": id, "returnData": compared, "metricStat": map[string]any{
			"period": 60, "stat": "Sum", "metric": map[string]any{"namespace": namespace, "name": metric, "dimensions": of},
		}}
	}
	is := described.MetricAlarms[0]
	if is.MetricName != nil {
		queries = append(queries, stat("86bfa85f-b14c-ebf7-8916-7da014ce23c0", true, is.Namespace, is.MetricName, is.Dimensions))
	}
	for _, query := range is.Metrics {
		if query.MetricStat == nil {
			queries = append(queries, map[string]any{"id": query.Id, "expression": query.Expression, "returnData": query.ReturnData})
			continue
		}
		one := stat(aws.ToString(query.Id), aws.ToBool(query.ReturnData), query.MetricStat.Metric.Namespace, query.MetricStat.Metric.MetricName, query.MetricStat.Metric.Dimensions)
		if query.AccountId != nil {
			one["accountId"] = query.AccountId
		}
		queries = append(queries, one)
	}
	at := s.now().Format("2006-01-02T15:04:05.000-0700")
	raw, err := json.Marshal(map[string]any{
		"source": "aws.cloudwatch", "alarmArn": "arn:aws:cloudwatch:us-east-1:" + s.emulator.Account() + ":alarm:" + name,
		"accountId": s.emulator.Account(), "time": at, "region": "us-east-1", "alarmData": map[string]any{
			"alarmName": name, "state": map[string]any{"value": "ALARM", "reason": "the test says so", "timestamp": at},
			"configuration": map[string]any{"metrics": queries},
		},
	})
	s.must(err)
	return raw
}

// Whatever the alarm is like, it says the same straight, through EventBridge (which says no more) and as
// the child of a composite alarm.
func TestHandle_raisesOnlyWhatIsShort(t *testing.T) {
	const low = "is low, and too little used is not a shortage"
	for name, c := range map[string]struct {
		metric  string
		change  func(table string) []func(*cloudwatch.PutMetricAlarmInput)
		refused string
	}{
		"much is used": {"ConsumedWriteCapacityUnits", nil, ""},
		"little is used": {"ConsumedWriteCapacityUnits", func(string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){comparing(lessThan)}
		}, "ConsumedWriteCapacityUnits " + low},
		"nothing is refused": {"WriteThrottleEvents", func(string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){comparing(cloudwatchtypes.ComparisonOperatorLessThanOrEqualToThreshold)}
		}, "WriteThrottleEvents " + low},
		"much is provided": {"ProvisionedWriteCapacityUnits", nil, "ProvisionedWriteCapacityUnits says what is provided"},
		"little is provided": {"ProvisionedWriteCapacityUnits", func(string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){comparing(lessThan)}
		}, "ProvisionedWriteCapacityUnits says what is provided"},
		"a maximum is set": {"OnDemandMaxWriteRequestUnits", nil, "OnDemandMaxWriteRequestUnits says what is provided"},
		"a large share is used": {"e", func(table string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){reckoning(table, "100 * (used / 60) / FILL(there, REPEAT)")}
		}, ""},
		"a small share is used": {"e", func(table string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){comparing(lessThan), reckoning(table, "100 * (used / 60) / there")}
		}, "ConsumedWriteCapacityUnits " + low},
		"little room is left": {"e", func(table string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){comparing(lessThan), reckoning(table, "there - used / 60")}
		}, ""},
		"much room is left": {"e", func(table string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){reckoning(table, "there - used / 60")}
		}, "ConsumedWriteCapacityUnits " + low},
		"nobody can tell": {"e", func(table string) []func(*cloudwatch.PutMetricAlarmInput) {
			return []func(*cloudwatch.PutMetricAlarmInput){reckoning(table, "ABS(there - used)")}
		}, "it cannot be told whether ConsumedWriteCapacityUnits is high or low"},
	} {
		for shape, event := range map[string]func(s *scene) json.RawMessage{
			"straight": func(s *scene) json.RawMessage { return s.direct(s.alarm) },
			"a child":  func(s *scene) json.RawMessage { return s.composite(s.alarm) },
		} {
			t.Run(name+", "+shape, func(t *testing.T) {
				s := throttledWrites(t)
				var changes []func(*cloudwatch.PutMetricAlarmInput)
				if c.change != nil {
					changes = c.change(s.table)
				}
				s.alarm = s.world.alarm("ALARM", ofTable(s.table, c.metric), changes...)
				report, err := s.handle(event(s))
				s.must(err)
				if c.refused == "" {
					ran(report, err).wants(t, counts{Raised: 1})
					return
				}
				ran(report, err).wantRefusal(t, c.refused)
				ran(report, err).wants(t, counts{"looks sent": 0})
				s.wantWrites(50, 0)
			})
		}
	}
}

// SNS says how the alarm compares, and nothing has to be asked.
func TestHandle_readsTheComparisonFromSNS(t *testing.T) {
	s := throttledWrites(t)
	raw, err := os.ReadFile(filepath.Join(events, "sns.json"))
	s.must(err)
	at := s.now().Format("2006-01-02T15:04:05.000-0700")
	message := strings.NewReplacer("123456789012", s.emulator.Account(), "eu-west-1", "us-east-1", `\"orders\"`, `\"`+s.table+`\"`, "2026-02-26T10:15:02.123+0000", at)
	for comparison, raised := range map[string]int{"LessThanThreshold": 0, "GreaterThanThreshold": 1} {
		event := strings.Replace(message.Replace(string(raw)), "GreaterThanThreshold", comparison, 1)
		report, err := s.handle(json.RawMessage(event))
		ran(report, err).wants(t, counts{Raised: raised, "events refused": 1 - raised}, comparison)
	}
	s.wantCalls("DescribeAlarms", 0)
}

// The looks carry what was learned.
func TestHandle_asksOnceHowAnAlarmCompares(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.handle(s.theEvent())
	ran(report, err).wants(t, counts{Raised: 1})
	s.wantCalls("DescribeAlarms", 1)
	s.pass(5 * time.Minute)
	ran(s.handle(s.look())).wants(t, counts{"events refused": 0}, "the look, which reads whether the alarm is still on")
	s.wantCalls("DescribeAlarms", 2)
}

func TestShortBy_takesWhatIsHighOfThisAccount(t *testing.T) {
	metric := func(change func(*alarm.Metric)) alarm.Metric {
		m := ofTable("orders", "ConsumedWriteCapacityUnits")
		m.Compared = true
		change(&m)
		return m
	}
	own, other := func(m *alarm.Metric) { m.Account = "123456789012" }, func(m *alarm.Metric) { m.Account = "210987654321" }
	none := func(*alarm.Metric) {}
	band := []alarm.Metric{metric(func(m *alarm.Metric) { m.ID = "m1" }), {ID: "ad1", Expression: "ANOMALY_DETECTION_BAND(m1, 2)", Compared: true}}
	usage := alarm.Metric{Namespace: "AWS/Usage", Name: "ResourceCount"}
	for name, c := range map[string]struct {
		alarm alarm.Alarm
		short int
		not   string
	}{
		"its own":         {alarm.Alarm{Comparison: "GreaterThanThreshold", Metrics: []alarm.Metric{metric(own)}}, 1, ""},
		"another's":       {alarm.Alarm{Comparison: "GreaterThanThreshold", Metrics: []alarm.Metric{metric(other)}}, 0, "is a metric of the account 210987654321, and only what is in 123456789012 is raised"},
		"not said":        {alarm.Alarm{Metrics: []alarm.Metric{metric(none)}}, 0, "does not say whether"},
		"out of its band": {alarm.Alarm{Comparison: alarm.BothWays, Metrics: band}, 0, "above or below"},
		"above its band":  {alarm.Alarm{Comparison: alarm.BothWays, Metrics: band, Recent: alarm.Recent{Values: []float64{9}, Lower: []float64{1}, Upper: []float64{3}}}, 1, ""},
		"below its band":  {alarm.Alarm{Comparison: alarm.BothWays, Metrics: band, Recent: alarm.Recent{Values: []float64{0}, Lower: []float64{1}, Upper: []float64{3}}}, 0, "too little"},
		"a quota's":       {alarm.Alarm{Comparison: "GreaterThanThreshold", Metrics: []alarm.Metric{usage}}, 1, ""},
		"an unused quota": {alarm.Alarm{Comparison: "LessThanThreshold", Metrics: []alarm.Metric{usage}}, 0, "too little"},
		"a cool machine":  {alarm.Alarm{Comparison: "LessThanThreshold", Metrics: []alarm.Metric{{Namespace: "AWS/EC2", Name: "CPUUtilization"}}}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			short, not := shortBy(c.alarm, "123456789012", true)
			want.Equal(t, "resources that are short", len(short), c.short)
			want.Equal(t, "it says why not", len(not) > 0, c.not != "")
			want.Says(t, "why not", strings.Join(not, "; "), c.not)
		})
	}
}

// A monitoring account has alarms on metrics of others, whose tables may be called the same.
func TestHandle_raisesNothingForAMetricOfAnotherAccount(t *testing.T) {
	s := throttledWrites(t)
	foreign := func(input *cloudwatch.PutMetricAlarmInput) {
		reckoning(s.table, "used / there")(input)
		for i := range input.Metrics {
			if input.Metrics[i].MetricStat != nil {
				input.Metrics[i].AccountId = aws.String("210987654321")
			}
		}
	}
	name := s.alarmCalled(s.name+"-theirs", "ALARM", s.metric, foreign)
	contributor, err := os.ReadFile(filepath.Join(events, "eventbridge-accounts.json"))
	s.must(err)
	of := func(account string) json.RawMessage {
		change := strings.NewReplacer("123456789012", s.emulator.Account(), "eu-west-1", "us-east-1", `"orders"`, `"`+s.table+`"`,
			"2026-02-26T10:15:02.123+0000", s.now().Format("2006-01-02T15:04:05.000-0700"), "210987654321", account, "tables-writes", s.name+"-tables")
		return json.RawMessage(change.Replace(string(contributor)))
	}
	s.alarmCalled(s.name+"-tables", "ALARM", s.metric)
	for shape, event := range map[string]json.RawMessage{
		"direct": s.direct(name), "child": s.composite(name), "contributor": of("210987654321"),
	} {
		report, err := s.handle(event)
		ran(report, err).wantRefusal(t, "of the account 210987654321", shape)
	}
	s.wantWrites(50, 0)
	ran(s.handle(of(s.emulator.Account()))).wants(t, counts{Raised: 1}, "a contributor of this account")
}

func TestHandle_doesNotActOnAMutedAlarm(t *testing.T) {
	s := throttledWrites(t)
	raw, err := os.ReadFile(filepath.Join(events, "eventbridge.json"))
	s.must(err)
	event := func(until string) json.RawMessage {
		var document map[string]any
		s.must(json.Unmarshal([]byte(strings.NewReplacer("123456789012", s.emulator.Account(), "eu-west-1", "us-east-1", `"orders"`, `"`+s.table+`"`,
			"orders-writes", s.alarm, "2026-02-26T10:15:02.123+0000", s.now().Format("2006-01-02T15:04:05.000-0700")).Replace(string(raw))), &document))
		mute := map[string]any{"mutedByArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm-mute-rule:night", "muteWindowStart": "2020-01-01T10:00:00.000+0000"}
		if until != "" {
			mute["muteWindowEnd"] = until
		}
		document["detail"].(map[string]any)["muteDetail"] = mute
		changed, err := json.Marshal(document)
		s.must(err)
		return changed
	}
	later := s.now().Add(time.Hour).Format("2006-01-02T15:04:05.000-0700")
	for _, until := range []string{later, ""} {
		report, err := s.handle(event(until))
		ran(report, err).wantRefusal(t, "it is muted by arn:aws:cloudwatch:us-east-1:000000000000:alarm-mute-rule:night", "until ", until)
		ran(report, err).wants(t, counts{"looks sent": 0}, "until ", until)
	}
	s.wantWrites(50, 0)
	ran(s.handle(event(s.now().Add(-time.Minute).Format("2006-01-02T15:04:05.000-0700")))).wants(t, counts{Raised: 1}, "after its window")
}

// A suppressed alarm says nothing when its suppressor ends before it does: it is looked at again.
func TestHandle_looksAgainAtASuppressedAlarm(t *testing.T) {
	s := throttledWrites(t)
	name := s.name + "-composite"
	var message map[string]any
	s.must(json.Unmarshal(s.composite(s.alarm), &message))
	message["ActionsSuppressedBy"] = "WaitPeriod"
	event, err := json.Marshal(message)
	s.must(err)
	next := json.RawMessage(event)
	for _, by := range []string{"WaitPeriod", "Alarm", "ExtensionPeriod"} {
		s.emulator.SetSuppressed(name, by)
		report, err := s.handle(next)
		ran(report, err).wantRefusal(t, "suppressed ("+by+")")
		ran(report, err).wants(t, counts{"looks sent": 1}, by)
		s.pass(5 * time.Minute)
		next = s.look()
	}
	s.wantWrites(50, 0)
	s.emulator.SetSuppressed(name, "")
	ran(s.handle(next)).wants(t, counts{Raised: 1, "looks sent": 1}, "when nothing suppresses it")
	s.wantWrites(75, 1)
}

// A queue may hold looks of a version that did not know what an alarm compares.
func TestLook_ofAnEarlierVersionIsJudgedByWhatTheAlarmIs(t *testing.T) {
	for comparison, raised := range map[cloudwatchtypes.ComparisonOperator]int{lessThan: 0, greaterThan: 1} {
		t.Run(string(comparison), func(t *testing.T) {
			s := throttledWrites(t)
			s.alarm = s.alarmCalled(s.name+"-share", "ALARM", s.metric, comparing(comparison), reckoning(s.table, "used / there"))
			old := Look{Resource: "table/" + s.table, Step: 1, Alarm: alarm.Alarm{
				Account: s.emulator.Account(), Region: "us-east-1", Name: s.alarm, State: "ALARM", ChangedAt: s.now(),
				Metrics: []alarm.Metric{{ID: "e", Expression: "used / there"}, {ID: "used", Namespace: "AWS/DynamoDB", Name: "ConsumedWriteCapacityUnits", Dimensions: map[string]string{"TableName": s.table}}},
			}}
			raw, err := old.Encode()
			s.must(err)
			for _, field := range []string{"Comparison", "Compared", "Recent", "Mute", "SuppressedBy", "OldState", "Attributes"} {
				if strings.Contains(string(raw), field) {
					t.Fatalf("no earlier version wrote %s: %s", field, raw)
				}
			}
			report, err := s.handle(inQueue(raw))
			ran(report, err).wants(t, counts{Raised: raised, "events refused": 1 - raised})
		})
	}
}

// What waits to be told is one record with all else that is known of a resource.
func TestNotices_holdNothingOfTheAlarmThatNoMessageNeeds(t *testing.T) {
	e := anEpisode(0, "ALARM(a)")
	e.Alarm.Description, e.Alarm.Attributes, e.Alarm.Recent = "long", map[string]string{"TableName": "orders"}, alarm.Recent{Values: []float64{1}}
	list := notices(e, Facts{}, Plan{Decisions: []Decision{{Outcome: Raised}}}, nil)
	kept := list[0].Episode.Alarm
	want.Equal(t, "the rule that is kept", kept.Rule, "")
	want.Equal(t, "the description that is kept", kept.Description, "")
	want.Equal(t, "the attributes that are kept", kept.Attributes, nil)
	want.Equal(t, "the values that are kept", kept.Recent.Values, nil)
	want.Equal(t, "the alarm's name", kept.Name, e.Alarm.Name)
}

// banded makes an alarm compare with an anomaly band, above and below.
func banded(table string) func(*cloudwatch.PutMetricAlarmInput) {
	return func(input *cloudwatch.PutMetricAlarmInput) {
		reckoning(table, "ANOMALY_DETECTION_BAND(used, 2)")(input)
		input.ThresholdMetricId, input.Threshold, input.ComparisonOperator = aws.String("e"), nil, alarm.BothWays
		for i := range input.Metrics {
			input.Metrics[i].ReturnData = aws.Bool(aws.ToString(input.Metrics[i].Id) != "there")
		}
	}
}

// Only what may come to be short is waited for.
func TestEpisode_ofACompositeAlarmWaitsForChildrenThatMayBeShort(t *testing.T) {
	for name, c := range map[string]struct {
		change func(table string) func(*cloudwatch.PutMetricAlarmInput)
		looks  int
	}{
		"much used":     {func(string) func(*cloudwatch.PutMetricAlarmInput) { return comparing(greaterThan) }, 1},
		"little used":   {func(string) func(*cloudwatch.PutMetricAlarmInput) { return comparing(lessThan) }, 0},
		"out of a band": {banded, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := throttledWrites(t)
			machine := s.world.alarm("ALARM", alarm.Metric{Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: map[string]string{"InstanceId": "i-1"}})
			child := s.world.alarm("OK", ofTable(s.table, "ConsumedWriteCapacityUnits"), c.change(s.table))
			ran(s.handle(s.composite(machine, child))).wants(t, counts{"looks sent": c.looks, Raised: 0})
		})
	}
}

// A message of SNS says that a band was left, and not which way.
func TestHandle_asksWhichWayABandWasLeft(t *testing.T) {
	s := throttledWrites(t)
	s.alarm = s.world.alarm("OK", ofTable(s.table, "ConsumedWriteCapacityUnits"), banded(s.table))
	raw, err := os.ReadFile(filepath.Join(events, "sns-anomaly.json"))
	s.must(err)
	for i, c := range []struct {
		value  string
		raised int
	}{{"1.0", 0}, {"9000.0", 1}} {
		_, err = s.alarms.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: &s.alarm, StateValue: cloudwatchtypes.StateValueAlarm, StateReason: aws.String("the test says so"),
			StateReasonData: aws.String(`{"version":"1.0","recentDatapoints":[` + c.value + `],"recentLowerThresholds":[210.5],"recentUpperThresholds":[2404.25]}`),
		})
		s.must(err)
		at := s.now().Add(time.Duration(i) * time.Second).Format("2006-01-02T15:04:05.000-0700")
		event := strings.NewReplacer("123456789012", s.emulator.Account(), "eu-west-1", "us-east-1", `\"orders\"`, `\"`+s.table+`\"`,
			"orders-writes", s.alarm, "2026-02-26T10:15:02.123+0000", at).Replace(string(raw))
		ran(s.handle(json.RawMessage(event))).wants(t, counts{Raised: c.raised, "events refused": 1 - c.raised}, "at ", c.value)
	}
}
