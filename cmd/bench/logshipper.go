package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"

	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/payload"
	"caretaker/log-shipper/sample"
)

// measureLogShipper measures all figures of the log-shipper, in the order in which the docs list them.
func measureLogShipper(ctx context.Context, r *results) error {
	if err := shipperSpeed(r); err != nil {
		return fmt.Errorf("the speed: %w", err)
	}
	if err := shipperMemory(ctx, r); err != nil {
		return fmt.Errorf("the memory: %w", err)
	}
	if err := shipperNode(ctx, r); err != nil {
		return fmt.Errorf("a million events into a real node: %w", err)
	}
	if err := shipperSimulation(ctx, r); err != nil {
		return fmt.Errorf("simulated days: %w", err)
	}
	if err := putUnits(ctx, r); err != nil {
		return fmt.Errorf("the units that Kinesis charges for: %w", err)
	}
	if err := binarySizes(r, logShipperBinary, logshipper.Default(), 12, 4.5); err != nil {
		return fmt.Errorf("the binary: %w", err)
	}
	return nil
}

// logShipperBinary is where make leaves what is deployed.
const logShipperBinary = "dist/log-shipper/bootstrap"

// The payload that speed is measured with: 3,000 events of some 320 bytes.
const (
	shipperSeed   = 1
	shipperEvents = 3000
)

// shipperRounds is how often each way through is measured; the quickest counts, since all else is what
// other processes took.
const shipperRounds = 15

// shipperSpeed compares the ways through with the reference, in the time of the processor that they
// take, in turns.
func shipperSpeed(r *results) error {
	plain := sample.Payload(shipperSeed, shipperEvents)
	event := directEvent(plain)
	ways := []struct {
		name string
		way  func() error
	}{{"the reference", newReference(event).run}}
	for _, w := range []struct {
		name   string
		config document.Config
		gzip   bool
	}{
		{"documents", document.Config{}, false},
		{"redacted", document.Config{Redact: document.Redact{Email: true, IPv4: true, Cards: true, AWSKeys: true, Patterns: []document.Pattern{{Name: "token", Pattern: `token=[A-Za-z0-9._-]+`}}}}, false},
		{"compressed", document.Config{}, true},
		{"sampled", document.Config{Sample: document.Sample{OneIn: 10}}, false},
	} {
		s, err := newShipping(event, w.config, w.gzip)
		if err != nil {
			return err
		}
		ways = append(ways, struct {
			name string
			way  func() error
		}{w.name, s.run})
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing of it makes garbage worth collecting
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	quickest := make([]float64, len(ways))
	for range shipperRounds {
		for i, w := range ways {
			took, err := processorTime(w.way)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if quickest[i] == 0 || took < quickest[i] {
				quickest[i] = took
			}
		}
	}
	r.note("ship_ratio, redact_ratio, gzip_ratio, sample_ratio: %d events, %d bytes plain, %d as Lambda hands them over; the quickest of %d rounds, in processor time:", shipperEvents, len(plain), len(event), shipperRounds)
	for i, w := range ways {
		r.note("  %-13s %6.2f ms, %4.0f MB/s of plain text, %5.0f k events/s", w.name, quickest[i]*1e3, float64(len(plain))/quickest[i]/1e6, shipperEvents/quickest[i]/1e3)
	}
	r.report(figure{"ship_ratio", quickest[0] / quickest[1], "ratio", ">=", 0.5})
	r.report(figure{"redact_ratio", quickest[0] / quickest[2], "ratio", ">=", 0.35})
	r.report(figure{"gzip_ratio", quickest[0] / quickest[3], "ratio", ">=", 0.25})
	r.report(figure{"sample_ratio", quickest[0] / quickest[4], "ratio", ">=", 0.35})
	return shipperAllocations(r, ways[3].way)
}

// shipperAllocations counts them for a batch, with everything that there is to do.
func shipperAllocations(r *results, way func() error) error {
	const times = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		if err := way(); err != nil {
			return err
		}
	}
	runtime.ReadMemStats(&after)
	r.report(figure{"allocs_batch", float64(after.Mallocs-before.Mallocs) / times, "allocations", "<=", 50})
	return nil
}

// processorTime is the seconds of the processor that one run takes, of as many as take a while.
func processorTime(way func() error) (float64, error) {
	const atLeast = 0.04 // seconds: the kernel's clock has steps
	before, err := processorSeconds()
	if err != nil {
		return 0, err
	}
	for runs := 1; ; runs++ {
		if err := way(); err != nil {
			return 0, err
		}
		after, err := processorSeconds()
		if err != nil {
			return 0, err
		}
		if after-before >= atLeast {
			return (after - before) / float64(runs), nil
		}
	}
}

// directEvent is what Lambda hands over for a payload.
func directEvent(plain []byte) []byte {
	return fmt.Appendf(nil, `{"awslogs":{"data":"%s"}}`, base64.StdEncoding.EncodeToString(sample.Gzip(plain)))
}

// opened decodes the event, and keeps its memory.
type opened struct {
	event  []byte
	packed []byte
	reader payload.Reader
}

