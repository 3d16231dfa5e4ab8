package janitor_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	"caretaker/test/deployed"
)

// onBehalf are the services that AWS uses with the role on the function's behalf, which the
// emulator does not check; the template's tests assert their actions.
var onBehalf = []string{"logs", "xray", "sqs"}

// couldProtect says whether a function's versions may only go when this action was allowed.
func couldProtect(action, function string) bool {
	switch action {
	case "lambda:ListVersionsByFunction", "sns:Publish":
		return false // they are called after the deletions, to prove and to tell them
	case "lambda:ListDurableExecutionsByFunction":
		return function == "refund-saga" // the only one that can have durable executions
	case "lambda:GetFunctionScalingConfig":
		return function == "order-events" // the only one on Lambda Managed Instances
	}
	return true
}

// Narrowed to a few functions, among them one that can have durable executions, one on Lambda Managed
// Instances and one in a live stack, so that every action is called and a run is short.
func TestDeployed_withoutAnyOneActionEndsInAnErrorNamingIt(t *testing.T) {
	w := shared
	w.victim(t, "victim-permissions", 12)
	cfg := shipped()
	cfg.Include.Names = []string{"victim-permissions", "refund-saga", "order-events", "ledger"}
	cfg.Belts.MaxDeletions = 2
	w.configure(t, cfg)
	policies, err := w.Policies(t.Context())
	must(t, err)
	actions := deployed.Granted(policies, onBehalf...)
	if len(actions) < 25 {
		t.Fatalf("the role grants only %v, want 25 actions at least", actions)
	}
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			must(t, w.SetPolicies(t.Context(), deployed.Without(policies, action)))
			defer func() { must(t, w.SetPolicies(t.Context(), policies)) }()
			before := w.everything(t)
			result := w.invoke(t, "{}")
			want.Says(t, "the run's error", result.failure, action)
			after := w.everything(t)
			maps.DeleteFunc(before, func(function string, _ []int) bool { return !couldProtect(action, function) })
			maps.DeleteFunc(after, func(function string, _ []int) bool { return !couldProtect(action, function) })
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("without %s the run deleted something (-before +after):\n%s", action, diff)
			}
		})
	}
}

// A whole run calls nothing that is not granted, and everything that is.
func TestDeployed_callsExactlyWhatItsRoleGrants(t *testing.T) {
	w := shared
	w.victim(t, "victim-calls", 6)
	cfg := shipped()
	cfg.Include.Names = []string{"victim-calls", "refund-saga", "order-events", "ledger"}
	w.configure(t, cfg)
	w.ForgetCalls()
	if result := w.invoke(t, "{}"); result.failure != "" {
		t.Fatalf("the run failed: %s", result.failure)
	}
	called := map[string]bool{}
	for _, call := range w.Own() {
		called[actionOf(call)] = true
		empty := call.Operation == "ExportApi" && call.ErrorCode == "BadRequestException" // an API without routes
		if call.ErrorCode != "" && call.ErrorCode != "ResourceNotFoundException" && !empty {
			t.Errorf("%s %s answered %s, want no error but for what is not there", call.Service, call.Operation, call.ErrorCode)
		}
	}
	policies, err := w.Policies(t.Context())
	must(t, err)
	if diff := cmp.Diff(deployed.Granted(policies, onBehalf...), slices.Sorted(maps.Keys(called))); diff != "" {
		t.Errorf("granted (-) and called (+) differ:\n%s", diff)
	}
}

func actionOf(call emulator.Call) string {
	if call.Service == "apigateway" {
		return "apigateway:GET"
	}
	return call.Service + ":" + call.Operation
}
