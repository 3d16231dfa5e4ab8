package logshipper_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
)

// poisoned is a document's refusal that the node would repeat for ever.
func poisoned(ids ...string) opensearch.Fault {
	return opensearch.Fault{Item: func(_ int, id string) int {
		for _, one := range ids {
			if id == one {
				return http.StatusBadRequest
			}
		}
		return 0
	}}
}

// busy answers some documents that they may come again.
func busy(status, times int, ids ...string) opensearch.Fault {
	fault := poisoned(ids...)
	refuses := fault.Item
	fault.Times = times
	fault.Item = func(place int, id string) int {
		if refuses(place, id) == 0 {
			return 0
		}
		return status
	}
	return fault
}

// What passes while a run lasts costs nothing: each event stands there once, and none is parked.
func TestDeployed_outlastsWhatPasses(t *testing.T) {
	w := shared
	for name, fault := range map[string]func(ids []string) opensearch.Fault{
		"429 for one document":         func(ids []string) opensearch.Fault { return busy(429, 1, ids[1]) },
		"503 for one document, thrice": func(ids []string) opensearch.Fault { return busy(503, 3, ids[0]) },
		"429 for the whole request":    func([]string) opensearch.Fault { return opensearch.Fault{Times: 1, Status: 429} },
		"a burst of 500":               func([]string) opensearch.Fault { return opensearch.Fault{Times: 3, Status: 500} },
		"a connection that breaks":     func([]string) opensearch.Fault { return opensearch.Fault{Times: 1, Drop: true} },
		"an answer that is cut off":    func([]string) opensearch.Fault { return opensearch.Fault{Times: 1, Truncate: true} },
		"a request that is too large":  func([]string) opensearch.Fault { return opensearch.Fault{Times: 1, Status: 413} },
		"an answer that says Try-After": func([]string) opensearch.Fault {
			return opensearch.Fault{Times: 1, Status: 503, Header: http.Header{"Retry-After": {"1"}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			events := lines(t.Name(), "one", "two", "three")
			w.meets(t, fault([]string{events[0].ID, events[1].ID, events[2].ID}))
			report := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
			want.Equal(t, "delivered, now or before", report.Delivered+report.Already, 3)
			want.Equal(t, "documents", w.found(t, events), 3)
			want.Equal(t, "parked", report.Parked, 0)
		})
	}
}

// What does not pass parks the payload: the run ends well before its time-out, in no error, and the
// payload comes back until it is delivered.
func TestDeployed_parksWhatItCannotDeliverInTime(t *testing.T) {
	w := shared
	for name, fault := range map[string]opensearch.Fault{
		"429 for ever":               {Status: 429},
		"503 for ever":               {Status: 503},
		"no answer":                  {Silent: true},
		"an answer that is too late": {Delay: 30 * time.Second},
		"connections that break":     {Drop: true},
		"401":                        {Status: 401},
		"403":                        {Status: 403, Body: `{"error":{"type":"security_exception","reason":"no permissions for [indices:data/write/bulk]"},"status":403}`},
	} {
		t.Run(name, func(t *testing.T) {
			events := lines(t.Name(), "one", "two")
			w.meets(t, fault)
			began := time.Now()
			report := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
			t.Logf("it took %s: %s", time.Since(began), report.Unsent)
			want.Equal(t, "parked", report.Parked, 2)
			want.Equal(t, "why it was not sent is said", report.Unsent != "", true)
			want.Equal(t, "parked payloads", len(w.kept(t, "parked/")), 1)
			w.gate.ClearFaults()
			w.comesBack(t)
			want.Equal(t, "documents", w.found(t, events), 2)
		})
	}
}

func TestDeployed_parksOnceWhatComesTwice(t *testing.T) {
	w := shared
	events := lines(t.Name(), "one")
	w.meets(t, opensearch.Fault{Status: 503})
	event := direct(gzipped(t, payload(t, "/aws/lambda/orders", events)))
	var both errgroup.Group
	for range 2 {
		both.Go(func() error {
			report, err := w.run(t, event)
			if err == nil && report.Parked != 1 {
				err = fmt.Errorf("parked %d, want 1", report.Parked)
			}
			return err
		})
	}
	want.NoError(t, "two runs at once", both.Wait())
	want.Equal(t, "parked payloads", len(w.kept(t, "parked/")), 1)
	w.gate.ClearFaults()
	w.comesBack(t)
	want.Equal(t, "documents", w.found(t, events), 1)
}

func TestDeployed_putsPoisonAloneIntoTheBucketAndItsNeighboursArrive(t *testing.T) {
	w := shared
	before := len(w.kept(t, logshipper.DeadLettersPrefix))
	events := lines(t.Name(), "good", "poison of 4111 1111 1111 1111", "good too")
	w.meets(t, poisoned(events[1].ID))
	event := direct(gzipped(t, payload(t, "/aws/lambda/orders", events)))
	report := w.ships(t, event)
	want.Equal(t, "delivered", report.Delivered, 2)
	want.Equal(t, "dead letters", report.DeadLettered, 1)
	again := w.ships(t, event)
	want.Equal(t, "already delivered, the second time", again.Already, 2)
	want.Equal(t, "objects of dead letters more", len(w.kept(t, logshipper.DeadLettersPrefix))-before, 1)
	letters := w.letters(t, report.Letters[0])
	if want.Equal(t, "dead letters in the object", len(letters), 1) {
		want.Equal(t, "whose it is", letters[0].ID, events[1].ID)
		want.Says(t, "its reason", letters[0].Reason, "400")
		want.Says(t, "the document", string(letters[0].Document), "[redacted:card]")
	}
}

// A record that cannot be sent holds up those after it and none before it; poison holds up nothing.
func TestDeployed_answersAStreamItsLowestUnsentSequenceNumber(t *testing.T) {
	w := shared
	events := lines(t.Name(), "a", "poison", "busy", "d")
	var list []map[string]any
	for number, event := range events {
		list = append(list, record(number, gzipped(t, payload(t, "/aws/lambda/orders", []line{event}))))
	}
	refuse, wait := poisoned(events[1].ID), busy(503, 0, events[2].ID)
	w.meets(t, opensearch.Fault{Item: func(place int, id string) int { return max(refuse.Item(place, id), wait.Item(place, id)) }})
	report := w.ships(t, records(t, list...))
	want.Equal(t, "what comes again", report.BatchItemFailures, []logshipper.BatchItemFailure{{ItemIdentifier: sequence(2)}})
	want.Equal(t, "dead letters", report.DeadLettered, 1)
	want.Equal(t, "handed back", report.HandedBack, 1)
	want.Equal(t, "delivered", report.Delivered, 2)
	w.gate.ClearFaults()
	again := w.ships(t, records(t, list[2:]...))
	want.Equal(t, "what comes again, the second time", len(again.BatchItemFailures), 0)
	want.Equal(t, "documents but for the poison", w.found(t, events), 3)
}

func TestDeployed_failsABatchOfAStreamOfWhichNothingWentThrough(t *testing.T) {
	w := shared
	events := lines(t.Name(), "a", "b")
	event := records(t, record(1, gzipped(t, payload(t, "/aws/lambda/orders", events[:1]))), record(2, gzipped(t, payload(t, "/aws/lambda/orders", events[1:]))))
	w.meets(t, opensearch.Fault{Status: 503})
	_, err := w.run(t, event)
	want.Says(t, "the error", fmt.Sprint(err), "2 of 2 payloads come again", "503")
	want.Equal(t, "parked payloads", len(w.kept(t, "parked/")), 0)
	w.gate.ClearFaults()
	w.ships(t, event)
	want.Equal(t, "documents", w.found(t, events), 2)
}

// With the brake on nothing is sent, and a stream does not wait until its records are too old.
func TestDeployed_parksEverythingWhileItIsBraked(t *testing.T) {
	w := shared
	braked := map[string]string{}
	for name, value := range w.Variables {
		braked[name] = value
	}
	braked["DRY_RUN"] = "1"
	want.NoError(t, "braking", w.SetVariables(t.Context(), braked))
	events := lines(t.Name(), "direct", "of a stream")
	calls := len(w.gate.Calls())
	one := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events[:1]))))
	two := w.ships(t, records(t, record(1, gzipped(t, payload(t, "/aws/lambda/orders", events[1:])))))
	want.Equal(t, "parked", one.Parked+two.Parked, 2)
	want.Equal(t, "records that come again", len(two.BatchItemFailures), 0)
	want.Equal(t, "requests to the destination", len(w.gate.Calls())-calls, 0)
	want.NoError(t, "releasing the brake", w.SetVariables(t.Context(), w.Variables))
	w.comesBack(t)
	want.Equal(t, "documents", w.found(t, events), 2)
}
