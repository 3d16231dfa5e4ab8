package main

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"caretaker/internal/runtimeapi"
	limitraiser "caretaker/limit-raiser"
)

// With LAMBDA_TEST set, the test's binary is the Lambda function.
func TestMain(m *testing.M) {
	if os.Getenv("LAMBDA_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestMain_raisesNothingWhileTheBrakeOrTheFileSaysSo(t *testing.T) {
	for _, test := range []struct {
		config, brake string
		want          bool
	}{
		{`{"dryRun":false}`, "", false},
		{`{"dryRun":false}`, "0", false},
		{`{"dryRun":false}`, "yes", true},
		{`{"dryRun":true}`, "0", true},
		{`{}`, "", true},
	} {
		if report := invoked(t, test.config, test.brake); report.DryRun != test.want {
			t.Errorf("%s with DRY_RUN=%s: %+v", test.config, test.brake, report)
		}
	}
}

// invoked is the report of one run on an event that is not an alarm, for which AWS is not asked.
func invoked(t *testing.T, config, brake string) limitraiser.Report {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function, err := runtimeapi.Start(t.Context(), runtimeapi.Options{
		Binary: self, Config: config, ARN: "arn:aws:lambda:us-east-1:000000000000:function:limit-raiser", Stdout: t.Output(), Stderr: t.Output(),
		Environ: []string{
			"LAMBDA_TEST=1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "HOME=" + t.TempDir(), "DRY_RUN=" + brake,
			"TABLE_NAME=ledger", "QUEUE_URL=https://sqs.us-east-1.amazonaws.com/000000000000/looks",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer function.Stop()
	answer, err := function.Invoke(`{"not":"an alarm"}`, time.Now().Add(time.Minute))
	var report limitraiser.Report
	if err != nil || answer.Failed || json.Unmarshal(answer.Body, &report) != nil {
		t.Fatalf("the answer is %s, %v", answer.Body, err)
	}
	return report
}
