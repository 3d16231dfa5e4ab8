package logstash_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	standin "caretaker/internal/logstash"
	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/logstash"
)

// batchOf has a document for each message, with ids from a number on.
func batchOf(from int, messages ...string) *document.Batch {
	b := new(document.Batch)
	for i, message := range messages {
		id := fmt.Sprintf("%056d", from+i)
		b.Add([]byte(id), fmt.Appendf(nil, `{"@timestamp":"2026-11-29T10:00:00.000Z","event.id":%q,"message":%q}`, id, message), nil, 1_764_400_000_000)
	}
	return b
}

func many(count int) (messages []string) {
	for i := range count {
		messages = append(messages, fmt.Sprintf("order %d, größer, \"quoted\"", i))
	}
	return messages
}

// world is a Logstash, and a destination that sends to one of its inputs.
type world struct {
	*testing.T
	*standin.StandIn
	options logstash.Options
}

// byHTTP and byTCP send to either input, with TLS.
func byHTTP(t *testing.T) *world {
	w := start(t)
	w.options = logstash.Options{Endpoint: w.HTTP(), Auth: "none", CA: w.CA()}
	return w
}

func byTCP(t *testing.T) *world {
	w := start(t)
	w.options = logstash.Options{Endpoint: w.TCP(), Auth: "none", CA: w.CA(), WithoutAnswer: true}
	return w
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := standin.Start(t.Context(), true)
	want.NoError(t, "starting the stand-in for Logstash", err)
	t.Cleanup(s.Kill)
	return &world{T: t, StandIn: s}
}

// send sends within a time, and says how many documents had which fate.
func (w *world) send(b *document.Batch, within time.Duration) (map[document.Fate]int, document.Fates) {
	w.Helper()
	d, err := logstash.New(w.options)
	want.NoError(w, "making a destination", err)
	ctx, stop := context.WithTimeout(w.Context(), within)
	defer stop()
	fates := d.Send(ctx, b)
	counts := map[document.Fate]int{}
	for _, fate := range fates.Of {
		counts[fate]++
	}
	return counts, fates
}

// stands says that each of so many events was taken once.
func (w *world) stands(count int) {
	w.Helper()
	found := w.Events()
	want.Equal(w, "events there", len(found), count)
	for id, times := range found {
		want.Equal(w, "how often "+id+" is there", times, 1)
	}
	want.Equal(w, "lines that are no JSON", w.Broken(), 0)
}

const long = 20 * time.Second

func TestHTTP_bringsEachDocumentOnceAndReadsTheAnswer(t *testing.T) {
	w := byHTTP(t)
	w.options.Events = 700
	counts, fates := w.send(batchOf(0, many(2000)...), long)
	want.NoError(t, "sending", fates.Err)
	want.Equal(t, "fates", counts, map[document.Fate]int{document.Delivered: 2000})
	w.stands(2000)
}

func TestHTTP_waitsForAQueueThatIsFull(t *testing.T) {
	w := byHTTP(t)
	w.Fill(true)
	counts, fates := w.send(batchOf(0, "a", "b"), time.Second)
	want.Equal(t, "fates while it is full", counts, map[document.Fate]int{document.Unsent: 2})
	want.Says(t, "why", fates.Err.Error(), w.HTTP(), "2 of 2 documents are unsent", "429 Too Many Requests")
	w.stands(0)
	time.AfterFunc(500*time.Millisecond, func() { w.Fill(false) })
	counts, _ = w.send(batchOf(0, "a", "b"), long)
	want.Equal(t, "fates once there is room", counts, map[document.Fate]int{document.Delivered: 2})
	w.stands(2)
}

func TestHTTP_halvesWhatIsTooLarge(t *testing.T) {
	w := byHTTP(t)
	w.Limit(300_000)
	counts, fates := w.send(batchOf(0, append(many(3000), strings.Repeat("x", 400_000))...), long)
	want.Equal(t, "fates", counts, map[document.Fate]int{document.Delivered: 3000, document.Refused: 1})
	want.Says(t, "the reason", fates.Reasons[3000], "413")
	w.stands(3000)
}

