package alarm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var changed = time.Date(2026, 2, 26, 10, 15, 2, 123e6, time.UTC)

const reason = "Threshold Crossed: 2 out of the last 2 datapoints [14820.0 (26/02/26 10:13:00), 15000.0 (26/02/26 10:12:00)] " +
	"were greater than the threshold (2400.0) (minimum 2 datapoints for OK -> ALARM transition)."

// writes is the alarm of most of the events, as a message of SNS tells of it, changed for a case.
func writes(change func(*Alarm)) Alarm {
	threshold := 2400.0
	alarm := Alarm{
		ARN: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-writes", Account: "123456789012", Region: "eu-west-1",
		Name: "orders-writes", State: "ALARM", OldState: "OK", ChangedAt: changed, Reason: reason,
		Threshold: &threshold, Comparison: "GreaterThanThreshold", EvaluationPeriods: 2, DatapointsToAlarm: 2,
		Metrics: []Metric{{
			Namespace: "AWS/DynamoDB", Name: "ConsumedWriteCapacityUnits", Dimensions: map[string]string{"TableName": "orders"},
			Stat: "Sum", Period: time.Minute, Compared: true,
		}},
	}
	change(&alarm)
	return alarm
}

func same(*Alarm) {}

func renamed(a *Alarm, name string) {
	a.ARN, a.Name = strings.Replace(a.ARN, a.Name, name, 1), name
}

