package limitraiser

import (
	"testing"
	"time"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

func TestDecide_findsTheIndexThatHoldsItsTableBack(t *testing.T) {
	index := func(dimension Dimension, most float64, samples []Sample, changes ...func(*Current)) []Current {
		current := Current{Part: Part{"by-customer", dimension}, Means: Provisioned, Now: 5, Max: most, Samples: samples}
		for _, change := range changes {
			change(&current)
		}
		return []Current{current}
	}
	refusing, calm := seen(5, 5), seen(5, 0)
	for name, c := range map[string]struct {
		index   []Current
		outcome Outcome
		reason  Reason
		short   bool
		detail  string
	}{
		"at its maximum":                 {index(Write, 5, refusing), AtMaximum, MaximumReached, true, "holds the table's writes back"},
		"without one":                    {index(Write, 0, refusing), Refused, NoMaximum, true, "holds the table's writes back"},
		"that nothing can raise":         {index(Write, 50, refusing, func(h *Current) { h.Means, h.Note = NoMeans, "suspended" }), Refused, NothingToRaise, true, "suspended; what it refuses"},
		"that may go up":                 {index(Write, 50, refusing), ToRaise, IsShort, true, ""},
		"whose demand is met":            {index(Write, 50, refusing, func(h *Current) { h.Now = 20 }), Met, NeedMet, true, ""},
		"of reads, no alarm's for it":    {index(Read, 5, refusing), Met, NotShort, false, "it may go no higher"},
		"at its maximum, refusing none":  {index(Write, 5, calm), Met, NotShort, false, "it may go no higher"},
		"at its maximum, hardly in use":  {index(Write, 5, seen(1, 0)), Met, NotShort, false, "under the alarm's share"},
		"of which there are no metrics":  {index(Write, 5, nil), Met, NotShort, false, "under the alarm's share"},
		"that the alarm names by itself": {index(Write, 5, refusing, func(h *Current) { h.Short = true }), AtMaximum, MaximumReached, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			facts := shortTable(50, 4000, change(func(h *Current) { h.Samples = seen(5, 0) }), func(f *Facts) { f.Parts = append(f.Parts, c.index...) })
			plan := Decide(facts, Memory{}, policy(), "us-east-1", noon)
			wantDecision(t, plan.Decisions[0], Decision{Outcome: Met}, "the table's own writes")
			got := plan.Decisions[1]
			wantDecision(t, got, Decision{Outcome: c.outcome, Reason: c.reason, Detail: c.detail}, "the index")
			want.Equal(t, "the index counts as short", got.Short, c.short)
		})
	}
}

func TestDecide_findsTheIndexAmongTheTablesThrottledQueries(t *testing.T) {
	facts := shortTable(50, 4000, change(func(h *Current) { h.Part.Dimension, h.Samples = Read, seen(5, 0) }), func(f *Facts) {
		f.Parts = append(f.Parts, Current{Part: Part{"by-customer", Read}, Means: Provisioned, Now: 5, Max: 5, Samples: seen(5, 5)})
	})
	got := Decide(facts, Memory{}, policy(), "us-east-1", noon).Decisions[1]
	wantDecision(t, got, Decision{Outcome: AtMaximum, Detail: "among the table's throttled reads"})
}

// The table's own writes are far from short, and a look for a hot key would find none.
func TestEpisode_tellsOfTheIndexThatHoldsItsTableBack(t *testing.T) {
	for name, most := range map[string]int64{"is at its maximum of 5": 5, "no maximum is set": 0} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			table := w.table(twoUnits{5, 50}, twoUnits{5, 5})
			s := &scene{world: w, table: table, cfg: earnest(table, func(c *Config) { c.Tables[0].Indexes[0].Write.Max = most })}
			s.metric = alarm.Metric{Namespace: "AWS/DynamoDB", Name: "ThrottledRequests", Dimensions: map[string]string{"TableName": table, "Operation": "PutItem"}}
			s.alarm = w.alarm("ALARM", s.metric)
			event := s.theEvent()
			for range 6 {
				w.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 5*60, 1, map[string]string{"TableName": table})
				of := map[string]string{"TableName": table, "GlobalSecondaryIndexName": "by-customer"}
				w.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 5*60, 1, of)
				w.measure("AWS/DynamoDB", "WriteThrottleEvents", 300, 1, of)
				ran(s.handle(event)).wants(t, nil)
				s.pass(5 * time.Minute)
				event = s.look()
			}
			s.wantTold(1, name, "write of the index by-customer", "holds the table's writes back")
		})
	}
}
