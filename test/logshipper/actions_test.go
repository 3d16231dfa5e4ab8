package logshipper_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/test/deployed"
)

// onBehalf are the actions of the role that AWS uses on the function's behalf, for its queue, its log and
// its traces, and the one that S3 asks for itself before it says that an object is not there. The emulator
// does not ask for them; the template's tests assert them.
var onBehalf = []string{
	"logs", "xray", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "s3:ListBucket",
}

// message is the event by which Lambda hands over a message of the function's queue.
func message(t testing.TB, waiting logshipper.Waiting) []byte {
	t.Helper()
	body, err := json.Marshal(waiting)
	want.NoError(t, "making a message", err)
	event, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"eventSource": "aws:sqs", "messageId": "m-1", "body": string(body)}}})
	want.NoError(t, "making a message", err)
	return event
}

// Without any one action of the role something fails that says so by the action's name, and nothing is
// lost: with it the same event arrives.
func TestDeployed_needsEachActionOfItsRole(t *testing.T) {
	w := shared
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	actions := deployed.Granted(policies, onBehalf...)
	want.Equal(t, "the actions of the role", actions, []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject", "sqs:SendMessage"})
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			events := lines(t.Name(), "one")
			event := direct(gzipped(t, payload(t, "/aws/lambda/orders", events)))
			reading := action == "s3:GetObject" || action == "s3:DeleteObject"
			w.meets(t, opensearch.Fault{Status: 503})
			if reading { // what is read was parked before
				w.ships(t, event)
				event = message(t, logshipper.Waiting{Key: w.kept(t, "parked/")[0]})
				w.gate.ClearFaults()
			}
			want.NoError(t, "taking the action away", w.SetPolicies(t.Context(), deployed.Without(policies, action)))
			report, failure := w.run(t, event)
			want.NoError(t, "giving it back", w.SetPolicies(context.WithoutCancel(t.Context()), policies))
			want.Says(t, "what the run says", fmt.Sprint(failure, report.Errors), action)
			if !reading { // it comes again, and is parked as it should have been
				want.Equal(t, "parked", w.ships(t, event).Parked, 1)
			}
			w.gate.ClearFaults()
			w.comesBack(t)
			want.Equal(t, "documents", w.found(t, events), 1)
		})
	}
}

// A run that parks, one that brings back, and one with poison call nothing that is not granted, and
// everything that is.
func TestDeployed_callsExactlyWhatItsRoleGrants(t *testing.T) {
	w := shared
	events := lines(t.Name(), "one", "poison")
	w.ForgetCalls()
	w.meets(t, opensearch.Fault{Status: 503})
	w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
	w.gate.ClearFaults()
	w.meets(t, poisoned(events[1].ID))
	w.comesBack(t)
	w.callsWhatIsGranted(t)
}

// callsWhatIsGranted is whether the function has called everything that its role grants, and nothing else.
func (w world) callsWhatIsGranted(t *testing.T) {
	t.Helper()
	called := map[string]bool{}
	for _, call := range w.Own() {
		called[call.Service+":"+call.Operation] = true
		if call.ErrorCode != "NoSuchKey" { // a message may come twice
			want.Equal(t, "what AWS answers to "+call.Operation, call.ErrorCode, "")
		}
	}
	var all []string
	for action := range called {
		all = append(all, action)
	}
	slices.Sort(all)
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	want.Equal(t, "the actions that are called, as those that are granted", all, deployed.Granted(policies, onBehalf...))
}
