package boot

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"caretaker/internal/emf"
	"caretaker/internal/release"
)

// With BOOT_TEST_PROBE set, the test's binary is a Lambda function.
func TestMain(m *testing.M) {
	switch os.Getenv("BOOT_TEST_PROBE") {
	case "":
	case "raw":
		Serve("probe", func(context.Context, Start) (Handler[json.RawMessage, rawReport], error) {
			return func(_ context.Context, event json.RawMessage) (rawReport, error) {
				return rawReport{string(event)}, nil
			}, nil
		})
	default:
		Serve("probe", probe)
	}
	os.Exit(m.Run())
}

type probeConfig struct {
	Greeting string `json:"greeting"`
}

type probeEvent struct {
	Do string `json:"do"`
}

type probeReport struct {
	Greeting   string `json:"greeting"`
	Region     string `json:"region"`
	Stage      string `json:"stage"`
	Topic      string `json:"topic"`
	Queue      string `json:"queue"`
	Function   string `json:"function"`
	DryRun     bool   `json:"dryRun"`
	DeadlineMs int64  `json:"deadlineMs"`
}

// rawReport answers with the event itself.
type rawReport struct {
	Event string `json:"event"`
}

func (rawReport) Metrics() []emf.Metric { return nil }

func (probeReport) Metrics() []emf.Metric {
	return []emf.Metric{{Name: "Greeted", Value: 1, Unit: emf.Count}}
}

func probe(_ context.Context, start Start) (Handler[probeEvent, probeReport], error) {
	cfg := probeConfig{Greeting: "hello"}
	if err := start.Config(&cfg); err != nil {
		return nil, err
	}
	queue, err := start.Resource("QUEUE_URL")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event probeEvent) (probeReport, error) {
		zerolog.Ctx(ctx).Info().Msg("greeting")
		deadline, _ := ctx.Deadline()
		report := probeReport{
			Greeting: cfg.Greeting, Region: start.AWS.Region, Stage: start.Stage, Topic: start.Topic, Queue: queue,
			Function: start.Function.Name + ":" + start.Function.Version, DryRun: start.DryRun, DeadlineMs: deadline.UnixMilli(),
		}
		switch event.Do {
		case "panic":
			panic("the probe was told to")
		case "fail":
			return report, errors.New("greeting nobody")
		}
		return report, nil
	}, nil
}

func TestServe_answersLogsAndMeasuresAnInvocation(t *testing.T) {
	got := run{config: `{"greeting": "good morning"}`}.start(t)
	var report probeReport
	if err := json.Unmarshal(got.body, &report); err != nil || got.failed {
		t.Fatalf("the answer is %s (%v)\n%s", got.body, err, got.stderr)
	}
	want := probeReport{
		Greeting: "good morning", Region: "eu-west-1", Stage: "prod", Topic: "arn:aws:sns:eu-west-1:111122223333:topic",
		Queue:    "https://sqs.eu-west-1.amazonaws.com/111122223333/queue",
		Function: "probe:$LATEST", DeadlineMs: report.DeadlineMs,
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("-want +answered\n%s", diff)
	}

	common := map[string]any{
		"level": "info", "part": "probe", "stage": "prod", "function": "probe", "function_version": "$LATEST", "request_id": "request-1",
	}
	greeting, completed := maps.Clone(common), maps.Clone(common)
	greeting["message"], completed["message"] = "greeting", "run completed"
	var asLogged map[string]any
	if err := json.Unmarshal(got.body, &asLogged); err != nil {
		t.Fatal(err)
	}
	if asLogged["caretaker"] != release.Unknown {
		t.Errorf("the report says that the function is of version %v, want %s", asLogged["caretaker"], release.Unknown)
	}
	completed["report"] = asLogged
	varying := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "time" || key == "duration_ms" })
	if diff := cmp.Diff([]map[string]any{greeting, completed}, got.logs, varying); diff != "" {
		t.Errorf("-want +logged\n%s", diff)
	}
	if _, ok := got.logs[len(got.logs)-1]["duration_ms"].(float64); !ok {
		t.Error("the summary has no duration_ms")
	}
	checkMetrics(t, got.metrics)
}

