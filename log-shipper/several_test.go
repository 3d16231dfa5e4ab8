package logshipper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/shelf"
)

// sink is a destination without ids: what it gets twice stands there twice.
type sink struct {
	got     []string
	down    bool
	hung    bool // it answers nothing
	refuses string
	asked   int
}

var errDown = errors.New("connection refused")

func (s *sink) Send(ctx context.Context, b *document.Batch) document.Fates {
	s.asked++
	fates := document.Fates{Of: make([]document.Fate, b.Len()), Reasons: map[int]string{}}
	if s.hung {
		<-ctx.Done()
		fates.Err = ctx.Err()
		return fates
	}
	if s.down {
		fates.Err = errDown
		return fates
	}
	for i := range fates.Of {
		fates.Of[i] = document.Delivered
		if s.refuses != "" && bytes.Contains(b.Body(i), []byte(s.refuses)) {
			fates.Of[i], fates.Reasons[i] = document.Refused, "400 no"
			continue
		}
		s.got = append(s.got, string(b.ID(i)))
	}
	return fates
}

// pair is a shipper with two destinations.
type pair struct {
	*testing.T
	shelf           *shelf.Shelf
	archive, search *sink
	shipper         *logshipper.Shipper
	now             time.Time
}

func newPair(t *testing.T, fill int) *pair {
	t.Helper()
	p := &pair{T: t, shelf: &shelf.Shelf{}, archive: &sink{}, search: &sink{}, now: time.UnixMilli(1_764_400_000_000)}
	p.start(logshipper.Senders{"archive": p.archive, "search": p.search}, fill, false)
	return p
}

func (p *pair) start(to logshipper.Senders, fill int, braked bool) {
	p.Helper()
	var err error
	p.shipper, err = logshipper.New(logshipper.Default(), logshipper.Clients{S3: p.shelf, SQS: p.shelf}, to, logshipper.Options{
		Bucket: "bucket", Queue: "queue", Region: "eu-west-1", Fill: fill, Braked: braked, Now: func() time.Time { return p.now },
	})
	want.NoError(p, "making a shipper", err)
}

// ships hands over an event, whose account must balance at each destination.
func (p *pair) ships(ctx context.Context, event string) logshipper.Report {
	p.Helper()
	report, err := p.shipper.Handle(ctx, json.RawMessage(event))
	want.NoError(p, "shipping", err)
	for name, account := range report.Destinations {
		want.Equal(p, "the imbalance of "+name, account.Imbalance(), 0)
	}
	return report
}

// keys are those of the bucket, up to the hash.
func (p *pair) keys() (all []string) {
	for key := range p.shelf.Objects {
		all = append(all, key[:strings.LastIndex(key, "/")])
	}
	slices.Sort(all)
	return all
}

// payloadOf has so many events from a number on.
func payloadOf(from, count int) string {
	var lines []string
	for i := range count {
		lines = append(lines, fmt.Sprintf(`{"id":"%056d","timestamp":1764400000000,"message":"order %d"}`, from+i, from+i))
	}
	return `{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/orders","logStream":"s","logEvents":[` + strings.Join(lines, ",") + `]}`
}

func straight(from, count int) string {
	return `{"awslogs":{"data":"` + encoded(payloadOf(from, count)) + `"}}`
}

// streamed is a batch of records of a stream, each of two events.
func streamed(records int) string {
	var list []string
	for i := range records {
		list = append(list, fmt.Sprintf(`{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"%d","data":"%s"}}`, 1+i, encoded(payloadOf(2*i, 2))))
	}
	return `{"Records":[` + strings.Join(list, ",") + `]}`
}

// back brings what waits in the queue, some time later.
func (p *pair) back(ctx context.Context) logshipper.Report {
	p.Helper()
	p.now = p.now.Add(15 * time.Minute)
	var list []string
	for i, body := range p.shelf.Messages {
		list = append(list, fmt.Sprintf(`{"eventSource":"aws:sqs","messageId":"m-%d","body":%q}`, i, body))
	}
	p.shelf.Messages = nil
	return p.ships(ctx, `{"Records":[`+strings.Join(list, ",")+`]}`)
}

