package fleet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/appsync"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// readStateMachines gives each state's way of naming a function.
func readStateMachines(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := sfn.NewFromConfig(cfg)
	machines, err := client.ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, machine := range machines.StateMachines {
		out, err := client.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: machine.StateMachineArn})
		if err != nil {
			return nil, err
		}
		var definition any
		if err := json.Unmarshal([]byte(aws.ToString(out.Definition)), &definition); err != nil {
			return nil, err
		}
		got = append(got, namings(definition)...)
	}
	return got, nil
}

// readRunningExecutions gives the ways of naming a function in the definitions that executions run.
func readRunningExecutions(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := sfn.NewFromConfig(cfg)
	machines, err := client.ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, machine := range machines.StateMachines {
		out, err := client.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: machine.StateMachineArn, StatusFilter: sfntypes.ExecutionStatusRunning})
		if err != nil {
			return nil, err
		}
		for _, execution := range out.Executions {
			out, err := client.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: execution.ExecutionArn})
			if err != nil {
				return nil, err
			}
			var definition any
			if err := json.Unmarshal([]byte(aws.ToString(out.Definition)), &definition); err != nil {
				return nil, err
			}
			got = append(got, namings(definition)...)
		}
	}
	return got, nil
}

func namings(value any) []string {
	var got []string
	if list, ok := value.([]any); ok {
		for _, item := range list {
			got = append(got, namings(item)...)
		}
	}
	fields, _ := value.(map[string]any)
	if resource, _ := fields["Resource"].(string); strings.HasPrefix(resource, "arn:aws:lambda:") {
		got = append(got, `"Resource":"`+resource+`"`)
	}
	if fields["FunctionName"] != nil || fields["FunctionName.$"] != nil {
		text, err := json.Marshal(fields)
		if err != nil {
			return []string{err.Error()}
		}
		got = append(got, strings.Trim(string(text), "{}"))
	}
	for _, field := range fields {
		got = append(got, namings(field)...)
	}
	return got
}

func readSchedules(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := scheduler.NewFromConfig(cfg)
	schedules, err := client.ListSchedules(ctx, &scheduler.ListSchedulesInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, schedule := range schedules.Schedules {
		out, err := client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: schedule.Name, GroupName: schedule.GroupName})
		if err != nil {
			return nil, err
		}
		got = append(got, strings.TrimSpace(aws.ToString(out.Target.Arn)+" "+aws.ToString(out.Target.Input)))
	}
	return got, nil
}

func readPipes(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := pipes.NewFromConfig(cfg).ListPipes(ctx, &pipes.ListPipesInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, pipe := range out.Pipes {
		whole, err := pipes.NewFromConfig(cfg).DescribePipe(ctx, &pipes.DescribePipeInput{Name: pipe.Name})
		if err != nil {
			return nil, err
		}
		got = append(got, "enrichment "+aws.ToString(pipe.Enrichment), "target "+aws.ToString(pipe.Target), "template "+aws.ToString(whole.TargetParameters.InputTemplate))
	}
	return got, nil
}

func readRestAPIs(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := apigateway.NewFromConfig(cfg)
	apis, err := client.GetRestApis(ctx, &apigateway.GetRestApisInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, api := range apis.Items {
		resources, err := client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api.Id, Embed: []string{"methods"}})
		if err != nil {
			return nil, err
		}
		for _, resource := range resources.Items {
			for _, method := range resource.ResourceMethods {
				if method.MethodIntegration == nil {
					return nil, fmt.Errorf("a method of %s comes without its integration", aws.ToString(api.Name))
				}
				if strings.Contains(aws.ToString(method.MethodIntegration.Uri), "$LATEST") {
					continue // what a deployed stage was edited to
				}
				got = append(got, "integration "+withRole(method.MethodIntegration.Uri, method.MethodIntegration.Credentials))
			}
		}
		authorizers, err := client.GetAuthorizers(ctx, &apigateway.GetAuthorizersInput{RestApiId: api.Id})
		if err != nil {
			return nil, err
		}
		for _, authorizer := range authorizers.Items {
			got = append(got, "authorizer "+withRole(authorizer.AuthorizerUri, authorizer.AuthorizerCredentials))
		}
	}
	return got, nil
}

// readRestStages reads which versions the deployed stages call.
func readRestStages(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := apigateway.NewFromConfig(cfg)
	apis, err := client.GetRestApis(ctx, &apigateway.GetRestApisInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, api := range apis.Items {
		stages, err := client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: api.Id})
		if err != nil {
			return nil, err
		}
		for _, stage := range stages.Item {
			export, err := client.GetExport(ctx, &apigateway.GetExportInput{
				RestApiId: api.Id, StageName: stage.StageName, ExportType: aws.String("oas30"),
				Accepts: aws.String("application/json"), Parameters: map[string]string{"extensions": "apigateway"},
			})
			if err != nil {
				return nil, err
			}
			for _, version := range qualified.FindAllString(string(export.Body), -1) {
				got = append(got, aws.ToString(stage.StageName)+" "+version)
			}
		}
	}
	return got, nil
}

