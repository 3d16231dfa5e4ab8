package janitor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/encoding/cbor"
	"go.uber.org/goleak"

	"caretaker/internal/emulator/lambdasim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// today is when every test here takes place.
var today = time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// world is a Region behind the real SDK clients: Lambda is simulated, every other service
// answers what the test says, or that it has nothing.
type world struct {
	*lambdasim.Server
	config aws.Config

	mutex   sync.Mutex
	answers map[string]answer
	calls   map[string]int
	clock   time.Time
	// others are the functions that somebody else deleted.
	others []string
	// connected says that calls go over the network, as they do but in a bubble of synctest.
	connected bool
}

// answer is what an operation answers to its n-th attempt, counted from 1. A status of 0 goes
// on to the simulated Lambda.
type answer func(n int, request string) (status int, body string)

// newWorld starts a Region. However the test ends, nothing but deletions of numbered versions
// may have left the process.
func newWorld(t *testing.T, options lambdasim.Options, functions ...lambdasim.Function) *world {
	t.Helper()
	sim, err := lambdasim.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	sim.Put(functions...)
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * inFlight}
	w := &world{Server: sim, answers: map[string]answer{}, calls: map[string]int{}, clock: today, connected: true}
	w.config = aws.Config{
		Region: lambdasim.Region, BaseEndpoint: aws.String("http://nowhere.invalid"), HTTPClient: front{w, transport},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 5, time.Millisecond, ratelimit.None
			})
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		for _, deletion := range sim.Deletions() {
			_, err := versionNumber(deletion.Qualifier)
			if err != nil && (deletion.Qualifier != "" || !slices.Contains(w.others, deletion.Function)) {
				t.Errorf("DeleteFunction of %s with the qualifier %q left the process", deletion.Function, deletion.Qualifier)
			}
		}
	})
	return w
}

// janitor has clients of its own, paced so fast that no test waits.
func (w *world) janitor(cfg Config, options Options) *Janitor {
	if options.Now == nil {
		options.Now = w.now
	}
	clients := Connect(w.config, 100000)
	for name := range clients.Pace.buckets {
		clients.Pace.buckets[name] = newBucket(100000, 100000)
	}
	return New(cfg, clients, options)
}

// underADeadline makes one run as Lambda makes it, at the rate of the file and with so much time,
// on a clock that takes no time while nobody waits.
func (w *world) underADeadline(t *testing.T, cfg Config, limit time.Duration, options Options) (report Report, took time.Duration, err error) {
	t.Helper()
	w.connected = false
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		options.Now = func() time.Time { return w.now().Add(time.Since(begun)) }
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		report, err = New(cfg, Connect(w.config, cfg.Rate), options).Handle(ctx, Event{})
		took = time.Since(begun)
	})
	return report, took, err
}

func (w *world) now() time.Time {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.clock = w.clock.Add(d)
}

// on says what an operation such as "SFN.ListStateMachines" answers.
func (w *world) on(operation string, answers answer) { w.answers[operation] = answers }

// refuse lets AWS refuse an operation.
func (w *world) refuse(operation string) { w.on(operation, denied) }

// refuseAfter lets the first so many attempts through.
func (w *world) refuseAfter(operation string, allowed int) {
	w.on(operation, func(n int, request string) (int, string) {
		if n > allowed {
			return denied(n, request)
		}
		return 0, ""
	})
}

// removeFunction is somebody else deleting a whole function.
func (w *world) removeFunction(name string) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodDelete, w.URL()+"/2015-03-31/functions/"+name, http.NoBody)
	if err != nil {
		panic(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	_ = response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	w.others = append(w.others, name)
}

func denied(int, string) (int, string) { return http.StatusForbidden, "AccessDeniedException" }

// always is the same answer each time.
func always(body string) answer {
	return func(int, string) (int, string) { return http.StatusOK, body }
}

// pages are answered one after the other.
func pages(bodies ...string) answer {
	return func(n int, _ string) (int, string) { return http.StatusOK, bodies[min(n, len(bodies))-1] }
}

// called is how many attempts of an operation were made.
func (w *world) called(operation string) int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.calls[operation]
}

func (w *world) allCalls() map[string]int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return maps.Clone(w.calls)
}

// What may befall a call to the simulated Lambda, in place of a status.
const (
	// severed is a connection cut before the answer, after the call was carried out.
	severed = -1
	// lost is one cut before the call was carried out.
	lost = -2
	// failedAfterwards is the error 500 once the call was carried out.
	failedAfterwards = -3
)