func TestSeveral_eachGetsEveryEventAndHasAnAccountOfItsOwn(t *testing.T) {
	p := newPair(t, 0)
	p.search.refuses = "order 1"
	report := p.ships(t.Context(), straight(0, 3))
	want.Equal(t, "what became of the events at archive", report.Destinations["archive"].Tally, logshipper.Tally{In: 3, Delivered: 3})
	want.Equal(t, "what became of the events at search", report.Destinations["search"].Tally, logshipper.Tally{In: 3, Delivered: 2, DeadLettered: 1})
	want.Equal(t, "what became of all", report.Tally, logshipper.Tally{In: 6, Delivered: 5, DeadLettered: 1})
	want.Equal(t, "the dead letters", p.keys(), []string{"dead-letters/search/2025-11-29"})
	found := map[string]float64{}
	for _, metric := range report.Metrics() {
		if metric.Name == "EventsDelivered" || metric.Name == "Imbalance" {
			found[metric.Name+" "+metric.Dimensions["Destination"]] = metric.Value
		}
	}
	want.Equal(t, "the metrics", found, map[string]float64{
		"EventsDelivered ": 5, "EventsDelivered archive": 3, "EventsDelivered search": 2, "Imbalance ": 0, "Imbalance archive": 0, "Imbalance search": 0,
	})
}

func TestSeveral_parkForTheOneThatIsDownAlone(t *testing.T) {
	for name, event := range map[string]string{"straight": straight(0, 4), "of a stream": streamed(2)} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, 0)
			p.search.down = true
			report := p.ships(t.Context(), event)
			want.Equal(t, "at archive", report.Destinations["archive"].Tally, logshipper.Tally{In: 4, Delivered: 4})
			want.Equal(t, "at search", report.Destinations["search"].Tally, logshipper.Tally{In: 4, Parked: 4})
			want.Equal(t, "records that come again", len(report.BatchItemFailures), 0)
			want.Says(t, "why", report.Unsent, "search: connection refused")
			for _, key := range p.keys() {
				want.Equal(t, "what waits", key, "parked/search")
			}
			p.search.down = false
			report = p.back(t.Context())
			want.Equal(t, "at search, later", report.Destinations["search"].Tally, logshipper.Tally{In: 4, Delivered: 4})
			if report.Destinations["archive"] != nil {
				t.Errorf("archive has an account of what was not owed to it: %+v", report.Destinations["archive"])
			}
			want.Equal(t, "documents at archive", len(p.archive.got), 4)
			want.Equal(t, "documents at search", len(p.search.got), 4)
			want.Equal(t, "objects that are left", len(p.shelf.Objects), 0)
			want.Equal(t, "messages that are left", len(p.shelf.Messages), 0)
		})
	}
}

// A stream brings again what nobody took, and everything behind it: nothing of that is parked too.
func TestSeveral_leaveToTheStreamWhatNobodyTakes(t *testing.T) {
	p := newPair(t, 0)
	p.archive.down, p.search.down = true, true
	report, err := p.shipper.Handle(t.Context(), json.RawMessage(streamed(3)))
	want.Says(t, "the run's error", fmt.Sprint(err), "3 of 3 payloads come again")
	want.Equal(t, "what became of the events", report.Tally, logshipper.Tally{In: 12, HandedBack: 12})
	want.Equal(t, "objects", len(p.shelf.Objects), 0)
}

// Both are down: each has an object and a message of its own, and comes back by itself.
func TestSeveral_areIndependentWhenAllAreDown(t *testing.T) {
	p := newPair(t, 0)
	p.archive.down, p.search.down = true, true
	p.ships(t.Context(), straight(0, 2))
	want.Equal(t, "what waits", p.keys(), []string{"parked/archive", "parked/search"})
	p.archive.down = false
	report := p.back(t.Context())
	want.Equal(t, "at archive", report.Destinations["archive"].Tally, logshipper.Tally{In: 2, Delivered: 2})
	want.Equal(t, "what waits then", p.keys(), []string{"parked/search"})
	want.Equal(t, "messages", len(p.shelf.Messages), 1)
	want.Says(t, "the message", p.shelf.Messages[0], `"step":1`)
}

