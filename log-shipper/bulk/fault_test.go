package bulk_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/document"
)

// Only what a busy node turned away is sent again.
func TestSend_sendsBusyItemsAgainAndNoOthers(t *testing.T) {
	w := newSmallWorld(t)
	w.Inject(opensearch.Fault{Times: 1, Item: func(place int, _ string) int {
		return map[int]int{3: 429, 7: 503}[place]
	}})
	delivered(t, w.send(some(10)), 10)
	calls := w.bulks()
	want.Equal(t, "requests", len(calls), 2)
	want.Equal(t, "documents of the second", calls[1].IDs, []string{"id-3", "id-7"})
	w.holds(10)
}

// What stays is sent before what comes after it.
func TestSend_keepsTheOrderOfWhatItSendsAgain(t *testing.T) {
	w := newSmallWorld(t)
	w.options.Events = 4
	w.Inject(opensearch.Fault{Times: 1, Item: func(place int, _ string) int { return map[int]int{1: 429}[place] }})
	delivered(t, w.send(some(8)), 8)
	want.Equal(t, "documents of the second request", w.bulks()[1].IDs, []string{"id-1", "id-4", "id-5", "id-6"})
}

func TestSend_sendsAWholeRequestAgain(t *testing.T) {
	for name, fault := range map[string]opensearch.Fault{
		"429":                              {Status: 429, Body: `{"error":{"type":"circuit_breaking_exception","reason":"Data too large"},"status":429}`},
		"500":                              {Status: 500},
		"502":                              {Status: 502, Body: "<html>bad gateway</html>"},
		"503 with Retry-After":             {Status: 503, Header: http.Header{"Retry-After": {"1"}}},
		"504":                              {Status: 504},
		"cut connection":                   {Drop: true},
		"cut answer":                       {Truncate: true},
		"an answer that is no JSON":        {Status: 200, Body: "<html>welcome</html>"},
		"an answer that is short of items": {Status: 200, Body: `{"errors":false,"items":[{"create":{"_index":".ds-a","status":201}}]}`},
		"an answer without items":          {Status: 200, Body: `{"errors":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newSmallWorld(t)
			fault.Times = 2
			w.Inject(fault)
			fates := w.send(some(10))
			count := tally(fates)
			want.Equal(t, "documents that arrived", count[document.Delivered]+count[document.Already], 10)
			want.NoError(t, "sending", fates.Err)
			want.Equal(t, "requests", len(w.bulks()), 3)
			w.holds(10)
		})
	}
}

// A node that is down comes back while there is time.
func TestSend_outlastsARestart(t *testing.T) {
	w := newSmallWorld(t)
	w.options.Endpoint = w.service.URL()
	w.service.Kill()
	go func() {
		time.Sleep(300 * time.Millisecond)
		_ = w.service.Restart(t.Context()) // the test fails without it
	}()
	delivered(t, w.send(some(10)), 10)
}

func TestSend_endsWithItsContextAndSaysWhatIsUnsent(t *testing.T) {
	w := newSmallWorld(t)
	w.options.Events = 10
	w.Inject(opensearch.Fault{Times: 1}) // the first request arrives
	w.Inject(opensearch.Fault{Status: 503, Body: `{"error":{"type":"unavailable","reason":"later"}}`})
	fates := w.sendFor(500*time.Millisecond, some(30))
	want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Delivered: 10, document.Unsent: 20})
	want.Says(t, "the error", fmt.Sprint(fates.Err), "20 of 30 documents are unsent", "503 unavailable: later", w.options.Endpoint)
}

// The reason is short: a report has room for little.
func TestSend_saysWhyAnEndpointCannotBeReached(t *testing.T) {
	w := newSmallWorld(t)
	w.options.Endpoint = w.service.URL()
	w.service.Kill()
	fates := w.sendFor(300*time.Millisecond, some(1))
	want.Says(t, "the error", fmt.Sprint(fates.Err), "sending to "+w.service.URL()+": 1 of 1 documents are unsent: dial tcp", "connection refused")
}

func TestSend_triesNothingAfterItsContext(t *testing.T) {
	w := newSmallWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fates := destination(t, w.options).Send(ctx, some(3))
	want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 3})
	want.Equal(t, "requests", len(w.bulks()), 0)
	want.Says(t, "the error", fmt.Sprint(fates.Err), context.Canceled.Error())
}

// The pauses get longer, so that a node in need is not pressed.
func TestSend_pausesLongerEachTime(t *testing.T) {
	w := newSmallWorld(t)
	w.Inject(opensearch.Fault{Status: 503})
	w.sendFor(2*time.Second, some(1))
	if calls := len(w.bulks()); calls > 12 {
		t.Errorf("%d requests in two seconds", calls)
	}
}

// lines is a log that may be read while it is written.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(text)
}

func (l *lines) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// An endpoint that takes the connection and says nothing is named while the run still goes on.
func TestSend_namesAnEndpointThatDoesNotAnswer(t *testing.T) {
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	want.NoError(t, "listening", err)
	defer func() { _ = silent.Close() }()
	for name, endpoint := range map[string]string{"by http": "http://" + silent.Addr().String(), "by TLS": "https://" + silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			var log lines
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			ended := make(chan document.Fates, 1)
			d := destination(t, bulk.Options{Endpoint: endpoint, DataStream: "logs", Auth: bulk.Auth{Type: bulk.None}})
			go func() { ended <- d.Send(zerolog.New(&log).WithContext(ctx), some(1)) }()
			for !strings.Contains(log.String(), endpoint) {
				select {
				case fates := <-ended:
					t.Fatalf("it ended before the endpoint was named: %v", fates.Err)
				case <-time.After(10 * time.Millisecond):
				}
			}
			cancel()
			fates := <-ended
			want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 1})
			want.Says(t, "the error", fmt.Sprint(fates.Err), endpoint)
			if strings.Contains(log.String(), "line 0") {
				t.Errorf("the log holds what was sent:\n%s", &log)
			}
		})
	}
}

// Requests that are too large are halved, and those that follow are smaller from the start.
func TestSend_halvesWhatIsTooLarge(t *testing.T) {
	w := newSmallWorld(t)
	w.service.(*opensearch.StandIn).LimitBody(100_000)
	b := &document.Batch{}
	for i := range 300 {
		add(b, fmt.Sprint("id-", i), `"message":"`+strings.Repeat("a", 1000)+`"`)
	}
	lift(b, "large below", `"message":"kept"`, `{"a":"`+strings.Repeat("a", 100_000)+`"}`)
	add(b, "large", `"message":"`+strings.Repeat("a", 100_000)+`"`)
	add(b, "last", `"message":"a"`)
	d := destination(t, w.options)
	fates := d.Send(t.Context(), b)
	want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Delivered: 302, document.Refused: 1})
	want.Says(t, "the reason", fates.Reasons[301], "413")
	want.Equal(t, "documents without their lifted field", fates.Bare, 1)
	want.NoError(t, "sending", fates.Err)
	w.holds(302)

	before := len(w.bulks())
	again := &document.Batch{}
	for i := range 300 {
		add(again, fmt.Sprint("again-", i), `"message":"`+strings.Repeat("a", 1000)+`"`)
	}
	delivered(t, d.Send(t.Context(), again), 300)
	for _, request := range w.bulks()[before:] {
		want.Equal(t, "status of a later request", request.Status, 200)
	}
}

// Where every request is refused, it is not the documents: they are kept.
func TestSend_takesNoDocumentForPoisonWhereAllAreRefused(t *testing.T) {
	w := newSmallWorld(t)
	w.Inject(opensearch.Fault{Match: isBulk, Status: 400, Body: `{"error":{"type":"illegal_argument_exception","reason":"unrecognized parameter"},"status":400}`})
	fates := w.send(some(1000))
	want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 1000})
	want.Equal(t, "reasons", len(fates.Reasons), 0)
	want.Says(t, "the error", fmt.Sprint(fates.Err), "unrecognized parameter")
	if calls := len(w.bulks()); calls > 20 {
		t.Errorf("%d requests were made", calls)
	}
}

// An answer that no second attempt would change ends the sending at once.
func TestSend_givesUpWhereNothingWouldHelp(t *testing.T) {
	for name, fault := range map[string]opensearch.Fault{
		"403":         {Status: 403, Body: `{"message":"not authorized to perform: es:ESHttpPost"}`},
		"401":         {Status: 401},
		"404":         {Status: 404, Body: `{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}`},
		"405":         {Status: 405},
		"a redirect":  {Status: 302, Header: http.Header{"Location": {"http://169.254.169.254/latest/meta-data"}}},
		"403 an item": {Item: func(int, string) int { return 403 }},
		"404 an item": {Item: func(int, string) int { return 404 }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newSmallWorld(t)
			w.Inject(fault)
			fates := w.send(some(10))
			want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 10})
			want.Says(t, "the error", fmt.Sprint(fates.Err), w.options.Endpoint)
			want.Equal(t, "requests", len(w.bulks()), 1)
		})
	}
}

// Elasticsearch answers 201 for a document that its mapping refuses, and puts it aside.
func TestSend_tellsApartWhatTheFailureStoreTook(t *testing.T) {
	w := newSmallWorld(t)
	w.Inject(opensearch.Fault{Status: 200, Body: `{"errors":false,"took":1,"items":[
		{"create":{"_index":".fs-logs-2026.11.29-000001","_id":"a","status":201,"failure_store":"used"}},
		{"create":{"_index":".ds-logs-2026.11.29-000001","_id":"b","status":201,"failure_store":"not_enabled"}}]}`})
	fates := w.send(some(2))
	want.Equal(t, "fates", fates.Of, []document.Fate{document.Diverted, document.Delivered})
	want.NoError(t, "sending", fates.Err)
}
