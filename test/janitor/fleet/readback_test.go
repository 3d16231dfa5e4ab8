package fleet_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/google/go-cmp/cmp"

	"caretaker/test/janitor/fleet"
)

// A reader says what one kind of reference looks like through the API by which a janitor finds it.
type reader func(ctx context.Context, cfg aws.Config) ([]string, error)

// lambdaARN begins the ARN of every function.
const lambdaARN = "arn:aws:lambda:us-east-1:000000000000:function:"

// kind is one kind of reference.
type kind struct {
	name string
	// check is the switch by which the janitor looks at what this kind names by number.
	// Empty where it names functions as a whole.
	check string
	read  reader
	want  []string
}

var kinds = []kind{
	{"aliases", fleet.Alias, readAliases, []string{
		"previous checkout:4", "canary checkout:8 and checkout:3 0.1", "live session-store:7", "warm pricing:5",
	}},
	{"event source mappings", "eventSourceMappings", readMappings, []string{
		lambdaARN + "inventory-stream:3", lambdaARN + "order-events", lambdaARN + "order-events:$LATEST", lambdaARN + "order-events:2", lambdaARN + "order-events:live",
	}},
	{"provisioned concurrency", "provisionedConcurrency", readProvisioned, []string{lambdaARN + "pricing:4", lambdaARN + "pricing:warm"}},
	{"scalable targets", "scalableTargets", readScalableTargets, []string{"function:pricing:3 from 0"}},
	{"scaling configurations", "managedInstances", readScalingConfigs, []string{"order-events:3 at least 4"}},
	{"asynchronous destinations", "asyncDestinations", readDestinations, []string{lambdaARN + "invoice-retry:2", "settings of " + lambdaARN + "invoice:3"}},
	{"durable executions", "durableExecutions", readExecutions, []string{"refund-saga:2 RUNNING"}},
	{"resource policies", "policies", readPolicies, []string{"payments-webhook:3"}},
	{"tags", "", readTags, []string{
		"billing-export aws:cloudformation:stack-name=billing", "gdpr-erase caretaker:janitor=off",
		"ledger aws:cloudformation:stack-name=accounting", "mail-sender caretaker:keep=a dozen",
		"search-index caretaker:keep-until", "tax-rates caretaker:keep=10",
	}},
	{"stack resources", "stackResources", readStackResources, []string{lambdaARN + "ledger:1"}},
	{"stack states", "", readStackStates, []string{"accounting CREATE_COMPLETE", "billing UPDATE_ROLLBACK_FAILED"}},
	{"state machines", "stepFunctions", readStateMachines, []string{
		`"FunctionName":"` + lambdaARN + `settlement:4"`, `"Resource":"` + lambdaARN + `fulfilment"`, `"Resource":"` + lambdaARN + `fulfilment:2"`, `"Resource":"` + lambdaARN + `settlement:2"`,
		`"FunctionName":"fraud-score","Qualifier":"{% $states.input.version %}"`, `"FunctionName":"fraud-score","Qualifier.$":"$.version"`,
		`"FunctionName":"fulfilment","Payload.$":"$","Qualifier":"3"`,
	}},
	{"executions", "stepFunctionsExecutions", readRunningExecutions, []string{`"Resource":"` + lambdaARN + `fulfilment:4"`}},
	{"environment variables", fleet.Variable, readVariables, []string{lambdaARN + "image-resize:3"}},
	{"schedules", "scheduler", readSchedules, []string{
		`arn:aws:states:us-east-1:000000000000:stateMachine:report {"step":"` + lambdaARN + `nightly-report:3"}`,
		lambdaARN + "nightly-report:2", `arn:aws:scheduler:::aws-sdk:lambda:invoke {"FunctionName":"nightly-report","InvocationType":"Event","Payload":"{}","Qualifier":"4"}`,
	}},
	{"pipes", "pipes", readPipes, []string{`template {"next":"` + lambdaARN + `audit-trail:5"}`, "enrichment " + lambdaARN + "audit-trail:2", "target " + lambdaARN + "audit-trail:3"}},
	{"REST APIs", "apiGateway", readRestAPIs, []string{
		"authorizer " + uri(lambdaARN+"storefront-api:4"), "integration " + uri(lambdaARN+"partner-api:${stageVariables.version}"), "integration " + uri(lambdaARN+"storefront-api:3"),
	}},
	{"REST stages", "apiGatewayStages", readRestStages, []string{"prod " + lambdaARN + "storefront-api:5"}},
	{"HTTP APIs", "apiGateway", readHTTPAPIs, []string{"authorizer " + uri(lambdaARN+"storefront-api:1"), "integration " + lambdaARN + "storefront-api:2 with role"}},
	{"HTTP stages", "apiGatewayStages", readHTTPStages, []string{"prod " + lambdaARN + "loyalty-points:4"}},
	{"event rules", "eventBridge", readEventRules, []string{`default arn:aws:states:us-east-1:000000000000:stateMachine:expire-points {"step":"` + lambdaARN + `loyalty-points:5"}`, "default " + lambdaARN + "loyalty-points:2", "shop " + lambdaARN + "loyalty-points:3"}},
	{"data sources", "appSync", readDataSources, []string{lambdaARN + "product-graph:3"}},
	{"Firehose streams", "firehose", readDeliveryStreams, []string{lambdaARN + "audit-trail:4"}},
	{"metrics", "invokedWithin", readMetrics, []string{"image-resize:2"}},
	{"alias history", "", readAliasHistory, []string{"UpdateAlias session-store"}},
}