// A destination that hangs holds up nobody: the others get all batches of the run meanwhile.
func TestSeveral_doNotWaitForOneThatHangs(t *testing.T) {
	p := newPair(t, 1)
	p.search.hung = true
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	report := p.ships(ctx, straight(0, 5))
	want.Equal(t, "at archive", report.Destinations["archive"].Tally, logshipper.Tally{In: 5, Delivered: 5})
	want.Equal(t, "at search", report.Destinations["search"].Tally, logshipper.Tally{In: 5, Parked: 5})
	want.Equal(t, "how often search was asked", p.search.asked, 1)
	report = p.ships(t.Context(), straight(5, 1)) // a moment later it is not asked at all
	want.Equal(t, "at search, a moment later", report.Destinations["search"].Tally, logshipper.Tally{In: 1, Parked: 1})
	want.Equal(t, "how often search was asked then", p.search.asked, 1)
}

// What waited for all when the file named one destination is shared out once it names several.
func TestSeveral_shareOutWhatWaitedForOne(t *testing.T) {
	p := newPair(t, 0)
	p.archive.down = true
	p.start(logshipper.Alone(p.archive), 0, false)
	p.ships(t.Context(), straight(0, 2))
	want.Equal(t, "what waits", p.keys(), []string{"parked"})
	p.start(logshipper.Senders{"archive": p.archive, "search": p.search}, 0, false)
	p.back(t.Context())
	want.Equal(t, "what waits then", p.keys(), []string{"parked/archive"})
	want.Equal(t, "documents at search", len(p.search.got), 2)
	p.archive.down = false
	p.back(t.Context())
	want.Equal(t, "documents at archive", len(p.archive.got), 2)
	want.Equal(t, "documents at search, still", len(p.search.got), 2)
	want.Equal(t, "objects that are left", len(p.shelf.Objects), 0)
}

// Nobody knows where to send what waits for a name that is gone: it is kept, with its reason.
func TestSeveral_keepWhatWaitsForANameThatIsGone(t *testing.T) {
	p := newPair(t, 0)
	p.search.down = true
	p.ships(t.Context(), straight(0, 2))
	p.start(logshipper.Alone(p.archive), 0, false)
	report := p.back(t.Context())
	want.Equal(t, "dead letters", report.DeadLettered, 2)
	want.Equal(t, "where they are", p.keys(), []string{"dead-letters/search/2025-11-29"})
	key := report.Letters[0]
	again := fmt.Sprintf(`{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":%q}]}`, fmt.Sprintf(`{"key":%q}`, key))
	p.ships(t.Context(), again)
	want.Equal(t, "where they are after they were sent again", p.keys(), []string{"dead-letters/search/2025-11-29"})
	p.start(logshipper.Senders{"archive": p.archive, "search": p.search}, 0, false)
	p.search.down = false
	p.ships(t.Context(), again)
	want.Equal(t, "documents at search once the file has the name again", len(p.search.got), 2)
	want.Equal(t, "documents at archive", len(p.archive.got), 2)
	want.Equal(t, "objects that are left", len(p.shelf.Objects), 0)
}

// The brake parks for each.
func TestSeveral_areAllParkedForWithTheBrake(t *testing.T) {
	p := newPair(t, 0)
	p.start(logshipper.Senders{"archive": p.archive, "search": p.search}, 0, true)
	report := p.ships(t.Context(), streamed(1))
	want.Equal(t, "what became of the events", report.Tally, logshipper.Tally{In: 4, Parked: 4})
	want.Equal(t, "what waits", p.keys(), []string{"parked/archive", "parked/search"})
	want.Equal(t, "how often somebody was asked", p.archive.asked+p.search.asked, 0)
}
