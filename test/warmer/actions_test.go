package warmer_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/test/deployed"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

// onBehalf are the actions of the role that AWS uses on the function's behalf, for its log, its traces and what failed.
var onBehalf = []string{"logs", "xray", "sqs"}

// all makes functions of every kind that the file lists: by name, with an alias and a number, by pattern, by tag.
func (w world) all(t *testing.T) {
	t.Helper()
	w.make(t,
		instrumented.Function{Name: "single"}, instrumented.Function{Name: "five", Alias: "live"}, instrumented.Function{Name: "team-a"},
		instrumented.Function{Name: "numbered", Alias: "live"}, instrumented.Function{Name: "tagged", Tags: map[string]string{warmer.Tag: "always=1 ever=3"}},
		instrumented.Function{Name: "paid", Alias: "live"}, instrumented.Function{Name: "unpaid", Alias: "live"})
	w.owesAChange(t)
}

const wantedOfAll = 1 + 5 + 2 + 2 + 3

func TestDeployed_callsExactlyWhatItsRoleGrants(t *testing.T) {
	w := shared
	w.all(t)
	report := w.good(t)
	want.Equal(t, "distinct", report.Distinct, wantedOfAll)
	called := map[string]bool{}
	for _, call := range w.Own() {
		action := call.Service + ":" + call.Operation
		if call.Operation == "Invoke" {
			action = "lambda:InvokeFunction"
		}
		called[action] = true
		if call.ErrorCode != "" && call.ErrorCode != "ResourceNotFoundException" && call.ErrorCode != "ConditionalCheckFailedException" {
			t.Errorf("%s:%s answered %s", call.Service, call.Operation, call.ErrorCode)
		}
	}
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	want.Equal(t, "the actions that are called, as those that are granted", slices.Sorted(maps.Keys(called)), deployed.Granted(policies, onBehalf...))

	// The same process two runs later: what it read still counts. What it changed it has read once more by then.
	w.good(t)
	w.ForgetCalls()
	again := w.good(t)
	want.Equal(t, "pings of the next run", again.Pings, wantedOfAll)
	counts := map[string]int{}
	for _, call := range w.Own() {
		counts[call.Service+":"+call.Operation]++
	}
	// Connections are opened by as many calls that run nothing. A function that is not there is looked for each time.
	absent := 2 // twenty and mute
	want.Equal(t, "its calls", counts, map[string]int{
		"lambda:Invoke": 2 * wantedOfAll, "tag:GetResources": 1, "lambda:GetFunction": absent, "dynamodb:Query": 1, "dynamodb:UpdateItem": 2,
	})
}

func TestDeployed_needsEachActionOfItsRole(t *testing.T) {
	w := shared
	w.all(t)
	w.good(t)
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	actions := deployed.Granted(policies, onBehalf...)
	if len(actions) < 12 {
		t.Fatalf("the role grants %d actions, want 12 at least: %v", len(actions), actions)
	}
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			want.NoError(t, "taking it away", w.SetPolicies(t.Context(), deployed.Without(policies, action)))
			defer func() {
				want.NoError(t, "giving it back", w.SetPolicies(context.WithoutCancel(t.Context()), policies))
			}()
			w.owesAChange(t)
			w.begin(t)
			_, failure := w.run(t)
			if failure == nil {
				t.Fatal("without it no run fails")
			}
			want.Says(t, "the failure", failure.Error(), action)
		})
	}
	w.begin(t)
	want.Equal(t, "distinct with all of them", w.good(t).Distinct, wantedOfAll)
}

// A pattern and a tag reach Caretaker's own functions no more than the list does.
func TestDeployed_mayNotInvokeCaretakersOwn(t *testing.T) {
	w := shared
	w.make(t, instrumented.Function{Name: "caretaker-other", Tags: map[string]string{warmer.Tag: "2"}}, instrumented.Function{Name: "single"})
	report := w.good(t)
	want.Equal(t, "the reason", skipped(t, report, "caretaker-other").Reason, warmer.Own)
	want.Equal(t, "calls of it", w.called("Invoke", "caretaker-other"), 0)
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	denied := false
	for _, statement := range policies["warmer"].Statement {
		denied = denied || statement.Effect == "Deny" && slices.Contains(statement.Action, "lambda:InvokeFunction") && strings.HasSuffix(statement.Resource[0], ":function:caretaker-*")
	}
	want.Equal(t, "the role denies it too", denied, true)
}

// The brake in the console stops all calls, and a tag that cannot be read is named.
func TestDeployed_invokesNothingWithTheBrakePulled(t *testing.T) {
	w := shared
	w.make(t, instrumented.Function{Name: "single"}, instrumented.Function{Name: "wrong", Tags: map[string]string{warmer.Tag: "1e9"}})
	pulled := maps.Clone(w.Variables)
	pulled["DRY_RUN"] = "yes"
	want.NoError(t, "pulling the brake", w.SetVariables(t.Context(), pulled))
	defer w.begin(t)
	w.ForgetCalls()
	report := w.good(t)
	want.Equal(t, "it is a dry run", report.DryRun, true)
	want.Equal(t, "wanted", report.Wanted, 1)
	want.Equal(t, "calls of Invoke", w.called("Invoke", ""), 0)
	want.Says(t, "why wrong is left alone", skipped(t, report, "wrong").Detail, `the tag caretaker:warm is "1e9"`, "not a whole number")
}

// Whoever may invoke the warmer cannot make it send more.
func TestDeployed_takesNothingFromItsEvent(t *testing.T) {
	w := shared
	w.make(t, instrumented.Function{Name: "single"})
	for _, event := range []string{`{"concurrency":"3"}`, `{"concurrency":1e9}`, `{"functions":[{"name":"single","warm":{"always":50}}]}`, `[]`, `"3"`} {
		w.ForgetCalls()
		err := w.Invoke(t.Context(), []byte(event), new(warmer.Report))
		if err == nil {
			t.Errorf("%s is taken", event)
			continue
		}
		want.Says(t, "the error", err.Error(), "the warmer takes")
		want.Equal(t, "calls after "+event, len(w.Own()), 0)
	}
}
