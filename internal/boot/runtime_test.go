package boot

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// runtimeAPI is Lambda's Runtime API as a function's process sees it, for one
// invocation: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	event    string
	deadline time.Time
	taken    chan struct{} // holds one token: the invocation
	outcomes chan outcome
}

// outcome is what a process answered.
type outcome struct {
	// failed says that the answer is an error.
	failed bool
	body   []byte
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const invocation = "/2018-06-01/runtime/invocation/"
	switch path := r.URL.Path; {
	case path == invocation+"next":
		select {
		case <-a.taken:
		case <-r.Context().Done(): // there is nothing more to do, as long as the process lives
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request-1")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(a.deadline.UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:111122223333:function:probe")
		_, _ = io.WriteString(w, a.event)
	case path == invocation+"request-1/response" || path == invocation+"request-1/error":
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		a.outcomes <- outcome{failed: strings.HasSuffix(path, "/error"), body: body}
	default:
		http.NotFound(w, r)
	}
}

// run is one process of the probe and what it is given. The zero value is a good start.
type run struct {
	// config is config.json. Empty means {}, and "absent" that there is none.
	config string
	// event is the invocation's. Empty means {}.
	event string
	// timeout is what Lambda gives the invocation. 0 means 30 s.
	timeout time.Duration
	// env is added to the environment.
	env []string
}

// result is what became of a process.
type result struct {
	outcome
	// logs and metrics are the lines on standard output.
	logs, metrics []map[string]any
	// stderr is what aws-lambda-go says by itself.
	stderr   string
	deadline time.Time
	exit     int
}

// start runs the test's own binary as a Lambda function, beside its config.json,
// until it has answered one invocation or ended.
func (r run) start(t *testing.T) result {
	t.Helper()
	api := &runtimeAPI{event: or(r.event, "{}"), taken: make(chan struct{}, 1), outcomes: make(chan outcome, 1)}
	api.taken <- struct{}{}
	timeout := r.timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	api.deadline = time.Now().Add(timeout).Truncate(time.Millisecond)
	server := httptest.NewServer(api)
	defer server.Close()

	process := exec.CommandContext(t.Context(), r.install(t))
	process.Env = append([]string{
		"BOOT_TEST_PROBE=1", "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"),
		"AWS_LAMBDA_FUNCTION_NAME=probe", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret",
		"STAGE=prod", "TOPIC_ARN=arn:aws:sns:eu-west-1:111122223333:topic",
		"QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/111122223333/queue", "TABLE_NAME=table", "HOME=" + t.TempDir(),
	}, r.env...)
	var stdout, stderr bytes.Buffer
	process.Stdout, process.Stderr = &stdout, &stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()

	result := result{deadline: api.deadline}
	var err error
	select {
	case result.outcome = <-api.outcomes:
		if strings.Contains(api.event, "panic") { // ends by itself
			err = <-ended
			break
		}
		_ = process.Process.Kill()
		<-ended
	case err = <-ended:
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		result.exit = exit.ExitCode()
	}
	result.stderr = stderr.String()
	result.logs, result.metrics = lines(t, stdout.String())
	return result
}

// install puts the binary and its configuration into a folder, as a zip file would.
func (r run) install(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "bootstrap")
	if err := os.WriteFile(path, binary, 0o700); err != nil {
		t.Fatal(err)
	}
	if r.config != "absent" {
		if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(or(r.config, "{}")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// lines tells log lines from metrics; each must be a JSON object.
func lines(t *testing.T, stdout string) (logs, metrics []map[string]any) {
	t.Helper()
	for text := range strings.Lines(stdout) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Errorf("a line that is not JSON: %s", text)
			continue
		}
		if line["_aws"] != nil {
			metrics = append(metrics, line)
		} else {
			logs = append(logs, line)
		}
	}
	return logs, metrics
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
