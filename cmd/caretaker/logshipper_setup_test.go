package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/dashboards"
)

func TestLogShipperSetup_preparesTheDestinationAndMayBeRunAgain(t *testing.T) {
	to, err := opensearch.StartStandIn(t.Context())
	want.NoError(t, "starting the stand-in for OpenSearch", err)
	defer to.Stop()
	environ := append(nowhere(), "AWS_ACCESS_KEY_ID=333300000000", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+others.Endpoint())
	file := write(t, "caretaker.yaml", "version: 1\nlogShipper:\n  destination: {endpoint: \""+to.URL()+"\", dataStream: logs-lambda-test, auth: {type: none}}\n")
	others.ForgetCalls()
	for _, became := range []string{"created", "as it was"} {
		caretaker(t, environ, "log-shipper", "setup", "--config", file).expect(
			t, console.Done,
			to.URL()+": OpenSearch 2.19.1", "caretaker-logs-lambda-test: "+became, "logs-lambda-test: "+became, "ISM or ILM",
		)
	}
	for _, call := range others.Calls() {
		if call.Service != "sts" {
			t.Errorf("it called %s:%s", call.Service, call.Operation)
		}
	}
	to.Kill()
	caretaker(t, environ, "log-shipper", "setup", "--config", file).expect(t, console.Failed, to.URL())
	for setting, says := range map[string]string{
		"logShipper.destination.type=kinesis":     "this is for opensearch alone",
		`logShipper.destination.endpoint=""`:      "logShipper.destination.endpoint of stage default is empty",
		"logShipper.destination.auth.type=bearer": "destination.auth.secret is empty",
	} {
		caretaker(t, environ, "log-shipper", "setup", "--config", file, "--set", setting).expect(t, console.Misused, says)
	}
}

func TestLogShipperSetup_asksWhichOfSeveralDestinations(t *testing.T) {
	first, err := opensearch.StartStandIn(t.Context())
	want.NoError(t, "starting the stand-in for OpenSearch", err)
	defer first.Stop()
	environ := append(nowhere(), "AWS_ACCESS_KEY_ID=333300000000", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+others.Endpoint())
	search := `search: {endpoint: "` + first.URL() + `", auth: {type: none}}`
	archive := `archive: {type: kinesis, stream: logs}`
	for name, c := range map[string]struct {
		destinations, named string
		code                console.Code
		says                string
	}{
		"the only one of its type": {search + ", " + archive, "", console.Done, first.URL()},
		"by its name":              {search + ", audit: {endpoint: https://logs.example.com}", "search", console.Done, first.URL()},
		"two of the type":          {search + ", audit: {endpoint: https://logs.example.com}", "", console.Misused, "say which with --destination audit or search"},
		"none of the type":         {archive, "", console.Misused, "none of logShipper.destinations, which are archive"},
		"one of another type":      {search + ", " + archive, "archive", console.Misused, "logShipper.destinations.archive.type is kinesis"},
		"an unknown one":           {search + ", " + archive, "serch", console.Misused, "logShipper.destinations has archive, search"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"log-shipper", "setup", "--config", write(t, "caretaker.yaml", "version: 1\nlogShipper: {destinations: {"+c.destinations+"}}\n")}
			if c.named != "" {
				args = append(args, "--destination", c.named)
			}
			caretaker(t, environ, args...).expect(t, c.code, c.says)
		})
	}
}

func TestLogShipperSetup_bringsPicturesToDashboards(t *testing.T) {
	to, err := opensearch.StartStandIn(t.Context())
	want.NoError(t, "starting the stand-in for OpenSearch", err)
	defer to.Stop()
	pictures := opensearch.StartDashboards("/_dashboards")
	defer pictures.Close()
	environ := append(nowhere(), "AWS_ACCESS_KEY_ID=333300000000", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+others.Endpoint())
	file := write(t, "caretaker.yaml", "version: 1\nlogShipper:\n  destination: {endpoint: \""+to.URL()+"\", dataStream: logs-lambda-test, auth: {type: none}}\n")
	setup := func(address string) result {
		return caretaker(t, environ, "log-shipper", "setup", "--config", file, "--set", "logShipper.destination.dashboards="+address)
	}
	setup(`""`).expect(t, console.Done, "caretaker log-shipper dashboards writes a file to import by hand")
	all := len(dashboards.Objects("logs-lambda-test"))
	address := pictures.URL() + "/_dashboards"
	setup(address).expect(t, console.Done, fmt.Sprintf("%s: %d objects created, 0 replaced, 0 as they were", address, all))
	setup(address).expect(t, console.Done, fmt.Sprintf("%s: 0 objects created, 0 replaced, %d as they were", address, all))
	// What it is about is set up all the same.
	setup(pictures.URL()).expect(t, console.Failed, "as it was", "bringing pictures to "+pictures.URL(), "its address ends in /_dashboards")
	setup("http://example.com").expect(t, console.Misused, "logShipper.destination.dashboards", "without a user, a password or a query")
}

func TestLogShipperDashboards_writesWhatSetupBrings(t *testing.T) {
	made := string(dashboards.NDJSON("logs-lambda-prod"))
	args := []string{"log-shipper", "dashboards", "--config", "none", "--set", "logShipper.destination.dataStream=logs-lambda-prod"}
	var out, errs strings.Builder
	want.Equal(t, "exit code", run(args, console.Console{Out: &out, Err: &errs}, nil), 0)
	want.Equal(t, "what is written", out.String(), made)
	file := filepath.Join(t.TempDir(), "caretaker.ndjson")
	want.Equal(t, "exit code", run(append(args, "--file", file), console.Console{Out: &out, Err: &errs}, nil), 0)
	kept, err := os.ReadFile(file)
	want.NoError(t, "reading", err)
	want.Equal(t, "what the file holds", string(kept), made)
	want.Says(t, "stderr", errs.String(), "import it in Dashboards")
	want.Equal(t, "exit code where nothing can be written", run(append(args, "--file", filepath.Join(file, "x")), console.Console{Out: &out, Err: &errs}, nil), 2)
	want.Says(t, "stderr", errs.String(), "writing the saved objects")
}
