package janitor

import (
	"fmt"
	"testing"

	"caretaker/internal/want"
)

func TestDecide_hasADecisionForEverythingThatWasLookedAt(t *testing.T) {
	facts, cfg := checkout(4)
	facts.Functions = append(facts.Functions, Function{Name: "cart"})
	plan := Decide(facts, History{}, cfg, today)
	wanted := []string{"cart:$LATEST", "checkout:$LATEST", "checkout:1", "checkout:2", "checkout:3", "checkout:4"}
	var got []string
	for _, decision := range plan.Decisions {
		got = append(got, decision.Function+":"+decision.Qualifier())
		if decision.Reason == "" || decision.Outcome == "" {
			t.Errorf("the decision on %s:%s: outcome %q and reason %q, want both", decision.Function, decision.Qualifier(), decision.Outcome, decision.Reason)
		}
	}
	want.Equal(t, "what is decided on", got, wanted)
	want.Equal(t, "the outcome for $LATEST", plan.Decisions[1].Outcome, Kept)
	want.Equal(t, "the reason for $LATEST", plan.Decisions[1].Reason, IsLatest)
	want.Equal(t, "functions", plan.Functions, 2)
	want.Equal(t, "versions", plan.Versions, 4)
	want.Equal(t, "how many of checkout are kept as the newest", plan.Newest["checkout"], 3)
}

func TestDecide_ordersVersionsAsNumbers(t *testing.T) {
	facts, cfg := checkout(12)
	want.Equal(t, "the versions that may go", deletable(Decide(facts, History{}, cfg, today)), []int64{1, 2, 3, 4, 5, 6, 7, 8, 9})
}

func TestDecide_cutsTheBiggestFirst(t *testing.T) {
	facts, cfg := checkout(7, keeping(1), policy(func(c *Config) { c.Belts.MaxDeletions = 3 }))
	for position, size := range []int64{10, 30, 20, 20, 20, 50, 60} {
		facts.Functions[0].Versions[position].Bytes = size
	}
	cart := Function{Name: "cart", Versions: []Version{{Number: 1, Bytes: 20, Published: today.Add(-90 * day)}, {Number: 2, Bytes: 1, Published: today.Add(-80 * day)}}}
	facts.Functions = append(facts.Functions, cart)
	plan := Decide(facts, History{}, cfg, today)
	var got []string
	for _, position := range plan.Deletions() {
		got = append(got, plan.Decisions[position].Function+":"+plan.Decisions[position].Qualifier())
	}
	want.Equal(t, "the versions that go, in their order", got, []string{"checkout:6", "checkout:2", "cart:1"})
	want.Equal(t, "the outcome for version 3, which is over the cut", decisionOn(plan, 3).Outcome, Remaining)
	want.Equal(t, "the reason for version 3, which is over the cut", decisionOn(plan, 3).Reason, MaxDeletions)
}

func TestDecide_doesNotRelyOnTheOrderOfItsFacts(t *testing.T) {
	facts, cfg := checkout(5, dynamic("checkout", false))
	facts.Functions = append(facts.Functions, Function{Name: "cart", Versions: facts.Functions[0].Versions})
	facts.Dynamic = append(facts.Dynamic, DynamicTarget{Function: "checkout", Kind: Schedule, By: "orders"})
	facts.Unread = []Unread{{Check: "aliases", Function: "cart", Cause: "first"}, {Check: "aliases", Function: "cart", Cause: "second"}}

	turned, _ := checkout(0)
	for position := range facts.Functions {
		function := facts.Functions[len(facts.Functions)-1-position]
		function.Versions = reversed(function.Versions)
		turned.Functions = append(turned.Functions[:position], function)
	}
	turned.Dynamic, turned.Unread = reversed(facts.Dynamic), reversed(facts.Unread)
	wanted, got := Decide(facts, History{}, cfg, today), Decide(turned, History{}, cfg, today)
	want.Equal(t, "the decisions on facts in another order", got.Decisions, wanted.Decisions)
}

func TestShortlist_doesNotRelyOnTheOrderOfItsFacts(t *testing.T) {
	facts, cfg := checkout(5, tagged("team", "web"))
	facts.Functions = append(facts.Functions, Function{Name: "cart"}, Function{Name: "basket"})
	wanted := []Function{{Name: "checkout", Tags: map[string]string{"team": "web"}, Versions: facts.Functions[0].Versions[:2]}}
	want.Equal(t, "the shortlist", Shortlist(facts, cfg, today), wanted)
}