func checkMetrics(t *testing.T, metrics []map[string]any) {
	t.Helper()
	if len(metrics) != 1 {
		t.Fatalf("%d lines of metrics, want 1", len(metrics))
	}
	want := map[string]any{"Part": "probe", "Stage": "prod", "Greeted": 1.0, "_aws": map[string]any{
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "Caretaker", "Dimensions": []any{[]any{"Part", "Stage"}},
			"Metrics": []any{map[string]any{"Name": "Greeted", "Unit": "Count"}},
		}},
	}}
	varying := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "Timestamp" })
	if diff := cmp.Diff(want, metrics[0], varying); diff != "" {
		t.Errorf("-want +measured\n%s", diff)
	}
}

func TestServe_reportsAndMeasuresARunThatFailedToo(t *testing.T) {
	got := run{event: `{"do": "fail"}`}.start(t)
	if !got.failed || !strings.Contains(string(got.body), `"errorMessage":"greeting nobody"`) {
		t.Errorf("the answer is %s, want the error", got.body)
	}
	last := got.logs[len(got.logs)-1]
	if last["level"] != "error" || last["error"] != "greeting nobody" || last["message"] != "run completed" || last["report"] == nil {
		t.Errorf("the summary is %v", last)
	}
	checkMetrics(t, got.metrics)
	if !json.Valid([]byte(got.stderr)) {
		t.Errorf("standard error is not JSON: %s", got.stderr)
	}
}

func TestServe_refusesAnEventOfAnotherType(t *testing.T) {
	got := run{event: `{"do": 7}`}.start(t)
	if !got.failed || !strings.Contains(string(got.body), "decoding the event: json: cannot unmarshal number into Go struct field probeEvent.do") {
		t.Errorf("the answer is %s, want a decoding error", got.body)
	}
	if len(got.logs) != 1 || got.logs[0]["level"] != "error" || got.metrics != nil {
		t.Errorf("logged %v, measured %v; want one summary", got.logs, got.metrics)
	}
}

func TestServe_letsAPanicEndTheProcess(t *testing.T) {
	got := run{event: `{"do": "panic"}`}.start(t)
	if !got.failed || !strings.Contains(string(got.body), "the probe was told to") || !strings.Contains(string(got.body), "stackTrace") {
		t.Errorf("the answer is %s, want the panic with its stack", got.body)
	}
	if got.exit == 0 {
		t.Error("the process went on")
	}
}

func TestServe_endsTheContextBeforeLambdaKillsTheRun(t *testing.T) {
	for timeout, margin := range map[time.Duration]time.Duration{
		10 * time.Second: 2 * time.Second,
		15 * time.Minute: 20 * time.Second,
	} {
		got := run{timeout: timeout}.start(t)
		var report probeReport
		if err := json.Unmarshal(got.body, &report); err != nil {
			t.Fatal(err)
		}
		if want := got.deadline.Add(-margin).UnixMilli(); report.DeadlineMs != want {
			t.Errorf("of %v, the run is left %d ms too much", timeout, report.DeadlineMs-want)
		}
	}
}

func TestServe_handsTheEventOverAsItCame(t *testing.T) {
	const event = ` {"a": 1.50,  "a": "\u00e9"}` // which no decoder would give back
	got := run{event: event, env: []string{"BOOT_TEST_PROBE=raw"}}.start(t)
	var report rawReport
	if err := json.Unmarshal(got.body, &report); err != nil || report.Event != event {
		t.Errorf("the answer is %s (%v), want the event as it was sent", got.body, err)
	}
}

func TestMargin(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		15 * time.Minute:  20 * time.Second,
		200 * time.Second: 20 * time.Second,
		60 * time.Second:  6 * time.Second,
		20 * time.Second:  2 * time.Second,
		5 * time.Second:   2 * time.Second,
		3 * time.Second:   1500 * time.Millisecond,
		0:                 0,
		-time.Second:      0,
	} {
		if got := margin(left); got != want {
			t.Errorf("margin(%v) = %v, want %v", left, got, want)
		}
	}
}

