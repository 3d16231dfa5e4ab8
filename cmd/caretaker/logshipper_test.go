package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// shippingFile ships through a stream, whose filters need no function.
const shippingFile = `version: 1
logShipper:
  source: {stream: logs}
  subscribe: {through: stream, retentionDays: 30, rate: 50}
`

// shipping is a Region of an account of its own with log groups.
type shipping struct {
	*testing.T
	logs    *cloudwatchlogs.Client
	file    string
	environ []string
}

const toStream = "arn:aws:kinesis:eu-west-1:333300000000:stream/logs"

func newShipping(t *testing.T) shipping {
	t.Helper()
	s := shipping{T: t, logs: cloudwatchlogs.NewFromConfig(others.AWSIn("333300000000", "eu-west-1")), file: write(t, "caretaker.yaml", shippingFile)}
	s.environ = append(nowhere(), "AWS_ACCESS_KEY_ID=333300000000", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+others.Endpoint())
	s.group("/aws/lambda/checkout", nil, "security="+security)
	s.group("/aws/lambda/orders", nil, "caretaker-default="+toStream)
	s.group("/aws/lambda/moved", nil, "caretaker-default="+security)
	s.group("/aws/lambda/off", map[string]string{"caretaker:logs": "off"}, "caretaker-prod="+toStream)
	s.group("/aws/rds/orders", nil)
	others.ForgetCalls()
	return s
}

const security = "arn:aws:firehose:eu-west-1:333300000000:deliverystream/security"

// group makes a log group with filters, each name=destination.
func (s shipping) group(name string, tags map[string]string, filters ...string) {
	s.Helper()
	_, err := s.logs.CreateLogGroup(s.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: tags})
	want.NoError(s, "making a log group", err)
	s.Cleanup(func() {
		_, err := s.logs.DeleteLogGroup(context.WithoutCancel(s.Context()), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
		want.NoError(s, "deleting a log group", err)
	})
	for _, filter := range filters {
		called, destination, _ := strings.Cut(filter, "=")
		_, err := s.logs.PutSubscriptionFilter(s.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
			LogGroupName: &name, FilterName: &called, FilterPattern: aws.String(""), DestinationArn: &destination,
		})
		want.NoError(s, "putting a filter", err)
	}
}

// filters are the names of all filters, by group.
func (s shipping) filters() map[string][]string {
	s.Helper()
	all := map[string][]string{}
	for _, group := range []string{"checkout", "orders", "moved", "off"} {
		found, err := s.logs.DescribeSubscriptionFilters(s.Context(), &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: aws.String("/aws/lambda/" + group)})
		want.NoError(s, "reading filters", err)
		for _, filter := range found.SubscriptionFilters {
			all[group] = append(all[group], aws.ToString(filter.FilterName))
		}
	}
	return all
}

func (s shipping) caretaker(args ...string) result {
	s.Helper()
	return caretaker(s.T, s.environ, append(args, "--config", s.file)...)
}

func TestLogShipperPlan_saysOfEachGroupWhatAndWhyAndChangesNothing(t *testing.T) {
	s := newShipping(t)
	before := s.filters()
	got := s.caretaker("log-shipper", "plan")
	got.expect(t, console.Done,
		"/aws/lambda/checkout  to subscribe  30 days    has no filter of this stage: beside 1 filter of others",
		"/aws/lambda/moved     to change     30 days    its filter points elsewhere: "+security,
		"/aws/lambda/orders    subscribed    30 days    its filter stands",
		"Destination     "+toStream, "1 left alone: not included", "1 left alone: tagged caretaker:logs=off",
		"nothing: logShipper.enabled is false",
	)
	if strings.Contains(got.out, "/aws/lambda/off") {
		t.Errorf("a group of which nothing is to be done is in the table:\n%s", got.out)
	}
	s.caretaker("log-shipper", "plan", "--all").expect(t, console.Done, "/aws/lambda/off       left alone               tagged caretaker:logs=off")
	want.Equal(t, "the filters", s.filters(), before)
	for _, call := range others.Calls() {
		if !strings.HasPrefix(call.Operation, "Describe") && !strings.HasPrefix(call.Operation, "Get") && !strings.HasPrefix(call.Operation, "List") {
			t.Errorf("a plan called %s:%s", call.Service, call.Operation)
		}
	}
}

