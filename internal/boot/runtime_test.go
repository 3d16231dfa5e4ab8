package boot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"caretaker/internal/runtimeapi"
)

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
	// body is its answer, nil where there is none, and failed says that it is an error.
	body   []byte
	failed bool
	// logs and metrics are the lines on standard output.
	logs, metrics []map[string]any
	// stderr is what aws-lambda-go says by itself.
	stderr   string
	deadline time.Time
	exit     int
}

// start runs the test's own binary as a Lambda function until it has answered one invocation or
// ended.
func (r run) start(t *testing.T) result {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config := cmp.Or(r.config, "{}")
	if config == "absent" {
		config = ""
	}
	var stdout, stderr bytes.Buffer
	function, err := runtimeapi.Start(t.Context(), runtimeapi.Options{
		Binary: self, Config: config, ARN: "arn:aws:lambda:eu-west-1:111122223333:function:probe", Stdout: &stdout, Stderr: &stderr,
		Environ: append([]string{
			"BOOT_TEST_PROBE=1", "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret",
			"STAGE=prod", "TOPIC_ARN=arn:aws:sns:eu-west-1:111122223333:topic",
			"QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/111122223333/queue", "TABLE_NAME=table", "HOME=" + t.TempDir(),
		}, r.env...),
	})
	if err != nil {
		t.Fatal(err)
	}
	result := result{deadline: time.Now().Add(cmp.Or(r.timeout, 30*time.Second)).Truncate(time.Millisecond)}
	answer, err := function.Invoke(cmp.Or(r.event, "{}"), result.deadline)
	result.body, result.failed = answer.Body, answer.Failed
	if err != nil || strings.Contains(r.event, "panic") { // it ends by itself
		result.exit = function.Exit()
	}
	function.Stop()
	result.stderr = stderr.String()
	result.logs, result.metrics = lines(t, stdout.String())
	return result
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
