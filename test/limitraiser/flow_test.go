package limitraiser_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
)

// move moves an alarm to a state, as CloudWatch would.
func (w world) move(t *testing.T, alarm string, state cloudwatchtypes.StateValue) {
	t.Helper()
	_, err := w.alarms.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &alarm, StateValue: state, StateReason: aws.String("the test says so"),
	})
	must(t, err)
}

// load says what DynamoDB counted of a table, and of its index where there is one, in each of the last whole minutes.
func (w world) load(t *testing.T, table, index string, consumed, throttled float64) {
	t.Helper()
	now := time.Now().Truncate(time.Minute)
	dimensions := []cloudwatchtypes.Dimension{{Name: aws.String("TableName"), Value: &table}}
	if index != "" {
		dimensions = append(dimensions, cloudwatchtypes.Dimension{Name: aws.String("GlobalSecondaryIndexName"), Value: &index})
	}
	var data []cloudwatchtypes.MetricDatum
	for ago := 1; ago <= 4; ago++ {
		at := now.Add(-time.Duration(ago) * time.Minute)
		for name, perSecond := range map[string]float64{"ConsumedWriteCapacityUnits": consumed, "WriteThrottleEvents": throttled} {
			data = append(data, cloudwatchtypes.MetricDatum{MetricName: &name, Value: aws.Float64(60 * perSecond), Timestamp: &at, Dimensions: dimensions})
		}
	}
	_, err := w.alarms.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/DynamoDB"), MetricData: data})
	must(t, err)
}

// trail is the audit trail of a resource, oldest first.
func (w world) trail(t *testing.T, resource string) []limitraiser.Entry {
	t.Helper()
	all, err := limitraiser.History(t.Context(), w.tables, w.Variables["TABLE_NAME"], 1000)
	must(t, err)
	var entries []limitraiser.Entry
	for _, entry := range all {
		if entry.Resource == resource {
			entries = append([]limitraiser.Entry{entry}, entries...)
		}
	}
	return entries
}

// line is an entry in short.
func line(entry limitraiser.Entry) string {
	return strings.Join([]string{entry.Part, string(entry.Outcome), number(entry.From), number(entry.To), entry.Alarm, number(float64(entry.Step))}, " ")
}

func lines(entries []limitraiser.Entry) (all []string) {
	for _, entry := range entries {
		all = append(all, line(entry))
	}
	return all
}

// A load of 250 writes a second of which the table takes 50: the rest is refused, and sent three
// times by its clients, if not ten times by the clients of 91.
func TestDeployed_anAlarmRaisesTableAndIndexOnceAndTellsPeople(t *testing.T) {
	w := shared
	w.load(t, "orders", "", 50, 600)
	w.load(t, "orders", "by-customer", 50, 600)
	w.ForgetCalls()
	alarm := alarmOf("table-orders-write")
	w.move(t, alarm, cloudwatchtypes.StateValueAlarm)

	const raised = 173 // under twice the least demand, which is 91
	eventually(t, "table and index are raised", func() bool { return cmp.Equal(w.writes(t, "orders"), []int64{raised, raised}) })
	w.idle(t)
	want.Equal(t, "calls that raised the table and its index", w.raises("UpdateTable"), 1)
	told := strings.Join(w.received(t, w.people), "\n")
	want.Says(t, "what people are told", told, "Limit-raiser table/orders: raised write from 50 to 173", "write of the index by-customer", "$", alarm)
	first := []string{"write raised 50 173 " + alarm + " 0", "write of the index by-customer raised 50 173 " + alarm + " 0"}
	want.Equal(t, "the audit trail", lines(w.trail(t, "table/orders")), first)

	// Five minutes later the alarm is still on, since that was too little: the next
	// step. Only the queue's clock is moved on; the alarm's message is in the queue already.
	w.load(t, "orders", "", 173, 123)
	w.load(t, "orders", "by-customer", 173, 123)
	must(t, w.Elapse(t.Context(), 5*time.Minute))
	eventually(t, "the next step is made", func() bool { return w.writes(t, "orders")[0] > raised })
	w.idle(t)
	steps := w.trail(t, "table/orders")
	if len(steps) != 4 {
		t.Fatalf("entries in the audit trail: %d, want 4:\n%s", len(steps), strings.Join(lines(steps), "\n"))
	}
	want.Equal(t, "the step of the third entry", steps[2].Step, 1)
	want.Equal(t, "the third entry's from", steps[2].From, raised)
	want.Equal(t, "the outcome of the third entry", steps[2].Outcome, limitraiser.Raised)

	// Once it is OK the episode is over.
	w.move(t, alarm, cloudwatchtypes.StateValueOk)
	w.idle(t)
	must(t, w.Elapse(t.Context(), 5*time.Minute))
	w.idle(t)
	want.Equal(t, "entries in the audit trail after the alarm was OK", len(w.trail(t, "table/orders")), 4)
}

func TestDeployed_theSameEventAgainChangesNothing(t *testing.T) {
	w := shared
	w.received(t, w.listened)
	w.move(t, alarmOf("table-copied-write"), cloudwatchtypes.StateValueAlarm)
	eventually(t, "the table is raised", func() bool { return w.writes(t, "copied")[0] == 75 })
	w.idle(t)
	messages := w.received(t, w.listened)
	if len(messages) != 1 {
		t.Fatalf("the alarm published %d messages, want 1", len(messages))
	}
	before := lines(w.trail(t, "table/copied"))

	must(t, w.publish(t.Context(), messages[0]))
	w.idle(t)
	var copies errgroup.Group
	for range 20 {
		copies.Go(func() error { return w.publish(t.Context(), messages[0]) })
	}
	must(t, copies.Wait())
	w.idle(t)
	want.Equal(t, "the table's writes after 21 copies", w.writes(t, "copied")[0], 75)
	want.Equal(t, "entries in the audit trail before the copies", len(before), 1)
	want.Equal(t, "the audit trail, as before", lines(w.trail(t, "table/copied")), before)
	if got := w.duplicates(t); got < 21 {
		t.Errorf("the function reports %d duplicates, want 21 at least", got)
	}
	w.move(t, alarmOf("table-copied-write"), cloudwatchtypes.StateValueOk)
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// duplicates are how many the function has reported so far, in the metrics in its log.
func (w world) duplicates(t *testing.T) int {
	t.Helper()
	sum := 0
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(w.AWS()),
		&cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/" + functionName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		for _, event := range page.Events {
			var metrics struct{ Duplicates int }
			if json.Unmarshal([]byte(aws.ToString(event.Message)), &metrics) == nil {
				sum += metrics.Duplicates
			}
		}
	}
	return sum
}
