package janitor

import (
	"fmt"
	"slices"
	"testing"

	"caretaker/internal/emulator/lambdasim"
)

// machine is a state machine that names its function when it runs, and one version outright.
func (w *world) machine(name string) {
	w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"`+name+`","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:`+name+`"}]}`))
	w.on("SFN.DescribeStateMachine", always(fmt.Sprintf(`{"definition":%q}`,
		`{"A":{"Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName.$":"$.x"}},"B":{"Resource":"`+here("1")+`"}}`)))
}

func TestHandle_deletesWhatATargetThatSomebodyLookedAtMayName(t *testing.T) {
	for _, test := range []struct {
		name     string
		lookedAt []string
		kept     int
		report   string
	}{
		{"nobody", nil, 8, "state machine Fulfil may call any function"},
		{"another one", []string{"Ful", "fulfil"}, 8, "state machine Fulfil may call any function"},
		{"by name", []string{"Fulfil"}, 4, "state machine Fulfil may call any function (looked at)"},
		{"by pattern", []string{"cart", "Ful*"}, 4, "state machine Fulfil may call any function (looked at)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			w.machine("Fulfil")
			report, decisions, err := w.handle(t.Context(), earnest(func(c *Config) { c.Checks.LookedAt = test.lookedAt }), Options{})
			if err != nil || len(w.Versions("orders")) != test.kept || !slices.Equal(report.DynamicTargets, []string{test.report}) {
				t.Errorf("%v are left, %q, %v", w.Versions("orders"), report.DynamicTargets, err)
			}
			if got := decisions["orders:1"]; got.Reason != Referenced(StateMachine) {
				t.Errorf("what it names outright is %+v", got)
			}
			if slices.Contains(report.NotChecked, "janitor.checks.dynamicTargets") {
				t.Error("the report says that no dynamic target was checked")
			}
		})
	}
}

// One that was looked at says nothing of the next.
func TestDecide_heedsTheTargetThatNobodyLookedAt(t *testing.T) {
	facts, cfg := checkout(10, dynamic("", true), dynamic("checkout", false))
	facts.Dynamic[1].By = "refunds"
	cfg.Checks.LookedAt = []string{"orders"}
	if got := decisionOn(Decide(facts, History{}, cfg, today), 1); got.Reason != MayBeCalled || got.Detail != "state machine refunds" {
		t.Errorf("version 1 is %+v", got)
	}
}

func TestLookedAt_standsForAnAPIsStagesAndForOtherRegions(t *testing.T) {
	for _, test := range []struct {
		by      string
		kind    Kind
		pattern string
		want    bool
	}{
		{"shop", API, "shop", true},
		{"shop/prod", APIStage, "shop", true},
		{"shop/prod", APIStage, "shop/prod", true},
		{"shop/prod", APIStage, "shop/dev", false},
		{"shop/prod", APIStage, "prod", false},
		{"shop/eu/prod", APIStage, "shop/eu", true},
		{"shop/prod", API, "shop", false},
		{"shop in eu-west-1", API, "shop", true},
		{"shop/prod in us-gov-west-1", APIStage, "sh*p", true},
		{"shop in progress", API, "shop", false},
		{"", APIStage, "a*", false},
	} {
		if got := (DynamicTarget{Kind: test.kind, By: test.by}).lookedAt([]string{test.pattern}); got != test.want {
			t.Errorf("%s %s, looked at %s: %v", test.kind, test.by, test.pattern, got)
		}
	}
}
