package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
)

const alarmingAccount = "666677778888"

const alarmingFile = "version: 1\nalerts: {enabled: true, exclude: {names: [account, default]}}\n"

// Plan, apply and destroy are the reconciler's own code: what is shown is done, and nothing else.
func TestAlerts_planApplyAndDestroy(t *testing.T) {
	settings := others.AWSIn(alarmingAccount, eventRegion)
	environ := append(nowhere(), "AWS_ACCESS_KEY_ID="+alarmingAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())
	file := write(t, "caretaker.yaml", alarmingFile)
	queues := sqs.NewFromConfig(settings)
	made, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("mail"), Tags: map[string]string{"caretaker:alarm.age": "soon"}})
	want.NoError(t, "making a queue", err)
	t.Cleanup(func() {
		_, _ = queues.DeleteQueue(context.WithoutCancel(t.Context()), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
	})

	caretaker(t, environ, "alerts", "plan", "--config", file).expect(t, console.Done,
		"Alarms of eu-west-1", "caretaker/default/queue/mail/age", "to create", "it is watched and has no such alarm",
		"queue/mail  caretaker:alarm.age=soon  a time such as 10m, up to 365d, or on or off",
		"$0.00 now, $0.10 when all is done", "Dashboards of eu-west-1", "caretaker_default_eu-west-1_fleet  the fleet  to create  there is no such dashboard", "$3.00 for each over the three", "those of us-east-1: what eu-west-1 asks is not known here", "in dry run: alerts.dryRun is true")
	want.Equal(t, "alarms after a plan", alarmNames(t, settings), []string{})

	caretaker(t, environ, "alerts", "apply", "--config", file).expect(t, console.Misused, "give --yes to write without asking")
	caretaker(t, append(environ, "DRY_RUN=1"), "alerts", "apply", "--config", file, "--yes").expect(t, console.WorkLeft, "nothing is written")
	caretaker(t, environ, "alerts", "apply", "--config", file, "--yes").expect(t, console.Done, "eu-west-1: 1 alarms made, 0 changed, 0 deleted.", "eu-west-1: 1 dashboards made, 0 changed, 0 deleted.")
	want.Equal(t, "dashboards after it", dashboardNames(t, settings), []string{"caretaker_default_eu-west-1_fleet"})
	want.Equal(t, "alarms after it", alarmNames(t, settings), []string{"caretaker/default/queue/mail/age"})
	caretaker(t, environ, "alerts", "apply", "--config", file, "--yes").expect(t, console.Done, "There is nothing to do.")

	got := caretaker(t, environ, "alerts", "plan", "--config", file, "--json", "--set", "alerts.thresholds={queue.age: 5m}")
	got.expect(t, console.Done)
	var document struct {
		Schema  int
		Regions []struct {
			CentsBefore, CentsAfter int
			Decisions               []struct {
				Alarm, Outcome string
				Changes        []struct{ Field, From, To string }
			}
		}
	}
	want.NoError(t, "reading the document", json.Unmarshal([]byte(got.out), &document))
	changed := false
	for _, decision := range document.Regions[0].Decisions {
		if decision.Alarm == "caretaker/default/queue/mail/age" && decision.Outcome == "to change" {
			changed = decision.Changes[0].Field == "threshold" && decision.Changes[0].From == "600" && decision.Changes[0].To == "300"
		}
	}
	want.Equal(t, "whether the document tells of the change", changed, true)

	caretaker(t, environ, "alerts", "destroy", "--config", file, "--yes").expect(t, console.Done, "caretaker/default/queue/mail/age", "1 deleted")
	want.Equal(t, "alarms after that", alarmNames(t, settings), []string{})
	want.Equal(t, "dashboards after that", dashboardNames(t, settings), []string{})
	caretaker(t, environ, "alerts", "plan", "--config", file, "--set", "alerts.thresholds={queue.ages: 5m}").expect(t, console.Misused,
		"alerts.thresholds.queue.ages", "one of function.errors")
}

func alarmNames(t *testing.T, settings aws.Config) []string {
	t.Helper()
	found, err := cloudwatch.NewFromConfig(settings).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	want.NoError(t, "reading the alarms", err)
	names := []string{}
	for _, alarm := range found.MetricAlarms {
		names = append(names, aws.ToString(alarm.AlarmName))
	}
	return names
}

func dashboardNames(t *testing.T, settings aws.Config) []string {
	t.Helper()
	found, err := cloudwatch.NewFromConfig(settings).ListDashboards(t.Context(), &cloudwatch.ListDashboardsInput{})
	want.NoError(t, "listing the dashboards", err)
	names := []string{}
	for _, entry := range found.DashboardEntries {
		names = append(names, aws.ToString(entry.DashboardName))
	}
	return names
}