// front is the HTTP client of the SDK's clients.
type front struct {
	world     *world
	transport *http.Transport
}

func (f front) Do(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	name := service + "." + operation
	f.world.mutex.Lock()
	f.world.calls[name]++
	n, given := f.world.calls[name], f.world.answers[name]
	f.world.mutex.Unlock()
	var sent []byte
	if request.Body != nil {
		sent, _ = io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(sent))
	}
	status, body := http.StatusOK, nothing(service, operation)
	if service == "Lambda" {
		status = 0
	}
	if given != nil {
		status, body = given(n, request.URL.RequestURI()+"\n"+string(sent))
	}
	if status > 0 {
		return respond(request, service, status, body), ctx.Err()
	}
	broken := &url.Error{Op: "Delete", URL: request.URL.String(), Err: io.ErrUnexpectedEOF}
	if status == lost {
		return nil, broken
	}
	response, err := f.toLambda(request)
	if status == 0 || err != nil {
		return response, err
	}
	_ = response.Body.Close()
	if status == severed {
		return nil, broken
	}
	return respond(request, service, http.StatusInternalServerError, body), nil
}

func (f front) toLambda(request *http.Request) (*http.Response, error) {
	if !f.world.connected {
		answer := httptest.NewRecorder()
		f.world.ServeHTTP(answer, request)
		return answer.Result(), request.Context().Err()
	}
	host, err := url.Parse(f.world.URL())
	if err != nil {
		return nil, err
	}
	request.URL.Host = host.Host
	return f.transport.RoundTrip(request)
}

// nothing is how a service says that there is nothing.
func nothing(service, operation string) string {
	switch service {
	case "CloudFormation", "SNS":
		return fmt.Sprintf("<%[1]sResponse><%[1]sResult/></%[1]sResponse>", operation)
	case "CloudWatch":
		return string(cbor.Encode(cbor.Map{}))
	}
	return "{}"
}

// respond writes an answer, or with a status of 400 and more the error that the body names.
func respond(request *http.Request, service string, status int, body string) *http.Response {
	header := http.Header{}
	if service == "CloudWatch" {
		header.Set("smithy-protocol", "rpc-v2-cbor")
		header.Set("Content-Type", "application/cbor")
	}
	if status >= http.StatusBadRequest {
		header.Set("X-Amzn-Errortype", body)
		switch service {
		case "CloudFormation", "SNS":
			body = fmt.Sprintf("<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>", body)
		case "CloudWatch":
			body = string(cbor.Encode(cbor.Map{"__type": cbor.String(body), "message": cbor.String("no")}))
		default:
			body = fmt.Sprintf(`{"__type":%q,"message":"no"}`, body)
		}
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: request,
	}
}

// earnest is the policy that ships, switched to deleting.
func earnest(changes ...func(*Config)) Config {
	cfg := Default()
	cfg.DryRun = false
	cfg.Belts.MaxPercent = 100
	for _, change := range changes {
		change(&cfg)
	}
	return cfg
}

// lambda is a simulated function whose versions were published a day after one another, the
// newest ten days ago. A later version is bigger.
func lambda(name string, versions int, changes ...func(*lambdasim.Function)) lambdasim.Function {
	f := lambdasim.Function{Name: name, Latest: lambdasim.Version{CodeSize: 1000, Published: today.Add(-10 * day)}}
	for number := 1; number <= versions; number++ {
		f.Versions = append(f.Versions, lambdasim.Version{
			Number: number, CodeSize: 1000 + int64(number), Published: today.Add(time.Duration(number-versions-10) * day),
		})
	}
	for _, change := range changes {
		change(&f)
	}
	return f
}

func alias(name, version string) func(*lambdasim.Function) {
	return func(f *lambdasim.Function) {
		f.Aliases = append(f.Aliases, lambdasim.Alias{Name: name, Version: version})
	}
}

// decided keeps the final decisions.
type decided struct {
	nobody
	decisions map[string]Decision
}

func (d *decided) Decided(decision Decision) {
	if d.decisions == nil {
		d.decisions = map[string]Decision{}
	}
	d.decisions[decision.Function+":"+decision.Qualifier()] = decision
}

// handle makes one run and gives what was decided with it.
func (w *world) handle(ctx context.Context, cfg Config, options Options) (Report, map[string]Decision, error) {
	seen := &decided{}
	options.Observer = seen
	report, err := w.janitor(cfg, options).Handle(ctx, Event{})
	return report, seen.decisions, err
}
