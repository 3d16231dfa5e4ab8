package notify

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"caretaker/internal/emulator"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// What neither Slack nor mail takes comes again through the queue, until one of them does: it is told then, and once.
func TestHandle_whatNobodyTakesComesAgainAndIsToldOnce(t *testing.T) {
	w := newWorld(t, slack.Token)
	standIn.Revoke()
	account.Inject(emulator.Fault{Operation: "Publish", Status: http.StatusForbidden, Code: "AuthorizationError", Message: "not authorized", Times: 2})
	for received := range 2 {
		report := w.hearsAgain(float64(30*received+30), received+1, says(stateAlarm, "a", 0), "a notice")
		want.Equal(t, "messages that come again", report.BatchItemFailures, []BatchItemFailure{{"m0"}, {"m1"}})
		want.Equal(t, "messages that went nowhere", report.Failed, 2)
		want.Equal(t, "what is remembered as open", report.Open, 0)
		want.Says(t, "the errors", strings.Join(report.Errors, "\n"), "sns:Publish", "it would have gone there since", "token_revoked")
		account.ClearFaults()
		if received == 0 {
			account.Inject(emulator.Fault{Operation: "Publish", Status: http.StatusForbidden, Code: "AuthorizationError", Message: "not authorized"})
		}
	}
	want.Equal(t, "mails", len(w.told()), 0)
	// Mail heals first: it goes there, with the reason.
	report := w.hearsAgain(100, 3, says(stateAlarm, "a", 0), "a notice")
	want.Equal(t, "messages that come again", len(report.BatchItemFailures), 0)
	mails := w.told()
	if want.Equal(t, "mails", len(mails), 2) {
		want.Says(t, "a mail", mails[0], "Critical: checkout, a-errors is on", "token_revoked")
	}
	// The queue may bring it once more all the same: nobody hears it twice.
	standIn.Heal()
	w.hearsAgain(130, 4, says(stateAlarm, "a", 0))
	want.Equal(t, "mails", len(w.told()), 0)
	want.Equal(t, "messages in the channel", len(channel()), 0)
	// Its end is told where the rest is told by then.
	w.hears(900, says(stateOK, "a", 800))
	want.Equal(t, "what stands in the channel", channel(), []string{"OK again: checkout, 1 alarm, after 13 min"})
}

// What a scheduled run found and could not tell is an error of the run, and is told by a later one.
func TestHandle_aScheduledRunThatTellsNobodyFailsAndTellsLater(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.hears(30, says(stateAlarm, "a", 0))
	standIn.Revoke()
	account.Inject(emulator.Fault{Operation: "Publish", Status: http.StatusForbidden, Code: "AuthorizationError", Message: "not authorized"})
	w.clock = at(700)
	_, err := w.Handle(t.Context(), json.RawMessage("{}")) // the emulator has no such alarm: it is not there any more
	want.Says(t, "the run's error", errorText(err), "people could not be told what the schedule found")
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, a-errors is on"})
	standIn.Heal()
	account.ClearFaults()
	w.runs(1000, json.RawMessage("{}"))
	want.Equal(t, "what stands in the channel", channel(), []string{"OK again: checkout, 1 alarm, after 16 min (edited 1)"})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
