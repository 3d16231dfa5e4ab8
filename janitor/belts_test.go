package janitor

import (
	"fmt"
	"testing"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// A case has ten versions of which five would go.
func TestClosedBelt_stopsWhatLooksWrong(t *testing.T) {
	last := func(functions int) func(*Plan) { return func(p *Plan) { p.History.Functions = functions } }
	now := func(functions int) func(*Plan) { return func(p *Plan) { p.Functions = functions } }
	for _, test := range []struct {
		name    string
		changes []func(*Plan)
		want    string
	}{
		{"a first run", nil, ""},
		{"as many functions as last time", []func(*Plan){now(10), last(10)}, ""},
		{"more than half of the functions", []func(*Plan){now(6), last(11)}, ""},
		{"half of the functions", []func(*Plan){now(5), last(10)}, FunctionsBelt},
		{"fewer than half of the functions", []func(*Plan){now(5), last(11)}, FunctionsBelt},
		{"one of two functions", []func(*Plan){now(1), last(2)}, FunctionsBelt},
		{"more functions than last time", []func(*Plan){now(20), last(10)}, ""},

		{"as many pipes", []func(*Plan){found(Pipe, 10), before10(Pipe, 0)}, ""},
		{"half of the pipes", []func(*Plan){found(Pipe, 5), before10(Pipe, 0)}, ""},
		{"fewer than half of the pipes", []func(*Plan){found(Pipe, 4), before10(Pipe, 0)}, ReferencesBelt},
		{"the only pipe is gone", []func(*Plan){found(Pipe, 0), func(p *Plan) { p.History.References = map[Kind]int{Pipe: 1} }}, ReferencesBelt},
		{"the scan of pipes is off now", []func(*Plan){before10(Pipe, 0)}, ""},
		{"the scan of pipes was off then", []func(*Plan){found(Pipe, 0)}, ""},
		{"other kinds make up for nothing", []func(*Plan){found(Schedule, 100), found(Pipe, 0), before10(Pipe, 0)}, ReferencesBelt},

		{"as many aliases of as many functions", []func(*Plan){foundIn(Alias, 10, 10), before10(Alias, 10)}, ""},
		{"fewer than half of the aliases of as many functions", []func(*Plan){foundIn(Alias, 4, 10), before10(Alias, 10)}, ReferencesBelt},
		{"no aliases of other and fewer functions", []func(*Plan){foundIn(Alias, 0, 9), before10(Alias, 10)}, ""},
		{"fewer than half of the aliases of more functions", []func(*Plan){foundIn(Alias, 4, 40), before10(Alias, 10)}, ReferencesBelt},
		{"too few aliases to judge by", []func(*Plan){foundIn(Alias, 0, 3), func(p *Plan) {
			p.History.References, p.History.FunctionsRead = map[Kind]int{Alias: 3}, map[Kind]int{Alias: 3}
		}}, ""},
		{"no aliases of a part of the functions", []func(*Plan){foundIn(Alias, 0, 20), before10(Alias, 10), partly}, ""},
		{"no pipes, though only a part of the functions was read", []func(*Plan){found(Pipe, 0), before10(Pipe, 0), partly}, ReferencesBelt},
		{"more functions than last time do not raise what is expected", []func(*Plan){foundIn(Alias, 5, 40), before10(Alias, 10)}, ""},

		{"too few invocations to judge by", []func(*Plan){found(Invocation, 0), func(p *Plan) { p.History.References = map[Kind]int{Invocation: 3} }}, ""},
		{"fewer than half of the invocations", []func(*Plan){found(Invocation, 4), before10(Invocation, 0)}, ReferencesBelt},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := halfDeletable()
			for _, change := range test.changes {
				change(&plan)
			}
			if got := closedBelt(plan, Belts{MaxDeletions: 5000, MaxPercent: 98}); got.Name != test.want {
				t.Errorf("the closed belt: %q, want %q; it says %q", got.Name, test.want, got.Message)
			}
		})
	}
}

// partly is a run that had no time for one function more.
func partly(p *Plan) { p.NotReached = map[string]bool{"orders": true} }

func halfDeletable() Plan {
	plan := Plan{Account: "123456789012", Region: "eu-west-1", Functions: 1, Versions: 10}
	for number := int64(1); number <= 10; number++ {
		decision := Decision{Function: "checkout", Version: Version{Number: number}, Outcome: Kept, Reason: AmongNewest}
		if number <= 5 {
			decision.Outcome, decision.Reason = Deletable, Superseded
		}
		plan.Decisions = append(plan.Decisions, decision)
	}
	return plan
}

// found is what a scan of the whole Region found, foundIn what one found that reads some functions.
func found(kind Kind, count int) func(*Plan) { return foundIn(kind, count, 0) }

func foundIn(kind Kind, count, functions int) func(*Plan) {
	return func(p *Plan) {
		p.FunctionsRead = merged(p.FunctionsRead, map[Kind]int{kind: functions})
		for range count {
			p.References = append(p.References, Reference{"checkout", "7", kind, "x"})
		}
	}
}

// before10 says that the last run found ten.
func before10(kind Kind, functions int) func(*Plan) {
	return func(p *Plan) {
		p.History.References, p.History.FunctionsRead = map[Kind]int{kind: 10}, map[Kind]int{kind: functions}
	}
}

func TestClosedBelt_holdsThePercentageAgainstThePlanBeforeItIsCut(t *testing.T) {
	for _, test := range []struct {
		maxPercent float64
		want       string
	}{{50, ""}, {49.9, PercentBelt}, {100, ""}, {1, PercentBelt}} {
		facts, cfg := checkout(10, keeping(5), policy(func(c *Config) { c.Belts = Belts{MaxDeletions: 1, MaxPercent: test.maxPercent} }))
		plan := Decide(facts, History{}, cfg, today)
		if plan.Belt.Name != test.want {
			t.Errorf("the closed belt at %g %%: %q, want %q; it says %q", test.maxPercent, plan.Belt.Name, test.want, plan.Belt.Message)
		}
		if plan.Belt.Closed() {
			want.Says(t, "the belt's message", plan.Belt.Message, "`caretaker janitor apply --region eu-west-1 --plan plan.json`")
		}
	}
}

// Under another stage other exclusions hold.
func TestHandle_namesTheStageWhereItNamesACommand(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	_, _, err := w.handle(t.Context(), earnest(func(c *Config) { c.Belts.MaxPercent = 1 }), Options{Stage: "prod"})
	for _, command := range []string{
		"`caretaker janitor plan --stage prod --region us-east-1 --out plan.json`", "`caretaker janitor apply --stage prod --region us-east-1 --plan plan.json`",
	} {
		want.Says(t, "the error", fmt.Sprint(err), command)
	}
}

func TestClosedBelt_isOpenWhenThereIsNothingToStop(t *testing.T) {
	facts, cfg := checkout(3)
	history := History{Functions: 1000, References: map[Kind]int{Pipe: 1000}}
	facts.FunctionsRead = map[Kind]int{Pipe: 0}
	if plan := Decide(facts, history, cfg, today); plan.Belt.Closed() {
		t.Errorf("the belt: %+v, want none closed, for there is nothing to delete", plan.Belt)
	}
}
