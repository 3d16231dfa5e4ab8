package alerts_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"caretaker/alerts"
	"caretaker/internal/want"
	"caretaker/test/deployed"
)

// onBehalf are the actions of the role that AWS uses on the function's behalf, for its log, its traces and what failed.
var onBehalf = []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "xray"}

// served are those that AWS's services use and the part's own, too.
func granted(t *testing.T, w world) (map[string]deployed.Policy, []string) {
	t.Helper()
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	actions := slices.DeleteFunc(deployed.Granted(policies, onBehalf...), func(action string) bool { return action == "sqs:SendMessage" })
	return policies, actions
}

func TestDeployed_keepsAlarmsAndThenWritesNothing(t *testing.T) {
	w := shared
	w.disorder(t)
	first := w.good(t)
	want.Equal(t, "deleted", first.Outcomes[alerts.Deleted], 2)
	want.Equal(t, "changed", first.Outcomes[alerts.Changed], 1)
	names := w.names(t)
	for name, stands := range map[string]bool{age: true, tables: true, foreign: true, "caretaker/default/account/account/concurrency": true, "caretaker/default/quota/dynamodb/L-F98FE922/resources": true, "caretaker/default/function/gone/errors": false} {
		want.Equal(t, "whether "+name+" stands", names[name], stands)
	}
	for name := range names {
		if name == "caretaker/default/function/"+functionName+"/errors" {
			t.Errorf("it watches itself: %s", name)
		}
	}
	want.Equal(t, "dashboards that are changed and deleted", []int{first.Dashboards[alerts.Changed], first.Dashboards[alerts.Deleted]}, []int{1, 1})
	for _, kind := range []string{"rest-api/orders/prod/", "http-api/carts/", "delivery-stream/audit/", "schedule-group/default/"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(names)), func(name string) bool { return strings.HasPrefix(name, "caretaker/default/"+kind) }) {
			t.Errorf("no alarm is about %s", kind)
		}
	}
	want.Says(t, "what the fleet's shows", w.body(t, fleet), "AWS/Lambda", "ConcurrentExecutions")
	want.Equal(t, "what that of a service that is gone shows", w.body(t, gone), "")
	want.Says(t, "what somebody's shows", w.body(t, foreign), "mine")
	want.Equal(t, "metric filters", first.Filters, map[alerts.Outcome]int{alerts.Created: 1, alerts.Deleted: 1})
	want.Equal(t, "the filters of the shop", w.filters(t, shopLogs), []string{"caretaker/default/refused"})
	want.Equal(t, "the filters of the bank", w.filters(t, bankLogs), []string{foreign})
	again := w.good(t)
	want.Equal(t, "dashboards of a second run", again.Dashboards, map[alerts.Outcome]int{alerts.Kept: 2})
	want.Equal(t, "what is as it should be", again.Outcomes[alerts.Kept], first.Outcomes[alerts.Kept]+first.Outcomes[alerts.Created]+first.Outcomes[alerts.Changed])
	for _, call := range w.Own() {
		if slices.Contains([]string{"PutMetricAlarm", "PutCompositeAlarm", "DeleteAlarms", "TagResource", "PutDashboard", "DeleteDashboards", "PutMetricFilter", "DeleteMetricFilter"}, call.Operation) {
			t.Errorf("a second run calls %s", call.Operation)
		}
	}
}

func TestDeployed_callsExactlyWhatItsRoleGrants(t *testing.T) {
	w := shared
	w.disorder(t)
	if failure := w.runAndLeave(t); failure != "" {
		t.Fatal(failure)
	}
	called := map[string]bool{}
	for _, call := range w.Own() {
		action := call.Service + ":" + call.Operation
		if call.Service == "apigateway" { // its actions are HTTP's
			action = "apigateway:GET"
		}
		called[action] = true
		if call.ErrorCode != "" {
			t.Errorf("%s:%s answered %s", call.Service, call.Operation, call.ErrorCode)
		}
	}
	_, actions := granted(t, w)
	want.Equal(t, "the actions that are called, as those that are granted", slices.Sorted(maps.Keys(called)), actions)
}

func TestDeployed_needsEachActionOfItsRole(t *testing.T) {
	w := shared
	w.disorder(t)
	w.good(t)
	policies, actions := granted(t, w)
	if len(actions) < 31 {
		t.Fatalf("the role grants %d actions, want 31 at least: %v", len(actions), actions)
	}
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			w.disorder(t)
			want.NoError(t, "taking it away", w.SetPolicies(t.Context(), deployed.Without(policies, action)))
			defer func() {
				want.NoError(t, "giving it back", w.SetPolicies(context.WithoutCancel(t.Context()), policies))
			}()
			failure := w.runAndLeave(t)
			if failure == "" {
				t.Fatal("without it no run fails")
			}
			want.Says(t, "the failure", failure, action)
		})
	}
	w.good(t)
}

// The brake in the console stops all writes.
func TestDeployed_writesNothingWithTheBrakePulled(t *testing.T) {
	w := shared
	w.disorder(t)
	pulled := maps.Clone(w.Variables)
	pulled["DRY_RUN"] = "yes"
	want.NoError(t, "pulling the brake", w.SetVariables(t.Context(), pulled))
	defer func() {
		want.NoError(t, "letting it go", w.SetVariables(context.WithoutCancel(t.Context()), w.Variables))
	}()
	report := w.good(t)
	want.Equal(t, "it is a dry run", report.DryRun, true)
	want.Equal(t, "what it would delete", report.Outcomes[alerts.ToDelete], 2)
	want.Equal(t, "whether an alarm is made", w.names(t)[age], false)
}
