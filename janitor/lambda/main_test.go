package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/runtimeapi"
	"caretaker/janitor"
)

// With LAMBDA_TEST set, the test's binary is the Lambda function.
func TestMain(m *testing.M) {
	if os.Getenv("LAMBDA_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestMain_deletesNothingWhileTheBrakeOrTheFileSaysSo(t *testing.T) {
	for _, test := range []struct {
		config, brake string
		want          bool
	}{
		{`{"dryRun":false,"pressure":{"above":"80%"}}`, "", false},
		{`{"dryRun":false,"pressure":{"above":"80%"}}`, "0", false},
		{`{"dryRun":false,"pressure":{"above":"80%"}}`, "yes", true},
		{`{"dryRun":true,"pressure":{"above":"80%"}}`, "0", true},
		{`{"pressure":{"above":"80%"}}`, "", true},
	} {
		if report := invoked(t, test.config, test.brake); report.DryRun != test.want || !report.Idle {
			t.Errorf("%s with DRY_RUN=%s: %+v", test.config, test.brake, report)
		}
	}
}

// invoked is the report of one run in a Region that has hardly any code, and no earlier runs.
func invoked(t *testing.T, config, brake string) janitor.Report {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sim, err := lambdasim.Start(lambdasim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		_, _ = w.Write(cbor.Encode(cbor.Map{}))
	}))
	defer metrics.Close()
	function, err := runtimeapi.Start(t.Context(), runtimeapi.Options{
		Binary: self, Config: config, ARN: "arn:aws:lambda:us-east-1:000000000000:function:janitor", Stdout: t.Output(), Stderr: t.Output(),
		Environ: []string{
			"LAMBDA_TEST=1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "HOME=" + t.TempDir(), "DRY_RUN=" + brake,
			"AWS_ENDPOINT_URL_LAMBDA=" + sim.URL(), "AWS_ENDPOINT_URL_CLOUDWATCH=" + metrics.URL,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer function.Stop()
	answer, err := function.Invoke("{}", time.Now().Add(time.Minute))
	var report janitor.Report
	if err != nil || answer.Failed || json.Unmarshal(answer.Body, &report) != nil {
		t.Fatalf("the answer is %s, %v", answer.Body, err)
	}
	return report
}