func TestSeed_isReadBackThroughTheAPIs(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			got, err := kind.read(t.Context(), running.AWS())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(kind.want)), slices.Sorted(slices.Values(got))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func uri(function string) string {
	return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + function + "/invocations with role"
}

func readAliases(ctx context.Context, cfg aws.Config) ([]string, error) {
	var got []string
	for function := range seeded.Versions {
		out, err := lambdasvc.NewFromConfig(cfg).ListAliases(ctx, &lambdasvc.ListAliasesInput{FunctionName: &function})
		if err != nil {
			return nil, err
		}
		for _, alias := range out.Aliases {
			text := aws.ToString(alias.Name) + " " + function + ":" + aws.ToString(alias.FunctionVersion)
			if alias.RoutingConfig != nil {
				for version, weight := range alias.RoutingConfig.AdditionalVersionWeights {
					text += fmt.Sprintf(" and %s:%s %v", function, version, weight)
				}
			}
			if text != "live "+function+":8" { // the newest, on every third function
				got = append(got, text)
			}
		}
	}
	return got, nil
}

func readMappings(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := lambdasvc.NewFromConfig(cfg).ListEventSourceMappings(ctx, &lambdasvc.ListEventSourceMappingsInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, mapping := range out.EventSourceMappings {
		got = append(got, aws.ToString(mapping.FunctionArn))
	}
	return got, nil
}

func readProvisioned(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := lambdasvc.NewFromConfig(cfg).ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{
		FunctionName: aws.String("pricing"),
	})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, config := range out.ProvisionedConcurrencyConfigs {
		got = append(got, aws.ToString(config.FunctionArn))
	}
	return got, nil
}

func readDestinations(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := lambdasvc.NewFromConfig(cfg).ListFunctionEventInvokeConfigs(ctx, &lambdasvc.ListFunctionEventInvokeConfigsInput{
		FunctionName: aws.String("invoice"),
	})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, config := range out.FunctionEventInvokeConfigs {
		if destination := config.DestinationConfig; destination != nil && destination.OnFailure != nil && destination.OnFailure.Destination != nil {
			got = append(got, aws.ToString(destination.OnFailure.Destination))
		} else {
			got = append(got, "settings of "+aws.ToString(config.FunctionArn))
		}
	}
	return got, nil
}

func readScalableTargets(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := applicationautoscaling.NewFromConfig(cfg).DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceLambda,
	})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, target := range out.ScalableTargets {
		got = append(got, fmt.Sprint(aws.ToString(target.ResourceId), " from ", aws.ToInt32(target.MinCapacity)))
	}
	return got, nil
}