func TestServe_endsAtOnceWhenTheSurroundingsAreWrong(t *testing.T) {
	for name, c := range map[string]struct {
		run  run
		want string
	}{
		"no config.json":          {run{config: "absent"}, "reading the configuration: open"},
		"an unknown key":          {run{config: `{"greting": "hello"}`}, `unknown field \"greting\"`},
		"a wrong type":            {run{config: `{"greeting": 7}`}, "cannot unmarshal number"},
		"two values":              {run{config: `{} {}`}, "more than one JSON value"},
		"what is not JSON":        {run{config: `greeting: hello`}, "decoding /"},
		"no Region":               {run{env: []string{"AWS_REGION=", "AWS_DEFAULT_REGION="}}, "no Region"},
		"no queue":                {run{env: []string{"QUEUE_URL="}}, "QUEUE_URL is empty"},
		"no credentials":          {run{env: []string{"AWS_SECRET_ACCESS_KEY="}}, "no credentials"},
		"an unreadable AWS value": {run{env: []string{"AWS_USE_FIPS_ENDPOINT=many"}}, "loading the AWS settings"},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.run.start(t)
			if got.exit != 1 || got.body != nil {
				t.Fatalf("exit %d, answered %s; want exit 1", got.exit, got.body)
			}
			text, err := json.Marshal(got.logs)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.logs) != 1 || got.logs[0]["level"] != "fatal" || !strings.Contains(string(text), c.want) {
				t.Errorf("logged %s, want one fatal event with %s", text, c.want)
			}
		})
	}
}

func TestServe_callsTheFilesBaseTheDefaultStage(t *testing.T) {
	got := run{env: []string{"STAGE="}}.start(t)
	if !strings.Contains(string(got.body), `"stage":"default"`) || got.metrics[0]["Stage"] != "default" {
		t.Errorf("the answer is %s, the metrics %v", got.body, got.metrics)
	}
}

func TestServe_pullsTheBrake(t *testing.T) {
	if got := (run{env: []string{"DRY_RUN=yes"}}).start(t); !strings.Contains(string(got.body), `"dryRun":true`) {
		t.Errorf("the answer is %s", got.body)
	}
}

func TestBrake_holdsForEachValueButThree(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "0": false, "false": false, "False": false, " FALSE\n": false, " ": false,
		"1": true, "true": true, "yes": true, "no": true, "off": true, "00": true, "x": true, "f": true,
	} {
		if got := Brake(value); got != want {
			t.Errorf("Brake(%q) = %t", value, got)
		}
	}
}

func TestSettings_areTheEnvironments(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"AWS_ENDPOINT_URL": "http://everything", "AWS_ENDPOINT_URL_SERVICE_QUOTAS": "http://quotas", "AWS_USE_FIPS_ENDPOINT": "true",
		"AWS_USE_DUALSTACK_ENDPOINT": "",
	} {
		t.Setenv(name, value)
	}
	cfg, err := settings()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || cfg.Region != "eu-west-1" || keys.AccessKeyID != "key" || keys.SecretAccessKey != "secret" || keys.SessionToken != "token" {
		t.Errorf("%s, %+v, %v", cfg.Region, keys, err)
	}
	quotas := servicequotas.NewFromConfig(cfg).Options()
	if *quotas.BaseEndpoint != "http://quotas" || quotas.EndpointOptions.UseFIPSEndpoint != aws.FIPSEndpointStateEnabled ||
		quotas.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled {
		t.Errorf("%s, %+v", *quotas.BaseEndpoint, quotas.EndpointOptions)
	}
	if other := sqs.NewFromConfig(cfg).Options(); *other.BaseEndpoint != "http://everything" {
		t.Errorf("the endpoint of another service is %s", *other.BaseEndpoint)
	}
	patient(t, cfg)
}

// patient fails the test unless the settings retry patiently and without a bucket.
func patient(t *testing.T, cfg aws.Config) {
	t.Helper()
	retryer := cfg.Retryer()
	if got := retryer.MaxAttempts(); got != 5 {
		t.Errorf("%d attempts, want 5", got)
	}
	throttled := &aws.RequestCanceledError{Err: errors.New("any")}
	for attempt := range 1000 { // the SDK's own bucket is empty after 100
		if _, err := retryer.GetRetryToken(t.Context(), throttled); err != nil {
			t.Fatalf("retry %d: %v", attempt, err)
		}
	}
	for attempt := 1; attempt < 40; attempt++ {
		if wait, err := retryer.RetryDelay(attempt, throttled); err != nil || wait > 5*time.Second {
			t.Errorf("attempt %d waits %v, %v", attempt, wait, err)
		}
	}
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		t.Fatalf("the HTTP client is %T", cfg.HTTPClient)
	}
	transport := client.GetTransport()
	if client.GetDialer().Timeout != 2*time.Second || transport.ResponseHeaderTimeout != 5*time.Second || transport.MaxIdleConnsPerHost < 64 {
		t.Errorf("connect %v, answer %v, idle %d a host", client.GetDialer().Timeout, transport.ResponseHeaderTimeout, transport.MaxIdleConnsPerHost)
	}
}
