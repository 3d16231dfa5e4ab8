package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
	"caretaker/log-shipper/sample"
)

// try runs the command in this process: it asks nobody anything.
func try(t *testing.T, file string, more ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr strings.Builder
	args := append([]string{"log-shipper", "try", "--config", "none", "--set", "logShipper.redact.email=true", "--file", file}, more...)
	code = run(args, console.Console{Out: &stdout, Err: &stderr}, nil)
	return code, stdout.String(), stderr.String()
}

func tryPayload(messages ...string) []byte {
	var events []map[string]any
	for i, message := range messages {
		events = append(events, map[string]any{"id": fmt.Sprintf("%056d", i+1), "timestamp": 1_795_953_600_000 + i, "message": message})
	}
	return sample.Of("/aws/lambda/checkout", "2026/11/29/[7]0123", events)
}

func TestTry_showsTheDocumentsOfEachKindOfEvent(t *testing.T) {
	plain := tryPayload("hello\n", "[INFO] mail from ann@example.com")
	packed := base64.StdEncoding.EncodeToString(sample.Gzip(plain))
	control := base64.StdEncoding.EncodeToString(sample.Gzip([]byte(`{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE"}]}`)))
	for name, c := range map[string]struct{ event, says string }{
		"a subscription":           {`{"awslogs":{"data":"` + packed + `"}}`, "2 events: 2 would be sent, 1 of them redacted and 0 marked; 0 are dropped"},
		"a payload":                {string(plain), "2 events: 2 would be sent"},
		"a payload, packed":        {string(sample.Gzip(plain)), "2 events: 2 would be sent"},
		"a Kinesis event":          {`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"` + packed + `"}}]}`, "2 events: 2 would be sent"},
		"with a control message":   {`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"` + control + `"}},{"eventSource":"aws:kinesis","kinesis":{"data":"` + packed + `"}}]}`, "1 control messages"},
		"with one that is broken":  {`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"aGVsbG8gYW5uQGV4YW1wbGUuY29t"}},{"eventSource":"aws:kinesis","kinesis":{"data":"` + packed + `"}}]}`, "Dead-lettered: the payload cannot be read: byte 0: a JSON object should begin here: \"hello [redacted:email]\""},
		"with one that is no text": {`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"!"}},{"eventSource":"aws:kinesis","kinesis":{"data":"` + packed + `"}}]}`, "Dead-lettered: it is not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := try(t, write(t, "event.json", c.event), "--region", "eu-central-1")
			want.Equal(t, "exit code", code, 0)
			want.Says(t, "stderr", errs, c.says)
			var messages []string
			for line := range strings.Lines(out) {
				var document map[string]any
				want.NoError(t, "decoding "+line, json.Unmarshal([]byte(line), &document))
				want.Equal(t, "the Region", document["cloud.region"], any("eu-central-1"))
				messages = append(messages, document["message"].(string))
			}
			want.Equal(t, "the messages", messages, []string{"hello\n", "[INFO] mail from [redacted:email]"})
		})
	}
}

func TestTry_countsWhatWouldNotBeSent(t *testing.T) {
	file := write(t, "event.json", string(tryPayload("[DEBUG] a", "[INFO] b"))+string(sample.Of("/aws/lambda/caretaker-prod-log-shipper", "s", []any{map[string]any{"timestamp": 1, "message": "m"}})))
	code, out, errs := try(t, file, "--set", "logShipper.drop.below=info")
	want.Equal(t, "exit code", code, 0)
	want.Equal(t, "documents", strings.Count(out, "\n"), 1)
	want.Says(t, "stderr", errs, "3 events: 1 would be sent", "1 are dropped by the configuration, 1 are of log groups that are never shipped, 0 would be dead-lettered")
}

func TestTry_saysWhatSamplingLeavesOut(t *testing.T) {
	away, failed := "8a1f0000-0000-4000-a000-00000000000a", "8a1f0000-0000-4000-a000-00000000000b"
	file := write(t, "event.json", string(tryPayload("START RequestId: "+away+" Version: 7", "fine", "START RequestId: "+failed+" Version: 7", "[ERROR] no")))
	code, out, errs := try(t, file, "--set", "logShipper.sample.oneIn=1000000")
	want.Equal(t, "exit code", code, 0)
	want.Equal(t, "documents", strings.Count(out, "\n"), 2)
	want.Says(t, "the documents", out, failed, `"sample.weight":1,`)
	want.Says(t, "stderr", errs, "4 events: 2 would be sent", "2 are of invocations that sampling leaves out")
}

func TestTry_makesRedactionsStandOut(t *testing.T) {
	var stdout, stderr strings.Builder
	file := write(t, "event.json", string(tryPayload("ann@example.com")))
	code := run([]string{"log-shipper", "try", "--config", "none", "--set", "logShipper.redact.email=true", "--file", file}, console.Console{Out: &stdout, Err: &stderr, Color: true}, nil)
	want.Equal(t, "exit code", code, 0)
	want.Says(t, "the document", stdout.String(), "\x1b[31m[redacted:email]\x1b[0m")
}

func TestTry_refusesWhatIsNoLog(t *testing.T) {
	for name, c := range map[string]struct {
		event, says string
		code        int
	}{
		"S3":            {`{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"secret"}}}]}`, "it is from aws:s3", 1},
		"EventBridge":   {`{"source":"aws.ec2","detail":{}}`, "it is from aws.ec2", 1},
		"no JSON":       {`hello`, "5 bytes that are no JSON object", 1},
		"our own queue": {`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"{}"}]}`, "it is a message of the shipper's own queue", 1},
	} {
		code, out, errs := try(t, write(t, "event.json", c.event))
		want.Equal(t, name+": exit code", code, c.code)
		want.Equal(t, name+": stdout", out, "")
		want.Says(t, name+": stderr", errs, "event.json", c.says)
		if strings.Contains(errs, "secret") {
			t.Errorf("%s: stderr says what is in it: %s", name, errs)
		}
	}
	code, _, errs := try(t, "absent.json")
	want.Equal(t, "exit code without a file", code, 2)
	want.Says(t, "stderr", errs, "absent.json")
}
