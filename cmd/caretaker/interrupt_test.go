package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// A plan reads, whatever part it is of: who stops it hears that nothing was changed, and nothing of errors.
func TestPlan_ofAnyPartInterruptedSaysThatNothingWasChanged(t *testing.T) {
	for _, part := range []string{"alerts", "log-shipper", "warmer"} {
		t.Run(part, func(t *testing.T) {
			s := newShipping(t)
			t.Cleanup(others.ClearFaults)
			reading := slowed(func(call emulator.Call) bool { return call.Operation != "GetCallerIdentity" })
			file := write(t, "caretaker.yaml", `{version: 1, warmer: {functions: [{name: checkout, warm: {always: 1}}]}, logShipper: {destination: {endpoint: "https://logs.example.com"}}}`)
			p := begin(t, s.environ, part, "plan", "--config", file)
			got := p.interruptedBy(t, reading)
			got.expect(t, console.WorkLeft, "Stopping. Nothing has been changed.", "caretaker: "+console.ReadingStopped)
			for _, not := range []string{"error", "delet", "canceled"} {
				if strings.Contains(got.out+got.err, not) {
					t.Errorf("%q is said of a reading that somebody stopped:\n%s%s", not, got.out, got.err)
				}
			}
		})
	}
}

// The limit-raiser's plan begins with an event, and ends with the same words.
func TestRaisePlan_interruptedSaysThatNothingWasChanged(t *testing.T) {
	r := newRaising(t)
	t.Cleanup(others.ClearFaults)
	reading := slowed(func(call emulator.Call) bool { return call.Operation != "GetCallerIdentity" })
	p := begin(t, r.environ, "limit-raiser", "plan", "--config", r.file, "--event", write(t, "sns.json", string(read(t, "sns.json"))))
	got := p.interruptedBy(t, reading)
	others.ClearFaults()
	got.expect(t, console.WorkLeft, "Stopping. Nothing has been changed.", "caretaker: "+console.ReadingStopped)
	for _, not := range []string{"error", "raise", "canceled"} {
		if strings.Contains(got.out+got.err, not) {
			t.Errorf("%q is said of a reading that somebody stopped:\n%s%s", not, got.out, got.err)
		}
	}
}

// Once something was changed, an interrupt does not end in the word that nothing was.
func TestUnsubscribe_interruptedSaysWhatIsLeft(t *testing.T) {
	s := newShipping(t)
	t.Cleanup(others.ClearFaults)
	removing := slowed(func(call emulator.Call) bool { return call.Operation == "DeleteSubscriptionFilter" })
	p := begin(t, s.environ, "log-shipper", "unsubscribe", "--yes", "--config", s.file)
	got := p.interruptedBy(t, removing)
	got.expect(t, console.WorkLeft, "Stopping. What is under way is finished and checked.")
	if strings.Contains(got.err, "nothing was changed") || strings.Contains(got.err, "Nothing has been changed") {
		t.Errorf("it says that nothing was changed, and a filter may be gone:\n%s", got.err)
	}
}

// slowed tells of each call that matches, and has it take long from then on: there is time to interrupt it.
func slowed(match func(emulator.Call) bool) (called chan struct{}) {
	called = make(chan struct{}, 1000)
	others.Inject(emulator.Fault{Match: match, Times: 1000, Before: func(emulator.Call) {
		called <- struct{}{}
		time.Sleep(2 * time.Second)
	}})
	return called
}

// interruptedBy stops a command once it has made one of these calls.
func (p *running) interruptedBy(t *testing.T, called <-chan struct{}) result {
	t.Helper()
	select {
	case <-called:
	case <-time.After(time.Minute):
		t.Fatalf("it makes no such call:\n%s", &p.err)
	}
	return p.interrupt(t)
}

// interrupt stops a command as Ctrl-C does.
func (p *running) interrupt(t *testing.T) result {
	t.Helper()
	want.NoError(t, "interrupting it", p.Process.Signal(os.Interrupt))
	return p.end(t)
}
