package main

import (
	"go/parser"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestValue_computesWhatTheAlarmsUse(t *testing.T) {
	begin := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	minutes := []time.Time{begin, begin.Add(time.Minute), begin.Add(2 * time.Minute), begin.Add(3 * time.Minute)}
	metrics := map[string]series{
		"consumed":    {minutes[0]: 600, minutes[2]: 3000, minutes[3]: 2400},
		"provisioned": {minutes[1]: 50, minutes[3]: 80},
		"none":        {minutes[0]: 0},
	}
	for expression, want := range map[string]series{
		"consumed / 60": {minutes[0]: 10, minutes[2]: 50, minutes[3]: 40},
		"100 * (consumed / 60) / FILL(provisioned, REPEAT)": {minutes[2]: 100, minutes[3]: 50},
		"consumed / none": {},
	} {
		tree, err := parser.ParseExpr(expression)
		if err != nil {
			t.Fatal(err)
		}
		got, err := value(tree, metrics, minutes)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", expression, err, diff)
		}
	}
	for _, expression := range []string{"consumed + 1", "FILL(consumed, 0)", "MAX(consumed)", "absent", "-consumed"} {
		tree, err := parser.ParseExpr(expression)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := value(tree, metrics, minutes); err == nil {
			t.Errorf("%s is %v, and nobody taught the demo that", expression, got)
		}
	}
}
