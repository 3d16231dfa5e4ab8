package main

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"caretaker/alerts/notify"
	"caretaker/internal/runtimeapi"
)

// With LAMBDA_TEST set, the test's binary is the Lambda function.
func TestMain(m *testing.M) {
	if os.Getenv("LAMBDA_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

// With nothing around it that answers, it says what it could not do, and gives back what it heard.
func TestMain_answersItsQueueWithWhatMustComeAgain(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function, err := runtimeapi.Start(t.Context(), runtimeapi.Options{
		Binary: self, Config: `{"target":{"blocks":true}}`, ARN: "arn:aws:lambda:us-east-1:000000000000:function:notify", Stdout: t.Output(), Stderr: t.Output(),
		Environ: []string{
			"LAMBDA_TEST=1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "HOME=" + t.TempDir(), "AWS_ENDPOINT_URL=http://127.0.0.1:1",
			"TABLE_NAME=memory", "QUEUE_URL=https://sqs.us-east-1.amazonaws.com/000000000000/inbox", "TOPIC_ARN=arn:aws:sns:us-east-1:000000000000:people",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer function.Stop()
	answer, err := function.Invoke(`{"Records":[{"messageId":"m","body":"a notice"}]}`, time.Now().Add(8*time.Second))
	var report notify.Report
	if err != nil || answer.Failed || json.Unmarshal(answer.Body, &report) != nil {
		t.Fatalf("the answer is %s, %v", answer.Body, err)
	}
	if len(report.BatchItemFailures) != 1 || !report.Forgotten || report.Notices != 1 {
		t.Errorf("the report is %s", answer.Body)
	}
}
