package emulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"caretaker/internal/want"
)

func TestListEventSourceMappings_holdsAtMostAHundredAPage(t *testing.T) {
	cfg := fresh(t)
	client, queues := lambdasvc.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	create(t, client, "fn")
	for n := range 101 {
		queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprint("q", n))})
		if err != nil {
			t.Fatal(err)
		}
		attributes, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl, AttributeNames: []types.QueueAttributeName{"QueueArn"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.CreateEventSourceMapping(t.Context(), &lambdasvc.CreateEventSourceMappingInput{
			FunctionName: aws.String("fn"), Enabled: aws.Bool(false),
			EventSourceArn: aws.String(attributes.Attributes["QueueArn"]),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pages := lambdasvc.NewListEventSourceMappingsPaginator(client, &lambdasvc.ListEventSourceMappingsInput{MaxItems: aws.Int32(10000)})
	var sizes []int
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.EventSourceMappings))
	}
	want.Equal(t, "mappings on each page", sizes, []int{100, 1})
}

func TestListMetrics_namesWhatIsOfTheLastTwoWeeksAndGetMetricDataKnowsMore(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	now := time.Now()
	for name, ago := range map[string]time.Duration{"recent": 13 * 24 * time.Hour, "old": 80 * 24 * time.Hour} {
		_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test"), MetricData: []metrictypes.MetricDatum{{
			MetricName: &name, Value: aws.Float64(3), Timestamp: aws.Time(now.Add(-ago)),
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	listed, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{Namespace: aws.String("Test")})
	want.NoError(t, "listing metrics", err)
	if len(listed.Metrics) != 1 || aws.ToString(listed.Metrics[0].MetricName) != "recent" {
		t.Errorf("the metrics listed: %+v, want the recent one alone", listed.Metrics)
	}
	data, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-100 * 24 * time.Hour)), EndTime: &now, MetricDataQueries: []metrictypes.MetricDataQuery{{
			Id: aws.String("q"), MetricStat: &metrictypes.MetricStat{
				Metric: &metrictypes.Metric{Namespace: aws.String("Test"), MetricName: aws.String("old")}, Period: aws.Int32(86400), Stat: aws.String("Sum"),
			},
		}},
	})
	want.NoError(t, "reading the old metric", err)
	if len(data.MetricDataResults) != 1 || len(data.MetricDataResults[0].Values) != 1 || data.MetricDataResults[0].Values[0] != 3 {
		t.Errorf("the old metric: %+v, want one value, 3", data.MetricDataResults)
	}
}

func TestListFunctionEventInvokeConfigs_makesPages(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "fn", 2)
	for _, qualifier := range []string{"$LATEST", "1", "2"} {
		_, err := client.PutFunctionEventInvokeConfig(t.Context(), &lambdasvc.PutFunctionEventInvokeConfigInput{
			FunctionName: aws.String("fn"), Qualifier: &qualifier, MaximumRetryAttempts: aws.Int32(1),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pages := lambdasvc.NewListFunctionEventInvokeConfigsPaginator(client,
		&lambdasvc.ListFunctionEventInvokeConfigsInput{FunctionName: aws.String("fn"), MaxItems: aws.Int32(2)})
	var got [][]string
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var page []string
		for _, item := range out.FunctionEventInvokeConfigs {
			page = append(page, afterColon(item.FunctionArn))
		}
		got = append(got, page)
	}
	want.Equal(t, "the configurations on each page", got, [][]string{{"fn:$LATEST", "fn:1"}, {"fn:2"}})
}

func TestListAliases_filtersByPrimaryVersion(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "fn", 2)
	for name, version := range map[string]string{"live": "1", "next": "2"} {
		if _, err := client.CreateAlias(t.Context(), &lambdasvc.CreateAliasInput{FunctionName: aws.String("fn"), Name: &name, FunctionVersion: &version}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := client.ListAliases(t.Context(), &lambdasvc.ListAliasesInput{FunctionName: aws.String("fn"), FunctionVersion: aws.String("2")})
	want.NoError(t, "listing aliases", err)
	if len(out.Aliases) != 1 || aws.ToString(out.Aliases[0].Name) != "next" {
		t.Errorf("the aliases of version 2: %+v, want next alone", out.Aliases)
	}
}

// aliasTemplate is a function with a version behind an alias that has
// provisioned concurrency.
const aliasTemplate = `{"Resources": {
	"Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "fn", "Handler": "index.handler", "Runtime": "python3.12",
		"Role": "arn:aws:iam::000000000000:role/any", "Code": {"ZipFile": "def handler(event, context): pass"}}},
	"Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
	"Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Function"}, "Name": "live",
		"FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]}, "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}}}
}}`

func TestListProvisionedConcurrencyConfigs_listsWhatCloudFormationMade(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	stacks, name := cloudformation.NewFromConfig(cfg), aws.String("shop")
	if _, err := stacks.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: name, TemplateBody: aws.String(aliasTemplate)}); err != nil {
		t.Fatal(err)
	}
	err := cloudformation.NewStackCreateCompleteWaiter(stacks, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
	}).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: name}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	out, err := lambdasvc.NewFromConfig(cfg).ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("fn")})
	want.NoError(t, "listing provisioned concurrency", err)
	if len(out.ProvisionedConcurrencyConfigs) != 1 || afterColon(out.ProvisionedConcurrencyConfigs[0].FunctionArn) != "fn:live" {
		t.Errorf("the configurations: %+v, want that of fn:live alone", out.ProvisionedConcurrencyConfigs)
	}
}