func (o *opened) open() ([]byte, error) {
	_, data, found := bytes.Cut(o.event, []byte(`"data":"`))
	end := bytes.IndexByte(data, '"')
	if !found || end < 0 {
		return nil, errors.New("the event has no data")
	}
	var err error
	if o.packed, err = base64.StdEncoding.AppendDecode(o.packed[:0], data[:end]); err != nil {
		return nil, err
	}
	plain, _, err := o.reader.Open(o.packed)
	return plain, err
}

// reference is the least that anything can do: decode, unzip, find the events, and pass each message
// on as it stands.
type reference struct {
	opened
	payload payload.Payload
	body    []byte
}

func newReference(event []byte) *reference { return &reference{opened: opened{event: event}} }

func (f *reference) run() error {
	plain, err := f.open()
	if err != nil {
		return err
	}
	if _, _, err := f.payload.Next(plain, 0); err != nil {
		return err
	}
	f.body = f.body[:0]
	for i := range f.payload.Events {
		e := &f.payload.Events[i]
		f.body = append(f.body, `{"create":{"_id":"`...)
		f.body = append(f.body, e.ID.Of(plain)...)
		f.body = append(f.body, "\"}}\n{\"message\":\""...)
		f.body = append(f.body, e.Message.Of(plain)...)
		f.body = append(f.body, "\"}\n"...)
	}
	return nil
}

// shipping is the whole way to the lines of a _bulk request, compressed or not.
type shipping struct {
	opened
	maker *document.Maker
	batch document.Batch
	line  []byte
	gzip  *gzip.Writer
	body  bytes.Buffer
}

func newShipping(event []byte, config document.Config, compress bool) (*shipping, error) {
	s := &shipping{opened: opened{event: event}}
	var err error
	if compress {
		if s.gzip, err = gzip.NewWriterLevel(nil, gzip.BestSpeed); err != nil {
			return nil, err
		}
	}
	s.maker, err = document.NewMaker(config, document.Options{Region: "eu-west-1"})
	return s, err
}

func (s *shipping) run() error {
	plain, err := s.open()
	if err != nil {
		return err
	}
	s.maker.Begin(plain)
	for more := true; more; {
		s.batch.Reset()
		more = s.maker.Fill(&s.batch, logshipper.DefaultFill)
		if err := s.request(); err != nil {
			return err
		}
	}
	return nil
}

// request composes the lines of a batch, as the destination does.
func (s *shipping) request() error {
	s.body.Reset()
	if s.gzip != nil {
		s.gzip.Reset(&s.body)
	}
	for i := range s.batch.Len() {
		s.line = append(append(append(s.line[:0], `{"create":{"_id":"`...), s.batch.ID(i)...), "\"}}\n"...)
		s.line = append(append(s.line, s.batch.Body(i)...), '\n')
		if s.gzip != nil {
			if _, err := s.gzip.Write(s.line); err != nil {
				return err
			}
		}
	}
	if s.gzip != nil {
		return s.gzip.Close()
	}
	return nil
}

// shipperChild begins the names under which this command ships one event and nothing else.
const shipperChild = "log-shipper-alone-"

// mostDirect is how long an event may be that a subscription hands to Lambda.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const mostDirect = 1_000_000

// largestEvents are so many that their event is nearly as long as that.
const largestEvents = 16_000

// shipperMemory measures how much more memory a process holds that ships the largest event there is than
// one that only has it, and shipped a small one.
func shipperMemory(ctx context.Context, r *results) error {
	plain := sample.Payload(shipperSeed, largestEvents)
	event := directEvent(plain)
	if len(event) > mostDirect {
		return fmt.Errorf("the event has %d bytes, more than Lambda takes", len(event))
	}
	var peaks [2]int64
	for i, what := range []string{"idle", "ship"} {
		child := exec.CommandContext(ctx, os.Args[0], shipperChild+what) // #nosec G204 G702 -- this command again
		child.Stdin, child.Stderr = bytes.NewReader(event), os.Stderr
		out, err := child.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", shipperChild+what, err)
		}
		if err := json.Unmarshal(out, &peaks[i]); err != nil {
			return err
		}
	}
	r.note("memory_ratio: an event of %d bytes, %d plain: a process that ships it in batches of %d bytes, compressed, holds %d bytes at most, one that has it and ships a small one %d",
		len(event), len(plain), logshipper.DefaultFill, peaks[1], peaks[0])
	r.report(figure{"memory_ratio", float64(peaks[1]-peaks[0]+int64(len(event))) / float64(len(plain)), "ratio", "<=", 3})
	return nil
}

// shipperAlone reads the event from stdin, ships a small one, then it or not, and writes its peak memory
// to stdout.
func shipperAlone(ship bool) error {
	event, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	s, err := newShipping(directEvent(sample.Payload(shipperSeed, 10)), document.Default(), true)
	if err != nil {
		return err
	}
	if err := s.run(); err != nil { // what any event needs is not the large one's
		return err
	}
	if s.event = event; ship {
		if err := s.run(); err != nil {
			return err
		}
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(peak)
}

// processorSeconds is the time of the processor that this process has taken.
func processorSeconds() (float64, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("reading the processor's time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds(), nil
}
