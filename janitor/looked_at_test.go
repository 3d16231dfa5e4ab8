package janitor

import (
	"fmt"
	"slices"
	"testing"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
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
			want.NoError(t, "the run", err)
			want.Equal(t, "versions left", len(w.Versions("orders")), test.kept)
			want.Equal(t, "the dynamic targets of the report", report.DynamicTargets, []string{test.report})
			want.Equal(t, "the reason for orders:1, which it names outright", decisions["orders:1"].Reason, Referenced(StateMachine))
			if slices.Contains(report.NotChecked, "janitor.checks.dynamicTargets") {
				t.Errorf("what the report says is not checked: %q, want nothing of dynamic targets", report.NotChecked)
			}
		})
	}
}

// One that was looked at says nothing of the next.
func TestDecide_heedsTheTargetThatNobodyLookedAt(t *testing.T) {
	facts, cfg := checkout(10, dynamic("", true), dynamic("checkout", false))
	facts.Dynamic[1].By = "refunds"
	cfg.Checks.LookedAt = []string{"orders"}
	want.Equal(t, "the reason for version 1", decisionOn(Decide(facts, History{}, cfg, today), 1).Reason, MayBeCalled)
	want.Equal(t, "the detail of version 1", decisionOn(Decide(facts, History{}, cfg, today), 1).Detail, "state machine refunds")
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
		got := (DynamicTarget{Kind: test.kind, By: test.by}).lookedAt([]string{test.pattern})
		want.Equal(t, fmt.Sprintf("the pattern %s says that %s %s was looked at", test.pattern, test.kind, test.by), got, test.want)
	}
}