// What breaks the codec costs its neighbours nothing but a second time: Logstash has no ids.
func TestHTTP_findsTheDocumentThatBreaksSomething(t *testing.T) {
	w := byHTTP(t)
	w.Poison("poisonous")
	counts, fates := w.send(batchOf(0, "a", "b", "c", "poisonous", "d", "e"), long)
	want.Equal(t, "fates", counts, map[document.Fate]int{document.Delivered: 5, document.Refused: 1})
	want.Says(t, "the reason", fates.Reasons[3], "500")
	want.Equal(t, "events there", len(w.Events()), 5)
}

// Where everything breaks, it is not the documents.
func TestHTTP_givesNoDocumentUpWhereAllAreRefused(t *testing.T) {
	w := byHTTP(t)
	w.Poison("order")
	counts, fates := w.send(batchOf(0, many(50)...), long)
	want.Equal(t, "fates", counts, map[document.Fate]int{document.Unsent: 50})
	want.Says(t, "why", fates.Err.Error(), "500")
}

// vault holds one secret, which changes.
type vault struct {
	text  string
	reads int
}

func (v *vault) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	if v.reads++; v.text == "" {
		return nil, errors.New("no such secret")
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &v.text}, nil
}

func TestHTTP_readsItsSecretAgainWhenItIsRefused(t *testing.T) {
	w := byHTTP(t)
	w.Require("writer", "second")
	v := &vault{text: `{"username":"writer","password":"first"}`}
	w.options.Auth, w.options.Secret, w.options.Secrets = "basic", "logs/writer", v
	d, err := logstash.New(w.options)
	want.NoError(t, "making a destination", err)
	fates := d.Send(t.Context(), batchOf(0, "a"))
	want.Says(t, "why with a wrong password", fmt.Sprint(fates.Err), "401 Unauthorized")
	want.Equal(t, "reads of a secret that is wrong", v.reads, 2)
	v.text = `{"username":"writer","password":"second"}`
	fates = d.Send(t.Context(), batchOf(0, "a"))
	want.NoError(t, "sending with the new password", fates.Err)
	w.stands(1)
	v.text = ""
	other, err := logstash.New(w.options)
	want.NoError(t, "making a destination", err)
	want.Says(t, "why without a secret", fmt.Sprint(other.Send(t.Context(), batchOf(1, "b")).Err), "no such secret")
}

func TestHTTP_goesOnAfterWhatAProxyInFrontDoes(t *testing.T) {
	for name, fault := range map[string]opensearch.Fault{
		"503 twice":                {Times: 2, Status: 503},
		"429 with a Retry-After":   {Times: 1, Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		"a connection that breaks": {Times: 1, Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := byHTTP(t)
			plain, err := standin.Start(t.Context(), false)
			want.NoError(t, "starting the stand-in for Logstash", err)
			gate, err := opensearch.OpenGate(t.Context(), plain.HTTP(), true)
			want.NoError(t, "opening a gate", err)
			gate.Inject(fault)
			w.StandIn, w.options.Endpoint, w.options.CA = plain, gate.URL(), gate.CA()
			counts, _ := w.send(batchOf(0, many(10)...), long)
			want.Equal(t, "fates", counts, map[document.Fate]int{document.Delivered: 10})
			w.stands(10)
		})
	}
}

func TestBoth_keepWhatAServerThatIsAwayOrAStrangerGets(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *world{"http": byHTTP, "tcp": byTCP} {
		t.Run(name, func(t *testing.T) {
			w := make(t)
			w.Kill()
			counts, fates := w.send(batchOf(0, "a"), time.Second)
			want.Equal(t, "fates while it is down", counts, map[document.Fate]int{document.Unsent: 1})
			want.Says(t, "why", fates.Err.Error(), w.options.Endpoint, "refused")
			want.NoError(t, "bringing it back", w.Restart())
			w.options.CA = start(t).CA()
			_, fates = w.send(batchOf(0, "a"), time.Second)
			want.Says(t, "why with another authority", fates.Err.Error(), "certificate")
			w.stands(0)
		})
	}
}