func TestLogShipperPlan_inJSONHoldsEveryGroup(t *testing.T) {
	s := newShipping(t)
	got := s.caretaker("log-shipper", "plan", "--json")
	got.expect(t, console.Done)
	var plan struct {
		Command, Account string
		Regions          []struct {
			Region, Destination string
			Groups              []struct{ Group, Outcome, Reason string }
			Errors              []string
		}
	}
	want.NoError(t, "reading the document", json.Unmarshal([]byte(got.out), &plan))
	want.Equal(t, "command and account", plan.Command+" "+plan.Account, "log-shipper plan 333300000000")
	want.Equal(t, "the groups", len(plan.Regions[0].Groups), 5)
	if strings.Contains(got.out, "null") {
		t.Errorf("an empty list is null:\n%s", got.out)
	}
}

func TestLogShipperPlan_pointsToTheStagesShipper(t *testing.T) {
	s := newShipping(t)
	got := s.caretaker("log-shipper", "plan", "--set", "logShipper.subscribe.through=function")
	got.expect(t, console.Done, "Destination     arn:aws:lambda:eu-west-1:333300000000:function:caretaker-default-log-shipper")
}

func TestLogShipperPlan_saysWhatItCouldNotRead(t *testing.T) {
	s := newShipping(t)
	others.Inject(emulator.Fault{Operation: "DescribeSubscriptionFilters", Status: 400, Code: "AccessDeniedException", Message: "no"})
	t.Cleanup(others.ClearFaults)
	s.caretaker("log-shipper", "plan").expect(t, console.Failed, "not looked at", "its filters could not be read", "logs:DescribeSubscriptionFilters")
	others.Inject(emulator.Fault{Operation: "GetResources", Status: 400, Code: "AccessDeniedException", Message: "no"})
	s.caretaker("log-shipper", "plan").expect(t, console.Failed, "eu-west-1: taking inventory: reading the log groups' tags (tag:GetResources)")
}

func TestUnsubscribe_takesTheStagesOwnFiltersAway(t *testing.T) {
	s := newShipping(t)
	s.caretaker("log-shipper", "unsubscribe", "--yes").expect(t, console.Done, "/aws/lambda/moved   "+security, "/aws/lambda/orders  "+toStream, "eu-west-1: 2 of 2 filters taken away.")
	want.Equal(t, "the filters", s.filters(), map[string][]string{"checkout": {"security"}, "off": {"caretaker-prod"}})
	s.caretaker("log-shipper", "unsubscribe", "--yes").expect(t, console.Done, "No log group of eu-west-1 has a filter called caretaker-default")
}

func TestUnsubscribe_takesNothingAwayUnlessItIsTold(t *testing.T) {
	s := newShipping(t)
	before := s.filters()
	s.caretaker("log-shipper", "unsubscribe").expect(t, console.Misused, "there is no terminal to ask at: give --yes")
	s.caretaker("log-shipper", "unsubscribe", "--dry-run").expect(t, console.WorkLeft, "/aws/lambda/orders  "+toStream)
	s.environ = append(s.environ, "DRY_RUN=1")
	s.caretaker("log-shipper", "unsubscribe", "--yes").expect(t, console.WorkLeft, "DRY_RUN=1 is set in the environment: nothing is taken away.")
	want.Equal(t, "the filters", s.filters(), before)
}

// What may stand in a group that could not be read, nobody was shown.
func TestUnsubscribe_takesNothingAwayWhereAGroupCouldNotBeRead(t *testing.T) {
	s := newShipping(t)
	before := s.filters()
	others.Inject(emulator.Fault{Operation: "DescribeSubscriptionFilters", Status: 400, Code: "AccessDeniedException", Message: "no", Times: 1})
	t.Cleanup(others.ClearFaults)
	s.caretaker("log-shipper", "unsubscribe", "--yes").expect(t, console.Failed, "reading the filters of ")
	want.Equal(t, "the filters", s.filters(), before)
}

func TestUnsubscribe_asksForTheNumberOfFilters(t *testing.T) {
	s := newShipping(t)
	for _, test := range []struct {
		typed string
		code  console.Code
		left  int
	}{{"no\n", console.WorkLeft, 2}, {"3\n", console.WorkLeft, 2}, {"2\n", console.Done, 0}} {
		for _, variable := range s.environ {
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
		}
		var out, errs strings.Builder
		c := console.Console{In: strings.NewReader(test.typed), Out: &out, Err: &errs, Asks: true, Now: time.Now}
		got := result{run([]string{"log-shipper", "unsubscribe", "--config", s.file}, c, nil), out.String(), errs.String()}
		got.expect(t, test.code, "Take 2 filters away in eu-west-1?", "A subscriber of stage default that is still deployed puts them back")
		left := 0
		for _, names := range s.filters() {
			if slices.Contains(names, "caretaker-default") {
				left++
			}
		}
		want.Equal(t, "filters left after "+test.typed, left, test.left)
	}
}