func event(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "events", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestDecode_readsEveryShapeToOneAlarm(t *testing.T) {
	// Other events name the values that were compared, and not how.
	straight := func(a *Alarm) {
		a.Metrics[0].ID = "m1"
		a.Comparison, a.EvaluationPeriods, a.DatapointsToAlarm = "", 0, 0
		a.Recent.Values = []float64{15000, 14820}
	}
	old := func(a *Alarm) { a.ARN = "" }
	composite := func(a *Alarm) {
		renamed(a, "orders-short")
		a.Metrics, a.Threshold, a.Comparison, a.EvaluationPeriods, a.DatapointsToAlarm = nil, nil, "", 0, 0
		a.Reason = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-writes transitioned to ALARM at Thursday 26 February, 2026 10:15:02 UTC"
		a.Rule = `(ALARM("orders-writes") OR ALARM(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-reads)) AND NOT ALARM("maintenance \"window\"")`
	}
	contributor := func(a *Alarm) {
		renamed(a, "tables-writes")
		a.Contributor, a.Metrics[0].ID, a.Attributes = "6d442278dba546f6", "m1", map[string]string{"TableName": "orders"}
		a.Metrics[0].Expression = `SELECT SUM(ConsumedWriteCapacityUnits) FROM SCHEMA("AWS/DynamoDB", TableName) GROUP BY TableName ORDER BY MAX() DESC`
	}
	contributorEvent := func(a *Alarm) {
		contributor(a)
		straight(a)
		a.OldState, a.Threshold, a.Recent = "", nil, Recent{}
	}
	night := Mute{"arn:aws:cloudwatch:eu-west-1:123456789012:alarm-mute-rule:night", time.Date(2026, 2, 27, 4, 0, 0, 0, time.UTC)}
	index := map[string]string{"TableName": "orders", "GlobalSecondaryIndexName": "by-customer"}
	const queued = "059f36b4-87a3-44ab-83d2-661975830a7d"
	for file, c := range map[string]struct {
		messageID string
		alarm     func(*Alarm)
	}{
		"sns.json":             {"", same},
		"sqs-sns.json":         {queued, same},
		"sqs-raw.json":         {queued, same},
		"failure-record.json":  {queued, same},
		"invocation.json":      {"", straight},
		"eventbridge.json":     {"", straight},
		"sqs-eventbridge.json": {queued, straight},
		"sns-old.json":         {"", old},
		"raw-old.json":         {"", func(a *Alarm) { old(a); a.Region = "EU (Ireland)" }},
		"sns-math.json": {"", func(a *Alarm) {
			*a.Threshold, a.DatapointsToAlarm = 80, 0
			a.Metrics = []Metric{
				{ID: "e1", Expression: "100*m1/PERIOD(m1)/m2", Compared: true, Label: "share"},
				{ID: "m1", Namespace: "AWS/DynamoDB", Name: "ConsumedWriteCapacityUnits", Dimensions: index, Stat: "Sum", Period: time.Minute},
				{ID: "m2", Namespace: "AWS/DynamoDB", Name: "ProvisionedWriteCapacityUnits", Dimensions: index, Stat: "Average", Period: time.Minute},
			}
		}},
		"invocation-anomaly.json": {"", func(a *Alarm) {
			straight(a)
			a.Threshold, a.Recent = nil, Recent{[]float64{14820}, []float64{210.5}, []float64{2404.25}}
			a.Metrics = append(a.Metrics, Metric{ID: "ad1", Expression: "ANOMALY_DETECTION_BAND(m1, 2)", Compared: true, Label: "expected"})
		}},
		"sns-composite.json":           {"", composite},
		"invocation-composite.json":    {"", func(a *Alarm) { composite(a); a.SuppressedBy = "WaitPeriod" }},
		"sns-contributor.json":         {"", func(a *Alarm) { contributor(a); a.Comparison, a.EvaluationPeriods, a.DatapointsToAlarm = "", 0, 0 }},
		"eventbridge-contributor.json": {"", func(a *Alarm) { contributorEvent(a); a.Mute = night }},
		"invocation-contributor.json":  {"", contributorEvent},
		"sns-anomaly.json": {"", func(a *Alarm) {
			a.Threshold, a.DatapointsToAlarm, a.Band, a.Comparison = nil, 0, "ad1", BothWays
			a.Metrics[0].ID = "m1"
			a.Metrics = append(a.Metrics, Metric{ID: "ad1", Expression: "ANOMALY_DETECTION_BAND(m1, 2)", Compared: true, Label: "expected"})
			a.Description = "The owner's words"
		}},
		"sns-tags.json": {"", func(a *Alarm) {
			renamed(a, "checkout-errors")
			*a.Threshold, a.EvaluationPeriods, a.DatapointsToAlarm, a.AfterMute = 5, 3, 0, true
			a.Reason = "Threshold Crossed: 1 datapoint [20.0 (26/02/26 10:13:00)] was greater than the threshold (5.0)."
			a.Tags = map[string]string{"caretaker:service": "checkout", "team": "payments"}
			a.Metrics = []Metric{
				{ID: "rate", Expression: "100*errors/calls", Compared: true, Label: "error rate"},
				{ID: "errors", Namespace: "AWS/Lambda", Name: "Errors", Dimensions: map[string]string{"FunctionName": "checkout"}, Stat: "Sum", Period: time.Minute, Unit: "Count"},
				{ID: "calls", Namespace: "AWS/Lambda", Name: "Invocations", Dimensions: map[string]string{"FunctionName": "checkout"}, Stat: "Sum", Period: time.Minute, Unit: "Count"},
			}
		}},
		"eventbridge-account.json": {"", func(a *Alarm) { straight(a); a.Metrics[0].Account = "210987654321" }},
		"eventbridge-accounts.json": {"", func(a *Alarm) {
			contributorEvent(a)
			a.Attributes = map[string]string{"AWS.AccountId": "210987654321", "TableName": "orders"}
			a.Metrics[0].Account = "210987654321"
			a.Metrics[0].Expression = `SELECT SUM(ConsumedWriteCapacityUnits) FROM "AWS/DynamoDB" GROUP BY AWS.AccountId, TableName ORDER BY MAX() DESC`
		}},
	} {
		t.Run(file, func(t *testing.T) {
			alarm := writes(c.alarm)
			got := Decode(event(t, file))
			if len(got) == 1 && got[0].Err != nil {
				t.Fatal(got[0].Err)
			}
			if diff := cmp.Diff([]Delivery{{MessageID: c.messageID, Alarm: &alarm}}, got); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecode_readsAllRecordsAndTheWordsOfStatistics(t *testing.T) {
	got := Decode(event(t, "sns-statistics.json"))
	if len(got) != 2 || got[0].Err != nil || got[1].Err != nil {
		t.Fatalf("Decode: %+v, want two alarms", got)
	}
	if a, b := got[0].Alarm.Metrics[0].Stat, got[1].Alarm.Metrics[0].Stat; a != "p99" || b != "SampleCount" {
		t.Errorf("the statistics are %s and %s, want p99 and SampleCount", a, b)
	}
}

func TestDecode_givesEachMessageOfAQueueItsOwnFate(t *testing.T) {
	var got []string
	for _, d := range Decode(event(t, "sqs-batch.json")) {
		got = append(got, fmt.Sprintf("%s: alarm %v, other %v, %v", d.MessageID, d.Alarm != nil, d.Other != nil, d.Err))
	}
	want := []string{
		"first: alarm true, other false, <nil>",
		"second: alarm false, other false, decoding the event: reading record 2: reading body: it is not a JSON object: invalid character 'o' in literal null (expecting 'u')",
		"third: alarm false, other true, decoding the event: reading record 3: reading body: it is not the state change of an alarm and does not hold one",
		`fourth: alarm false, other true, decoding the event: reading record 4: reading body: it is the event "CloudWatch Alarm Configuration Change" of "aws.cloudwatch", and not the state change of an alarm`,
		"fifth: alarm false, other false, decoding the event: reading record 5: reading body: reading Message: it is not a JSON object: invalid character 'Y' looking for beginning of value",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestKey_isTheSameInEveryEventOfAChange(t *testing.T) {
	keys := func(files ...string) map[string]bool {
		keys := map[string]bool{}
		for _, file := range files {
			keys[Decode(event(t, file))[0].Alarm.Key()] = true
		}
		return keys
	}
	for want, files := range map[string][]string{
		"123456789012/eu-west-1/orders-writes//1772100902123": {
			"sns.json", "sqs-sns.json", "sqs-raw.json", "failure-record.json", "invocation.json", "eventbridge.json", "sqs-eventbridge.json",
			"sns-old.json", "sns-math.json", "invocation-anomaly.json",
		},
		"123456789012/eu-west-1/tables-writes/6d442278dba546f6/1772100902123": {
			"sns-contributor.json", "eventbridge-contributor.json", "invocation-contributor.json",
		},
		"123456789012/EU%20%28Ireland%29/orders-writes//1772100902123": {"raw-old.json"},
	} {
		if diff := cmp.Diff(map[string]bool{want: true}, keys(files...)); diff != "" {
			t.Errorf("the keys of %s (-want +got):\n%s", strings.Join(files, ", "), diff)
		}
	}
}

func TestKey_isOfOneChangeAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string) Alarm {
			text := rapid.SampledFrom([]string{"", "a", "a/b", "b", "/", "a/", "%2F", "b/1", "é"})
			return Alarm{
				Account: "123456789012", Region: text.Draw(t, label+" region"), Name: text.Draw(t, label+" name"),
				Contributor: text.Draw(t, label+" contributor"), ChangedAt: time.UnixMilli(rapid.Int64Range(0, 3).Draw(t, label+" ms")),
			}
		}
		if a, b := some("one"), some("other"); (a.Key() == b.Key()) != cmp.Equal(a, b) {
			t.Errorf("%+v and %+v have the keys %s and %s", a, b, a.Key(), b.Key())
		}
	})
}

func TestDecode_refusesWhatIsNotAnAlarm(t *testing.T) {
	change := func(file string, pairs ...string) string {
		return strings.NewReplacer(pairs...).Replace(string(event(t, file)))
	}
	for name, c := range map[string]struct{ event, want string }{
		"nothing":             {"", "not a JSON object"},
		"null":                {"null", "not the state change"},
		"a list":              {"[]", "it is an array and not a JSON object"},
		"a schedule":          {`{"detail-type":"Scheduled Event","source":"aws.events"}`, `the event "Scheduled Event" of "aws.events"`},
		"a number for a name": {change("raw-old.json", `"orders-writes"`, "7"), "reading AlarmName: a number does not belong there"},
		"a word for a period": {change("raw-old.json", `"Period": 60`, `"Period": "60"`), `reading a period: "60" is not a number`},
		"a word for dimensions": {change("invocation.json", `{
                "TableName": "orders"
              }`, `"orders"`), "reading dimensions"},
		"another source":           {change("eventbridge.json", "aws.cloudwatch", "my.app"), "source"},
		"no records":               {`{"Records":[]}`, "Records"},
		"records of S3":            {`{"Records":[{"eventSource":"aws:s3","s3":{}}]}`, "record 1"},
		"a record that is not one": {`{"Records":[1]}`, "record 1"},
		"no message id":            {`{"Records":[{"body":"{}"}]}`, "messageId"},
		"no name":                  {change("invocation.json", `"alarmName": "orders-writes"`, `"alarmName": ""`, ":alarm:orders-writes", ":alarm:"), "the alarm's name"},
		"another alarm's ARN":      {change("invocation.json", ":alarm:orders-writes", ":alarm:orders"), "the alarm's ARN"},
		"an ARN that is not one":   {change("invocation.json", "arn:aws:cloudwatch", "arn"), "the alarm's ARN"},
		"an ARN of SNS":            {change("invocation.json", ":cloudwatch:", ":sns:"), "the alarm's ARN"},
		"another account":          {change("invocation.json", `"accountId": "123456789012"`, `"accountId": "210987654321"`), "from account 123456789012"},
		"another Region":           {change("eventbridge.json", `"region": "eu-west-1"`, `"region": "us-east-1"`), "from Region eu-west-1"},
		"no account":               {change("raw-old.json", "123456789012", ""), "the account"},
		"no Region":                {change("raw-old.json", "EU (Ireland)", ""), "the Region"},
		"another state":            {change("raw-old.json", `"ALARM"`, `"FIRING"`), "the new state"},
		"no time":                  {change("raw-old.json", "2026-02-26T10:15:02.123+0000", ""), "StateChangeTime: it is missing"},
		"a time that is not one":   {change("invocation.json", "2026-02-26T10:15:02.123+0000", "yesterday"), "state.timestamp"},
		"a time before the dawn":   {change("raw-old.json", "2026-02-26", "0001-01-01"), "the time of the change"},
		"a period of weeks":        {change("raw-old.json", `"Period": 60`, `"Period": 6000000`), "a period"},
		"a name without end":       {change("raw-old.json", `"orders-writes"`, `"`+strings.Repeat("x", 300)+`"`), "300 characters"},
		"a rule without end":       {change("invocation-composite.json", "OR ALARM", "OR"+strings.Repeat(" ", 11_000)+"ALARM"), "the alarm's rule"},
		"too many metrics":         {change("raw-old.json", `"MetricName": "ConsumedWriteCapacityUnits"`, `"Metrics": [`+strings.Repeat("{},", 200)+`{}]`), "the metrics"},
		"too many envelopes":       {strings.Repeat(`{"requestPayload":`, 9) + "1" + strings.Repeat("}", 9), "envelopes"},
		"too many records":         {`{"Records":[` + strings.Repeat("0,", maxRecords) + `0]}`, "Records"},
		"too many bytes":           {strings.Repeat(" ", maxEventBytes+1), "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Decode([]byte(c.event))
			if len(got) != 1 || got[0].Err == nil || got[0].Alarm != nil {
				t.Fatalf("Decode: %+v, want one error and nothing else", got)
			}
			if text := got[0].Err.Error(); !strings.Contains(text, c.want) || !strings.HasPrefix(text, "decoding the event: ") || len(text) > 400 {
				t.Errorf("Decode: %s, want one about %s", text, c.want)
			}
		})
	}
}

// A query in a monitoring account may ask for one account, and its contributors do not say so.
func TestDecode_readsWhoseMetricAQueryAsksFor(t *testing.T) {
	for where, want := range map[string]string{
		"WHERE AWS.AccountId = '210987654321' ":           "210987654321",
		"WHERE aws.accountid='210987654321' AND x = 'y' ": "210987654321",
		"WHERE AWS.AccountId = CURRENT_ACCOUNT_ID() ":     "",
		"WHERE TableName = 'AWS.AccountId' ":              "",
		"WHERE AWS.AccountId != '210987654321' ":          "",
	} {
		asked := strings.Replace(string(event(t, "eventbridge-contributor.json")), "GROUP BY", where+"GROUP BY", 1)
		got := Decode([]byte(asked))
		if got[0].Err != nil || got[0].Alarm.Metrics[0].Account != want {
			t.Errorf("%s: %+v", where, got[0])
		}
	}
}

func TestDecode_cutsTextsAndMindsNoReasonData(t *testing.T) {
	long := strings.NewReplacer("Threshold Crossed", strings.Repeat("é", 2000), `"reasonData": "{`, `"reasonData": "`, `"description": ""`, `"description": "`+strings.Repeat("é", 2000)+`"`)
	got := Decode([]byte(long.Replace(string(event(t, "invocation.json")))))
	if got[0].Err != nil || got[0].Alarm.Reason != strings.Repeat("é", maxReason) || got[0].Alarm.Description != strings.Repeat("é", maxDescription) || got[0].Alarm.Threshold != nil {
		t.Errorf("Decode: %+v", got[0])
	}
}

func TestChildren_areTheAlarmsThatTheRuleAsksFor(t *testing.T) {
	for rule, want := range map[string][]string{
		"":            nil,
		"TRUE":        nil,
		"ALARM(a)":    {"a"},
		`ALARM("a")`:  {"a"},
		"ALARM ( a )": {"a"},
		`(ALARM("a") OR ALARM(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:b)) AND NOT ALARM("c \"d\" (e), f")`: {
			"a", "b", `c "d" (e), f`,
		},
		`ALARM(a) OR ALARM(b) OR ALARM("a")`:            {"a", "b"},
		"OK(a) AND INSUFFICIENT_DATA(b) AND ALARM(c)":   {"c"},
		`AT_LEAST(2, ALARM, (a, "b c", d)) OR ALARM(e)`: {"a", "b c", "d", "e"},
		"AT_LEAST(2, OK, (a, b))":                       nil,
		`ALARM("ALARM(x)")`:                             {"ALARM(x)"},
		"ALARM(":                                        nil, `ALARM("a`: nil, "ALARM": nil, ")(": nil, `\`: nil, "\xff(": nil,
	} {
		if diff := cmp.Diff(want, Children(rule)); diff != "" {
			t.Errorf("the children of %q (-want +got):\n%s", rule, diff)
		}
	}
	if got := len(Children(strings.Repeat("ALARM(a) ", 5) + manyAlarms(500))); got != maxChildren {
		t.Errorf("there are %d children of a rule without end, want %d", got, maxChildren)
	}
}

func manyAlarms(n int) string {
	var rule strings.Builder
	for i := range n {
		fmt.Fprintf(&rule, " OR ALARM(x%d)", i)
	}
	return rule.String()
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no events: %v", err)
	}
	for _, file := range files {
		f.Add(event(f, filepath.Base(file)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		deliveries := Decode(raw)
		if len(deliveries) == 0 {
			t.Fatal("there is no delivery")
		}
		for _, d := range deliveries {
			if (d.Alarm != nil) == (d.Err != nil) || d.Other != nil && d.Err == nil || (d.Notice != nil) != (d.Err != nil) {
				t.Fatalf("a delivery is both or neither: %+v", d)
			}
			if d.Alarm != nil {
				checkDecoded(t, *d.Alarm)
				continue
			}
			if n := *d.Notice; n.Title == "" || strings.ContainsAny(n.Title, "\n\r") || !utf8.ValidString(n.Title+n.Text) || utf8.RuneCountInString(n.Title) > maxTitle || utf8.RuneCountInString(n.Text) > maxText {
				t.Fatalf("a notice that nobody can read: %+v", n)
			}
		}
	})
}

// checkDecoded says whether an alarm that was read keeps what Alarm promises.
func checkDecoded(t *testing.T, alarm Alarm) {
	t.Helper()
	if again, err := alarm.Complete(); err != nil || !cmp.Equal(alarm, again) {
		t.Errorf("%+v is not a whole alarm: %v", alarm, err)
	}
	if len(alarm.Key()) > 8192 {
		t.Errorf("its key has %d bytes", len(alarm.Key()))
	}
	raw, err := json.Marshal(alarm)
	if err != nil {
		t.Fatal(err)
	}
	var back Alarm
	if err := json.Unmarshal(raw, &back); err != nil || back.Key() != alarm.Key() {
		t.Errorf("%+v is written and read back as %+v: %v", alarm, back, err)
	}
}

func FuzzChildren(f *testing.F) {
	f.Add(`(ALARM("a") OR ALARM(b)) AND NOT AT_LEAST(2, ALARM, (c, "d \" e"))`)
	f.Fuzz(func(t *testing.T, rule string) {
		if got := Children(rule); len(got) > maxChildren || len(got) > len(rule) {
			t.Errorf("there are %d children", len(got))
		}
	})
}