func reversed[T any](items []T) []T {
	turned := make([]T, 0, len(items))
	for position := range items {
		turned = append(turned, items[len(items)-1-position])
	}
	return turned
}

func TestShortlist_holdsWhatOnlyTheDearFactsCanStillProtect(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes []change
		want    []int64
	}{
		{"nothing protects", nil, []int64{1, 2}},
		{"a mapping protects, which is cheap", []change{referenced(EventSourceMapping, "1", "m")}, []int64{2}},
		{"a date protects", []change{publishedAgo(3, 1)}, []int64{1}},
		{"a tag protects", []change{tagged("caretaker:janitor", "off")}, nil},
		{"a mapping could not be read", []change{unreadable("janitor.checks.eventSourceMappings", "")}, nil},
		{"maxDeletions does not cut it", []change{policy(func(c *Config) { c.Belts.MaxDeletions = 1 })}, []int64{1, 2}},
		{"a closed belt does not empty it", []change{policy(func(c *Config) { c.Belts.MaxPercent = 1 })}, []int64{1, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, cfg := checkout(5, test.changes...)
			var got []int64
			for _, function := range Shortlist(facts, cfg, today) {
				for _, version := range function.Versions {
					got = append(got, version.Number)
				}
			}
			want.Equal(t, "the versions on the shortlist", got, test.want)
		})
	}
}

func TestConfirm_onlyEverTurnsDeletableIntoKept(t *testing.T) {
	looks := []LastLook{
		{},
		{Policy: true},
		{Unread: "no right"},
		{References: []Reference{{"checkout", "1", Alias, "live"}}},
		{References: []Reference{{"checkout", "2", Alias, "live"}}},
		{Policy: true, Unread: "no right", References: []Reference{{"checkout", "1", WeightedAlias, "live"}}},
	}
	for _, outcome := range []Outcome{Kept, Deletable, Remaining, NotLookedAt, Deleted, NotVerified, Gone, Refused, Failed} {
		for number, look := range looks {
			before := Decision{Function: "checkout", Version: Version{Number: 1}, Outcome: outcome, Reason: Superseded}
			after := Confirm(before, look)
			switch {
			case outcome != Deletable && after != before:
				t.Errorf("look %d turns %q into %q, want nothing changed", number, outcome, after.Outcome)
			case after.Outcome != outcome && after.Outcome != Kept:
				t.Errorf("look %d turns %q into %q, want %q or %q", number, outcome, after.Outcome, outcome, Kept)
			}
		}
	}
}

func TestConfirm_saysWhyItKeeps(t *testing.T) {
	for _, test := range []struct {
		name string
		look LastLook
		want Reason
	}{
		{"nothing was found", LastLook{}, Superseded},
		{"a policy on the version", LastLook{Policy: true}, HasPolicy},
		{"an alias moved here", LastLook{References: []Reference{{"checkout", "1", Alias, "live"}}}, Referenced(Alias)},
		{"an alias moved elsewhere", LastLook{References: []Reference{{"checkout", "11", Alias, "live"}}}, Superseded},
		{"an alias moved here, and a policy", LastLook{Policy: true, References: []Reference{{"checkout", "1", WeightedAlias, "live"}}}, Referenced(WeightedAlias)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Confirm(Decision{Function: "checkout", Version: Version{Number: 1}, Outcome: Deletable, Reason: Superseded}, test.look)
			want.Equal(t, "the reason", got.Reason, test.want)
		})
	}
}

func TestNewestNumbers_guardsTheLastVersionsWhateverThePlanSays(t *testing.T) {
	plan := Plan{Newest: map[string]int{"checkout": 2, "cart": 0, "basket": 5}}
	for _, function := range []string{"checkout", "cart", "basket"} {
		for _, number := range []int64{0, 4, 11, 9} {
			plan.Decisions = append(plan.Decisions, Decision{Function: function, Version: Version{Number: number}, Outcome: Deletable})
		}
	}
	want.Equal(t, "the version at which the newest of each function begin", newestNumbers(plan), map[string]int64{"checkout": 9, "cart": 11, "basket": 4})
}

func BenchmarkDecide(b *testing.B) {
	facts, cfg := checkout(100)
	for number := range 3000 {
		facts.Functions = append(facts.Functions, Function{Name: fmt.Sprintf("orders-%05d", number), Versions: facts.Functions[0].Versions})
	}
	for b.Loop() {
		Decide(facts, History{}, cfg, today)
	}
}
