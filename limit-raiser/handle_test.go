package limitraiser

import (
	"strings"
	"testing"
	"time"
)

func TestHandle_raisesTableAndIndexOnce(t *testing.T) {
	w := newWorld(t)
	table := w.table(twoUnits{5, 50}, twoUnits{5, 50})
	of := map[string]string{"TableName": table}
	index := map[string]string{"TableName": table, "GlobalSecondaryIndexName": "by-customer"}
	for _, of := range []map[string]string{of, index} {
		w.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 200*60, 4, of) // from what it had saved
	}
	for ago := 1; ago <= 3; ago++ {
		w.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 50*60, ago, of)
		w.measure("AWS/DynamoDB", "WriteThrottleEvents", 450*60, ago, of)
		w.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 50*60, ago, index)
		w.measure("AWS/DynamoDB", "WriteThrottleEvents", 450*60, ago, index)
	}
	metric := writeThrottles(table)
	event := w.event(w.alarm("ALARM", metric), metric, w.now())
	w.emulator.ForgetCalls()

	report, err := w.raiser(earnest(table)).Handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	units, indexUnits := w.has(table)
	if units != (twoUnits{5, 250}) || indexUnits != (twoUnits{5, 250}) {
		t.Errorf("table %v, index %v; want 250 writes each: %+v", units, indexUnits, report.Answers)
	}
	if got := w.calls("UpdateTable"); got != 1 {
		t.Errorf("%d calls of UpdateTable, want 1 for table and index", got)
	}
	if report.Outcomes[Raised] != 2 || report.LooksSent != 1 || report.MessagesSent != 1 {
		t.Errorf("%+v", report)
	}
	messages := w.received(w.inbox)
	if len(messages) != 1 || !strings.Contains(messages[0], "raised write from 50 to 250") {
		t.Errorf("people were told %q", messages)
	}

	w.pass(time.Hour)
	again, err := w.raiser(earnest(table)).Handle(t.Context(), event)
	if err != nil || again.Duplicates != 1 || w.calls("UpdateTable") != 1 {
		t.Errorf("the same event again: %+v, %v", again, err)
	}
	history, err := History(t.Context(), w.tables, w.options.Table, 10)
	if err != nil || len(history) != 2 || history[0].To != 250 {
		t.Errorf("the audit trail is %+v, %v", history, err)
	}
}
