package bulk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/document"
)

// Whatever befalls the requests: what is said to be delivered stands there once, what is said to be refused
// does not, every document has one fate, and what is unsent arrives when it is sent again.
func TestSend_saysOfEachDocumentWhatIsSo(t *testing.T) {
	t.Parallel() // most of its time are pauses
	s, err := opensearch.StartStandIn(t.Context())
	want.NoError(t, "starting the stand-in", err)
	defer s.Stop()
	gate, err := opensearch.OpenGate(t.Context(), s.URL(), false)
	want.NoError(t, "opening the gate", err)
	defer gate.Close()
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		o := bulk.Options{
			Endpoint: gate.URL(), DataStream: fmt.Sprint("logs-round-", round), Auth: bulk.Auth{Type: bulk.None}, IDs: true,
			Events: rapid.IntRange(1, 20).Draw(r, "documents a request"), Bytes: rapid.IntRange(100, 5000).Draw(r, "bytes a request"),
		}
		d, err := bulk.New(o)
		if err == nil {
			gate.ClearFaults()
			s.LimitBody(100 << 20)
			_, err = d.Setup(t.Context())
		}
		if err != nil {
			r.Fatal(err)
		}
		b, poison := &document.Batch{}, map[int]bool{}
		// A node that takes none of a batch is doubted, and not the documents: that is another test. So one is fine.
		add(b, "id-0", `"message":"a"`)
		for i := range rapid.IntRange(0, 60).Draw(r, "documents") {
			i++
			switch kind := rapid.SampledFrom([]string{"fine", "fine", "fine", "lifted", "bad lifted", "poison", "long id"}).Draw(r, "kind"); kind {
			case "lifted":
				lift(b, fmt.Sprint("id-", i), `"message":"a"`, `{"a":1}`)
			case "bad lifted":
				lift(b, fmt.Sprint("id-", i), `"message":"a"`, `{"a":1,"a":2}`)
			case "poison":
				poison[i] = true
				add(b, fmt.Sprint("id-", i), `"aws.lambda.duration_ms":"long"`)
			case "long id":
				poison[i] = true
				add(b, fmt.Sprint("id-", i)+strings.Repeat("x", 513), `"message":"a"`)
			default:
				add(b, fmt.Sprint("id-", i), `"message":"a"`)
			}
		}
		for range rapid.IntRange(0, 3).Draw(r, "faults") {
			gate.Inject(rapid.SampledFrom(passing).Draw(r, "fault"))
		}
		s.LimitBody(rapid.SampledFrom([]int64{300, 2000, 100 << 20}).Draw(r, "largest body"))
		for attempt := 0; ; attempt++ {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if attempt == 0 && rapid.Bool().Draw(r, "short of time") {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
			}
			fates := d.Send(ctx, b)
			cancel()
			unsent := check(r, b, fates, s.Documents(o.DataStream), poison)
			if unsent == 0 {
				return
			}
			if attempt == 5 {
				r.Fatalf("%d documents are unsent still: %v", unsent, fates.Err)
			}
		}
	})
}

// passing are faults that a request meets once.
var passing = []opensearch.Fault{
	{Times: 1, Status: 429},
	{Times: 1, Status: 503},
	{Times: 1, Drop: true},
	{Times: 1, Truncate: true},
	{Times: 1, Status: 200, Body: "<html>"},
	{Times: 1, Item: func(place int, _ string) int { return map[int]int{0: 429, 3: 503}[place] }},
	{Times: 1, Item: func(int, string) int { return 429 }},
}

// check holds fates against what stands there, and answers how many documents are unsent.
func check(r *rapid.T, b *document.Batch, fates document.Fates, held map[string]json.RawMessage, poison map[int]bool) (unsent int) {
	if len(fates.Of) != b.Len() {
		r.Fatalf("%d fates of %d documents", len(fates.Of), b.Len())
	}
	for i, fate := range fates.Of {
		_, there := held[string(b.ID(i))]
		switch fate {
		case document.Unsent:
			unsent++
		case document.Delivered, document.Already:
			if !there || poison[i] {
				r.Fatalf("document %d is said to be delivered: it stands there: %v, it is poison: %v", i, there, poison[i])
			}
		case document.Refused:
			if there || fates.Reasons[i] == "" {
				r.Fatalf("document %d is said to be refused: it stands there: %v, the reason is %q", i, there, fates.Reasons[i])
			}
		default:
			r.Fatalf("document %d has the fate %d", i, fate)
		}
	}
	if (unsent > 0) != (fates.Err != nil) {
		r.Fatalf("%d documents are unsent, and the error is %v", unsent, fates.Err)
	}
	return unsent
}
