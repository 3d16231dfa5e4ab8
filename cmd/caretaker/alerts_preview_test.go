package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
)

const previewedAccount = "777788889999"

func TestAlertsPreview_drawsSamplesWithoutAnAccount(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	environ := nowhere() // no credentials, and nothing that answers
	caretaker(t, environ, "alerts", "preview", "--config", "none", "--sample", "--output", page).expect(t, console.Done,
		page+": 4 dashboards (Fleet, accounts, checkout, search)", "Open it in a browser; it needs nothing else.")
	want.Says(t, "the page", pageAt(t, page), "caretaker_default_eu-west-1_service_checkout", "Everything here is made up", "function/checkout-api/failing")
	caretaker(t, environ, "alerts", "preview", "--config", "none", "--sample", "--service", "checkout", "--output", page).expect(t, console.Done, "1 dashboards (checkout)")
	if strings.Contains(pageAt(t, page), "service_search") {
		t.Error("the page shows the search too, which was not asked for")
	}
	caretaker(t, environ, "alerts", "preview", "--config", "none", "--sample", "--service", "bank", "--output", page).expect(t, console.Misused, `--service: "bank" has no dashboard`)
	caretaker(t, environ, "alerts", "preview", "--config", "none", "--sample", "--set", "alerts.dashboards={fleet: false, services: none}", "--output", page).expect(t, console.Misused,
		"alerts.dashboards of the file asks for none")
	caretaker(t, environ, "alerts", "preview", "--config", "none", "--sample", "--set", "alerts.dashboards.services=all").expect(t, console.Misused,
		"alerts.dashboards.services", `"all"`, "none, tagged or stacks")
	caretaker(t, environ, "alerts", "preview", "--config", "none", "--sample", "--output", filepath.Join(page, "page.html")).expect(t, console.Failed, "writing the page")
}

// The account's own data come from GetMetricData, which computes what a dashboard looks for.
func TestAlertsPreview_drawsTheAccountsDataAndWritesNothingThere(t *testing.T) {
	settings := others.AWSIn(previewedAccount, eventRegion)
	environ := append(nowhere(), "AWS_ACCESS_KEY_ID="+previewedAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())
	client := cloudwatch.NewFromConfig(settings)
	_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: []cloudwatchtypes.MetricDatum{{
		MetricName: aws.String("Errors"), Timestamp: aws.Time(time.Now().Add(-30 * time.Minute)), Value: aws.Float64(41), Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("checkout")}},
	}}})
	want.NoError(t, "putting a datapoint", err)
	page := filepath.Join(t.TempDir(), "page.html")
	file := write(t, "caretaker.yaml", "version: 1\n")
	others.ForgetCalls()
	caretaker(t, environ, "alerts", "preview", "--config", file, "--output", page).expect(t, console.Done, "1 dashboards (Fleet)")
	text := pageAt(t, page)
	want.Says(t, "the page", text, `{"label":"checkout","values":[`, "41", "No datapoint in the last 3h: AWS publishes it for functions that read a stream.", "The alarms are planned, 1 of them, and none is made yet.", "The account&#39;s own data, in eu-west-1.")
	for _, call := range others.Calls() {
		for _, writes := range []string{"Put", "Delete", "Tag", "Create"} {
			if strings.HasPrefix(call.Operation, writes) {
				t.Errorf("a preview calls %s", call.Operation)
			}
		}
	}
	want.Equal(t, "dashboards", dashboardNames(t, settings), []string{})
}

func pageAt(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path) // #nosec G304 -- the test's own
	want.NoError(t, "reading "+path, err)
	return string(text)
}