// readHTTPStages reads which versions the deployed stages call.
func readHTTPStages(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := apigatewayv2.NewFromConfig(cfg)
	apis, err := client.GetApis(ctx, &apigatewayv2.GetApisInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, api := range apis.Items {
		stages, err := client.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: api.ApiId})
		if err != nil {
			return nil, err
		}
		for _, stage := range stages.Items {
			export, err := client.ExportApi(ctx, &apigatewayv2.ExportApiInput{
				ApiId: api.ApiId, StageName: stage.StageName, Specification: aws.String("OAS30"), OutputType: aws.String("JSON"),
			})
			if code(err) == "BadRequestException" {
				continue // it has no routes
			}
			if err != nil {
				return nil, err
			}
			for _, version := range qualified.FindAllString(string(export.Body), -1) {
				got = append(got, aws.ToString(stage.StageName)+" "+version)
			}
		}
	}
	return got, nil
}

var qualified = regexp.MustCompile(`arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[a-z-]+:[$A-Z\d]+`)

func readHTTPAPIs(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := apigatewayv2.NewFromConfig(cfg)
	apis, err := client.GetApis(ctx, &apigatewayv2.GetApisInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, api := range apis.Items {
		integrations, err := client.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: api.ApiId})
		if err != nil {
			return nil, err
		}
		for _, integration := range integrations.Items {
			if strings.Contains(aws.ToString(integration.IntegrationUri), "$LATEST") {
				continue // what a deployed stage was edited to
			}
			got = append(got, "integration "+withRole(integration.IntegrationUri, integration.CredentialsArn))
		}
		authorizers, err := client.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: api.ApiId})
		if err != nil {
			return nil, err
		}
		for _, authorizer := range authorizers.Items {
			got = append(got, "authorizer "+withRole(authorizer.AuthorizerUri, authorizer.AuthorizerCredentialsArn))
		}
	}
	return got, nil
}

func withRole(uri, role *string) string {
	if aws.ToString(role) == "" {
		return aws.ToString(uri)
	}
	return aws.ToString(uri) + " with role"
}

func readEventRules(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := eventbridge.NewFromConfig(cfg)
	buses, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, bus := range buses.EventBuses {
		rules, err := client.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: bus.Name})
		if err != nil {
			return nil, err
		}
		for _, rule := range rules.Rules {
			targets, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: rule.Name, EventBusName: bus.Name})
			if err != nil {
				return nil, err
			}
			for _, target := range targets.Targets {
				if aws.ToString(target.RoleArn) != "" {
					got = append(got, strings.TrimSpace(aws.ToString(bus.Name)+" "+aws.ToString(target.Arn)+" "+aws.ToString(target.Input)))
				}
			}
		}
	}
	return got, nil
}

func readDataSources(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := appsync.NewFromConfig(cfg)
	apis, err := client.ListGraphqlApis(ctx, &appsync.ListGraphqlApisInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, api := range apis.GraphqlApis {
		sources, err := client.ListDataSources(ctx, &appsync.ListDataSourcesInput{ApiId: api.ApiId})
		if err != nil {
			return nil, err
		}
		for _, source := range sources.DataSources {
			got = append(got, aws.ToString(source.LambdaConfig.LambdaFunctionArn))
		}
	}
	return got, nil
}

func readDeliveryStreams(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := firehose.NewFromConfig(cfg)
	streams, err := client.ListDeliveryStreams(ctx, &firehose.ListDeliveryStreamsInput{})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, name := range streams.DeliveryStreamNames {
		out, err := client.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
		if err != nil {
			return nil, err
		}
		for _, destination := range out.DeliveryStreamDescription.Destinations {
			for _, processor := range destination.ExtendedS3DestinationDescription.ProcessingConfiguration.Processors {
				got = append(got, aws.ToString(processor.Parameters[0].ParameterValue))
			}
		}
	}
	return got, nil
}

func readMetrics(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := cloudwatch.NewFromConfig(cfg).ListMetrics(ctx, &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations"),
		Dimensions: []cloudwatchtypes.DimensionFilter{{Name: aws.String("Resource")}},
	})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, metric := range out.Metrics {
		for _, dimension := range metric.Dimensions {
			if aws.ToString(dimension.Name) == "Resource" {
				got = append(got, aws.ToString(dimension.Value))
			}
		}
	}
	return got, nil
}

func readAliasHistory(ctx context.Context, cfg aws.Config) ([]string, error) {
	client := cloudtrail.NewFromConfig(cfg)
	var got []string
	for _, name := range []string{"UpdateAlias20150331", "UpdateAlias", "DeleteAlias20150331", "DeleteAlias"} {
		out, err := client.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []cloudtrailtypes.LookupAttribute{{
			AttributeKey: cloudtrailtypes.LookupAttributeKeyEventName, AttributeValue: &name,
		}}})
		if err != nil {
			return nil, err
		}
		for _, event := range out.Events {
			var detail struct{ RequestParameters struct{ FunctionName string } }
			if err := json.Unmarshal([]byte(aws.ToString(event.CloudTrailEvent)), &detail); err != nil {
				return nil, err
			}
			got = append(got, strings.TrimSuffix(name, "20150331")+" "+detail.RequestParameters.FunctionName)
		}
	}
	return got, nil
}
