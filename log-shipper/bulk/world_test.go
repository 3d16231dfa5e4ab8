package bulk_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/document"
)

// shared starts the OpenSearch that tests send to, each to a data stream of its own: the real node takes a
// while to start.
var shared = sync.OnceValues(func() (opensearch.Service, error) {
	if why := opensearch.Missing(); why != nil {
		fmt.Println("a stand-in answers in place of OpenSearch:", why)
	}
	return opensearch.Start(context.Background())
})

func TestMain(m *testing.M) {
	code := m.Run()
	if started {
		if s, err := shared(); err == nil {
			s.Stop()
		}
	}
	os.Exit(code)
}

// started says that a test has asked for it.
var started bool

func sharedService(t *testing.T) opensearch.Service {
	t.Helper()
	started = true
	s, err := shared()
	want.NoError(t, "starting OpenSearch", err)
	return s
}

// world is a gate in front of a service, and a destination that sends through it.
type world struct {
	*testing.T
	*opensearch.Gate
	service opensearch.Service
	stream  string
	options bulk.Options
}

// newWorld is one in front of the shared service, with its data stream set up.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := worldOf(t, sharedService(t))
	w.setup()
	return w
}

// newSmallWorld is one in front of a stand-in.
func newSmallWorld(t *testing.T) *world {
	t.Helper()
	s, err := opensearch.StartStandIn(t.Context())
	want.NoError(t, "starting the stand-in", err)
	t.Cleanup(s.Stop)
	w := worldOf(t, s)
	w.setup()
	return w
}

func worldOf(t *testing.T, s opensearch.Service) *world {
	t.Helper()
	gate, err := opensearch.OpenGate(t.Context(), s.URL(), false)
	want.NoError(t, "opening the gate", err)
	t.Cleanup(gate.Close)
	stream := "logs-" + strings.NewReplacer("/", "-", "_", "-").Replace(strings.ToLower(t.Name()))
	return &world{T: t, Gate: gate, service: s, stream: stream, options: bulk.Options{
		Endpoint: gate.URL(), DataStream: stream, Auth: bulk.Auth{Type: bulk.None}, IDs: true,
	}}
}

func (w *world) setup() {
	w.Helper()
	o := w.options
	o.Endpoint, o.Auth, o.CA = w.service.URL(), bulk.Auth{Type: bulk.None}, ""
	_, err := destination(w.T, o).Setup(w.Context())
	want.NoError(w, "setting up", err)
}

func destination(t *testing.T, o bulk.Options) *bulk.Destination {
	t.Helper()
	d, err := bulk.New(o)
	want.NoError(t, "making a destination", err)
	return d
}

// send sends with plenty of time.
func (w *world) send(b *document.Batch) document.Fates {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
	defer cancel()
	return destination(w.T, w.options).Send(ctx, b)
}

// sendFor sends with so much time.
func (w *world) sendFor(d time.Duration, b *document.Batch) document.Fates {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), d)
	defer cancel()
	return destination(w.T, w.options).Send(ctx, b)
}

// holds says that the service holds so many documents.
func (w *world) holds(documents int) {
	w.Helper()
	n, err := opensearch.Look(w.service).Count(w.Context(), w.stream)
	want.NoError(w, "counting documents", err)
	want.Equal(w, "documents in "+w.stream, n, documents)
}

// bulks are the _bulk requests that came.
func (w *world) bulks() (found []opensearch.GateCall) {
	for _, call := range w.Calls() {
		if strings.HasSuffix(call.Path, "/_bulk") {
			found = append(found, call)
		}
	}
	return found
}

func isBulk(call opensearch.GateCall) bool { return strings.HasSuffix(call.Path, "/_bulk") }

// some is a batch of documents that all are fine, id-0 and so on.
func some(count int) *document.Batch {
	b := &document.Batch{}
	for i := range count {
		add(b, fmt.Sprint("id-", i), fmt.Sprintf(`"message":"line %d"`, i))
	}
	return b
}

const stamp = `{"@timestamp":"2026-11-29T10:00:00.000Z",`

// add adds a document with these fields.
func add(b *document.Batch, id, fields string) { b.Add([]byte(id), []byte(stamp+fields+"}"), nil, 0) }

// lift adds one with a lifted field as well.
func lift(b *document.Batch, id, fields, lifted string) {
	lifted = `,"json":` + lifted
	b.Add([]byte(id), []byte(stamp+fields+lifted+"}"), []byte(lifted), 0)
}

// tally counts fates.
func tally(fates document.Fates) map[document.Fate]int {
	count := map[document.Fate]int{}
	for _, fate := range fates.Of {
		count[fate]++
	}
	return count
}

// delivered says that all were, and nothing else happened.
func delivered(t *testing.T, fates document.Fates, count int) {
	t.Helper()
	want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Delivered: count})
	want.NoError(t, "sending", fates.Err)
}

func call(t *testing.T, s opensearch.Service, method, path, body string) []byte {
	t.Helper()
	status, answer, err := opensearch.Look(s).Call(t.Context(), method, path, body)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s %s: %v %d %s", method, path, err, status, answer)
	}
	return answer
}
