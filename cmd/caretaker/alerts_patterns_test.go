package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
)

const patternAccount = "666677779999"

const patternFile = `version: 1
alerts:
  enabled: true
  exclude: {names: [account, default]}
  dashboards: {fleet: false, services: none}
  logPatterns:
    - {name: declined, pattern: '"card declined"', groups: [/shop/*], threshold: 5}
`

// Filters are shown, made and taken away with their alarm.
func TestAlerts_showsMakesAndDeletesMetricFilters(t *testing.T) {
	settings := others.AWSIn(patternAccount, eventRegion)
	environ := append(nowhere(), "AWS_ACCESS_KEY_ID="+patternAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())
	file := write(t, "caretaker.yaml", patternFile)
	logs := cloudwatchlogs.NewFromConfig(settings)
	_, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/shop/cart")})
	want.NoError(t, "making a log group", err)
	filters := func() int {
		t.Helper()
		found, err := logs.DescribeMetricFilters(t.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{})
		want.NoError(t, "listing metric filters", err)
		return len(found.MetricFilters)
	}
	caretaker(t, environ, "alerts", "plan", "--config", file).expect(t, console.Done, "Metric filters of eu-west-1", "caretaker/default/declined  /shop/cart  to create  there is no such metric filter", "caretaker/default/log-pattern/declined/lines",
		"1 to create", "$0.00 now, $0.40 when all is done", "$0.30 for each log pattern")
	caretaker(t, environ, "alerts", "apply", "--config", file, "--yes").expect(t, console.Done, "eu-west-1: 1 alarms made, 0 changed, 0 deleted.", "eu-west-1: 1 metric filters made, 0 changed, 0 deleted.")
	want.Equal(t, "filters after it", filters(), 1)
	caretaker(t, environ, "alerts", "plan", "--config", file, "--set", "alerts.logPatterns=[]").expect(t, console.Done, "alerts.logPatterns has no declined", "$0.40 now, $0.00 when all is done")
	caretaker(t, environ, "alerts", "destroy", "--config", file, "--yes").expect(t, console.Done, "0 metric filters made, 0 changed, 1 deleted")
	want.Equal(t, "filters after that", filters(), 0)
	caretaker(t, environ, "alerts", "plan", "--config", file, "--set", `alerts.logPatterns=[{name: declined, pattern: '"card', groups: [/shop/cart]}]`).expect(t, console.Misused,
		"alerts.logPatterns[0].pattern", "a filter pattern whose quotation marks end")
}
