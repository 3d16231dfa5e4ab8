package limitraiser

import (
	"fmt"
	"testing"
	"time"

	"caretaker/internal/want"
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
	want.NoError(t, "the run", err)
	units, indexUnits := w.has(table)
	want.Equal(t, "the table's reads and writes", fmt.Sprint(units), "{5 250}")
	want.Equal(t, "the index's reads and writes", fmt.Sprint(indexUnits), "{5 250}")
	w.wantCalls("UpdateTable", 1) // for table and index
	ran(report, err).wants(t, counts{Raised: 2, "looks sent": 1, "messages to people": 1})
	w.wantTold(1, "raised write from 50 to 250")

	w.pass(time.Hour)
	again, err := w.raiser(earnest(table)).Handle(t.Context(), event)
	ran(again, err).wants(t, counts{"duplicates": 1}, "the same event again")
	w.wantCalls("UpdateTable", 1)
	want.Equal(t, "the newest in the audit trail goes to", w.wantTrail(2)[0].To, 250)
}