func TestTCP_sendsEachDocumentAsALineAndNeverCallsItDelivered(t *testing.T) {
	w := byTCP(t)
	w.options.Events = 700
	messages := append(many(2000), strings.Repeat("long ", 1_000_000))
	counts, fates := w.send(batchOf(0, messages...), long)
	want.NoError(t, "sending", fates.Err)
	want.Equal(t, "fates", counts, map[document.Fate]int{document.Unanswered: 2001})
	w.stands(2001)
}

// Nobody knows what was read of a connection that breaks: all of it comes again.
func TestTCP_takesAConnectionThatBreaksForNothingSent(t *testing.T) {
	w := byTCP(t)
	w.Cut(100)
	counts, fates := w.send(batchOf(0, many(20_000)...), 2*time.Second)
	want.Equal(t, "fates while connections break", counts, map[document.Fate]int{document.Unsent: 20_000})
	want.Says(t, "why", fates.Err.Error(), w.TCP(), "20000 of 20000 documents are unsent")
	w.Cut(0)
	counts, _ = w.send(batchOf(0, many(20_000)...), long)
	want.Equal(t, "fates after that", counts, map[document.Fate]int{document.Unanswered: 20_000})
	want.Equal(t, "events there", len(w.Events()), 20_000)
}

func TestTCP_takesSilenceForNoSuccess(t *testing.T) {
	for name, c := range map[string]struct{ begin, end func(*world) }{
		"a queue that is full":              {func(w *world) { w.Fill(true) }, func(w *world) { w.Fill(false) }},
		"a connection that is never closed": {func(w *world) { w.Hang(true) }, func(w *world) { w.Hang(false) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := byTCP(t)
			c.begin(w)
			began := time.Now()
			counts, fates := w.send(batchOf(0, many(10)...), time.Second)
			want.Equal(t, "fates", counts, map[document.Fate]int{document.Unsent: 10})
			want.Says(t, "why", fates.Err.Error(), "it did not read to the end")
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s, want an end with the time there is: a second", took)
			}
			c.end(w)
			counts, _ = w.send(batchOf(0, many(10)...), long)
			want.Equal(t, "fates after that", counts, map[document.Fate]int{document.Unanswered: 10})
			want.Equal(t, "events there", len(w.Events()), 10)
		})
	}
}

func TestNew_refusesWhatCannotBeMeant(t *testing.T) {
	for name, c := range map[string]struct {
		options logstash.Options
		says    string
	}{
		"no address":             {logstash.Options{Endpoint: "logs", Auth: "none"}, "destination.endpoint is no address"},
		"plain http elsewhere":   {logstash.Options{Endpoint: "http://logs.example.com", Auth: "none"}, "it must begin with https:// or tls://"},
		"plain tcp elsewhere":    {logstash.Options{Endpoint: "tcp://logs.example.com:5000", Auth: "none", WithoutAnswer: true}, "it must begin with https:// or tls://"},
		"tls that answers":       {logstash.Options{Endpoint: "tls://logs.example.com:5000", Auth: "none"}, "destination.withoutAnswer is false"},
		"tls without a port":     {logstash.Options{Endpoint: "tls://logs.example.com", Auth: "none", WithoutAnswer: true}, "it must name a port"},
		"the function's role":    {logstash.Options{Endpoint: "https://logs.example.com", Auth: "sigv4"}, "it must be basic, bearer or none"},
		"basic without a secret": {logstash.Options{Endpoint: "https://logs.example.com", Auth: "basic"}, "destination.auth.secret is empty"},
		"an authority of dust":   {logstash.Options{Endpoint: "https://logs.example.com", Auth: "none", CA: "dust"}, "destination.ca holds no certificate"},
	} {
		_, err := logstash.New(c.options)
		want.Says(t, name, fmt.Sprint(err), c.says)
	}
}