func readScalingConfigs(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := lambdasvc.NewFromConfig(cfg)
	listed, err := client.ListVersionsByFunction(ctx, &lambdasvc.ListVersionsByFunctionInput{FunctionName: aws.String("order-events")})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, version := range listed.Versions {
		if aws.ToString(version.Version) == "$LATEST" || version.CapacityProviderConfig == nil {
			continue
		}
		config, err := client.GetFunctionScalingConfig(ctx, &lambdasvc.GetFunctionScalingConfigInput{FunctionName: version.FunctionName, Qualifier: version.Version})
		if err != nil {
			return nil, err
		}
		if asked := config.RequestedFunctionScalingConfig; asked != nil {
			got = append(got, fmt.Sprint("order-events:", aws.ToString(version.Version), " at least ", aws.ToInt32(asked.MinExecutionEnvironments)))
		}
	}
	return got, nil
}

func readExecutions(ctx context.Context, cfg aws.Config) ([]string, error) {
	var got []string
	for number := 1; number <= 8; number++ {
		version := strconv.Itoa(number)
		out, err := lambdasvc.NewFromConfig(cfg).ListDurableExecutionsByFunction(ctx, &lambdasvc.ListDurableExecutionsByFunctionInput{
			FunctionName: aws.String("refund-saga"), Qualifier: &version, Statuses: []lambdatypes.ExecutionStatus{lambdatypes.ExecutionStatusRunning},
		})
		if err != nil {
			return nil, err
		}
		for _, execution := range out.DurableExecutions {
			got = append(got, "refund-saga:"+version+" "+string(execution.Status))
		}
	}
	return got, nil
}

func readVariables(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := lambdasvc.NewFromConfig(cfg).ListFunctions(ctx, &lambdasvc.ListFunctionsInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, function := range out.Functions {
		if function.Environment != nil {
			got = slices.AppendSeq(got, maps.Values(function.Environment.Variables))
		}
	}
	return got, nil
}

func readPolicies(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := lambdasvc.NewFromConfig(cfg)
	var got []string
	for function, versions := range seeded.Versions {
		for _, number := range versions {
			_, err := client.GetPolicy(ctx, &lambdasvc.GetPolicyInput{FunctionName: &function, Qualifier: aws.String(strconv.Itoa(number))})
			switch {
			case err == nil:
				got = append(got, function+":"+strconv.Itoa(number))
			case code(err) != "ResourceNotFoundException":
				return nil, err
			}
		}
	}
	return got, nil
}

func readTags(ctx context.Context, cfg aws.Config) ([]string, error) {
	var got []string
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(resourcegroupstaggingapi.NewFromConfig(cfg), &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"lambda:function"},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, resource := range page.ResourceTagMappingList {
			for _, tag := range resource.Tags {
				key, value := aws.ToString(tag.Key), "="+aws.ToString(tag.Value)
				if key == "caretaker:keep-until" {
					value = "" // a date that moves
				}
				if strings.HasPrefix(key, "caretaker:") || key == "aws:cloudformation:stack-name" {
					arn := aws.ToString(resource.ResourceARN)
					got = append(got, arn[strings.LastIndex(arn, ":")+1:]+" "+key+value)
				}
			}
		}
	}
	return got, nil
}

func readStackStates(ctx context.Context, cfg aws.Config) ([]string, error) {
	stacks, err := cloudformation.NewFromConfig(cfg).ListStacks(ctx, &cloudformation.ListStacksInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, stack := range stacks.StackSummaries {
		got = append(got, aws.ToString(stack.StackName)+" "+string(stack.StackStatus))
	}
	return got, nil
}

func readStackResources(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := cloudformation.NewFromConfig(cfg)
	stacks, err := client.ListStacks(ctx, &cloudformation.ListStacksInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, stack := range stacks.StackSummaries {
		resources, err := client.ListStackResources(ctx, &cloudformation.ListStackResourcesInput{StackName: stack.StackName})
		if err != nil {
			return nil, err
		}
		for _, resource := range resources.StackResourceSummaries {
			if aws.ToString(resource.ResourceType) == "AWS::Lambda::Version" {
				got = append(got, aws.ToString(resource.PhysicalResourceId))
			}
		}
	}
	return got, nil
}
