package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// preview draws the dashboards while the incident is on, and opens the page where a browser runs.
func (a *alertsAct) preview(ctx context.Context) error {
	a.out.heading("The dashboards, as a page")
	a.out.aside("The page is drawn from the dashboards' own JSON, and from the metrics that the demo published.")
	page := filepath.Join("dist", "alerts", "dashboards.html")
	if err := os.MkdirAll(filepath.Dir(page), 0o750); err != nil {
		return err
	}
	a.out.command("dist/caretaker", "alerts", "preview", "--output", page)
	command := a.command(ctx, filepath.Join("dist", "caretaker"), "alerts", "preview", "--config", a.config, "--region", a.Region(), "--output", page)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := finish(command); err != nil {
		return fmt.Errorf("caretaker alerts preview: %w\n%s", err, said.String())
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	a.out.fact("page", "%s", lines[len(lines)-1])
	return a.openPage(ctx, page)
}

// publishMetrics publishes an hour of a few functions of the service, the first of which fails.
func (a *alertsAct) publishMetrics(ctx context.Context) error {
	const minutes = 5
	now := time.Now().UTC().Truncate(minutes * time.Minute)
	for number, name := range service()[:6] {
		var data []cloudwatchtypes.MetricDatum
		for slot := range 13 {
			at := now.Add(time.Duration(slot-12) * minutes * time.Minute)
			failed := 0.0
			if number == 0 && slot > 8 {
				failed = float64(20 + slot)
			}
			for metric, value := range map[string]float64{
				"Invocations": float64(60 + 10*number + slot%4), "Errors": failed, "Throttles": 0, "Duration": float64(90 + 15*number + 7*(slot%3)), "ConcurrentExecutions": float64(2 + (number+slot)%3),
			} {
				data = append(data, cloudwatchtypes.MetricDatum{
					MetricName: &metric, Timestamp: &at, Value: &value, Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: &name}},
				})
			}
		}
		if _, err := a.alarms.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: data}); err != nil {
			return fmt.Errorf("publishing the metrics of %s: %w", name, err)
		}
	}
	return nil
}

// openPage looks at the page with the browser of make test, where that is installed and runs.
func (a *alertsAct) openPage(ctx context.Context, page string) error {
	browser := filepath.Join("test", "browser")
	absolute, err := filepath.Abs(page)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "node", "look.mjs", absolute, "1280x900,light", "390x844,dark") // #nosec G204 -- programs of this checkout
	command.Dir = browser
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == 3 || errors.Is(err, exec.ErrNotFound) {
		a.out.fact("opens", "not looked at, since no browser runs here: make browser installs one. Open the page yourself")
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the page: %w\n%s", err, complaint.String())
	}
	var views []struct {
		Canvases         []struct{ Drawn int }
		Metrics          int
		Errors, Requests []string
	}
	if err := json.Unmarshal(out, &views); err != nil {
		return fmt.Errorf("reading what the browser sees: %w", err)
	}
	ok := len(views) == 2
	for _, view := range views {
		ok = ok && view.Metrics > 0 && len(view.Canvases) == view.Metrics && len(view.Errors)+len(view.Requests) == 0
	}
	a.out.fact("opens", "in a browser, light and dark, on a desk and a phone: %d of %d graphs drawn, %d script errors, %d requests",
		len(views[0].Canvases), views[0].Metrics, len(views[0].Errors), len(views[0].Requests))
	a.figure("the page of the dashboards opens", ok, "%d graphs, no script error, no request to anything", views[0].Metrics)
	return nil
}
