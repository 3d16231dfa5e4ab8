package janitor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/emulator/paging"
	"caretaker/internal/setting"
)

func TestHandle_readsEveryListToItsEnd(t *testing.T) {
	part := paging.Part{
		Folder: ".", Clients: reflect.TypeFor[Clients](),
		// https://docs.aws.amazon.com/firehose/latest/APIReference/API_DescribeDeliveryStream.html
		Exempt: map[string]string{"DescribeDeliveryStream": "a stream has one destination"},
		Enough: map[string]string{
			"ListDurableExecutionsByFunction": "one running execution keeps the version",
			"GetRoutes":                       "one route tells that there are some",
		},
	}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		w := everyList(t)
		cutter.Attach(&w.config)
		report, decisions, err := w.handle(t.Context(), earnest(func(c *Config) { c.Keep.InvokedWithin = setting.Duration(100 * setting.Day) }), Options{})
		report.Calls, report.Seconds = nil, 0
		text, failed := json.MarshalIndent(map[string]any{"decisions": decisions, "report": report, "error": fmt.Sprint(err)}, "", " ")
		if failed != nil {
			t.Fatal(failed)
		}
		return string(text)
	})
}

// everyList is a Region in which something depends on each list that the janitor reads: what is
// found there keeps a version of orders that nothing else keeps, or all of another function.
func everyList(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 40, alias("live", "1"), func(f *lambdasim.Function) {
		f.Durable, f.Executions, f.Provisioned = true, []lambdasim.Execution{{Name: "year-end", Version: 2}}, []string{"3"}
	}))
	w.Put(lambda("moved", 8), lambda("shop", 8), lambda("cart", 1, func(f *lambdasim.Function) {
		f.Destinations = []lambdasim.Destination{{Qualifier: "$LATEST", OnFailure: here("4")}}
	}))
	w.Map(lambdasim.Mapping{FunctionARN: here("5"), SourceARN: "arn:aws:sqs:us-east-1:000000000000:q"})
	w.listsOfLambda(t)
	w.listsOfStacks()
	w.listsOfWorkflows()
	w.listsOfAPIs()
	w.listsOfStreams()
	return w
}

func (w *world) listsOfLambda(t *testing.T) {
	t.Helper()
	w.on("CloudWatch.ListMetrics", invocations([][2]string{{"FunctionName", "orders"}, {"Resource", "orders:6"}}))
	w.on("Application Auto Scaling.DescribeScalableTargets", always(`{"ScalableTargets":[`+scalable("function:orders:24")+`]}`))
	w.invokedBefore(t, map[string]time.Duration{"orders:7": 20 * day})
	record := `{"eventSource":"lambda.amazonaws.com","eventName":"UpdateAlias20150331","requestParameters":{"functionName":"moved","name":"live"}}`
	w.on("CloudTrail.LookupEvents", always(fmt.Sprintf(`{"Events":[{"EventId":"e","EventTime":%d,"CloudTrailEvent":%q}]}`, today.Add(-time.Hour).Unix(), record)))
	// AWS says that version 8 is deleted, and it is not. The other functions make it cheaper to list
	// those alone of which something was deleted.
	for number := range 60 {
		w.Put(lambda(fmt.Sprint("small-", number), 3))
	}
	w.on("Lambda.DeleteFunction", func(_ int, request string) (int, string) {
		if strings.Contains(request, "/orders?Qualifier=8\n") {
			return http.StatusNoContent, ""
		}
		return 0, ""
	})
}

func (w *world) listsOfStacks() {
	w.on("Resource Groups Tagging API.GetResources", always(fmt.Sprintf(`{"ResourceTagMappingList":[
		{"ResourceARN":%q,"Tags":[{"Key":%q,"Value":"%sOrders/0a1b"}]},{"ResourceARN":%q,"Tags":[{"Key":%q,"Value":"%sShop/0a1b"}]}]}`,
		here(""), stackIDTag, stackPrefix, lambdasim.ARN("shop", ""), stackIDTag, stackPrefix)))
	const end = "</StackSummaries>"
	first, _, _ := strings.Cut(stacks("Orders", "UPDATE_COMPLETE"), end)
	_, second, _ := strings.Cut(stacks("Shop", "UPDATE_IN_PROGRESS"), "<StackSummaries>")
	w.on("CloudFormation.ListStacks", always(first+second))
	w.on("CloudFormation.ListStackResources", always(fmt.Sprintf(`<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>
		<member><ResourceType>AWS::Lambda::Version</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><PhysicalResourceId>%s</PhysicalResourceId><LogicalResourceId>Current</LogicalResourceId></member>
		</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`, here("9"))))
}

func (w *world) listsOfWorkflows() {
	const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"
	calling := func(version string) string {
		return fmt.Sprintf(`{"definition":%q}`, `{"Resource":"`+here(version)+`"}`)
	}
	w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"Fulfil","type":"STANDARD","stateMachineArn":"`+machine+`"}]}`))
	w.on("SFN.ListStateMachineVersions", always(`{"stateMachineVersions":[{"stateMachineVersionArn":"`+machine+`:7"}]}`))
	w.on("SFN.DescribeStateMachine", func(_ int, request string) (int, string) {
		if strings.Contains(request, "Fulfil:7") {
			return http.StatusOK, calling("10")
		}
		return http.StatusOK, calling("11")
	})
	w.on("SFN.ListExecutions", always(`{"executions":[{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:Fulfil:1"}]}`))
	w.on("SFN.DescribeStateMachineForExecution", always(calling("12")))
	w.on("Scheduler.ListSchedules", always(fmt.Sprintf(`{"Schedules":[{"Name":"nightly","Target":{"Arn":%q}}]}`, here("13"))))
	w.on("Pipes.ListPipes", always(fmt.Sprintf(`{"Pipes":[{"Name":"p","Target":%q}]}`, here("14"))))
	w.on("EventBridge.ListEventBuses", always(`{"EventBuses":[{"Name":"shop"}]}`))
	w.on("EventBridge.ListRules", always(`{"Rules":[{"Name":"placed"}]}`))
	w.on("EventBridge.ListTargetsByRule", always(fmt.Sprintf(`{"Targets":[{"Id":"1","Arn":%q}]}`, here("15"))))
}

func (w *world) listsOfAPIs() {
	w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
	w.on("API Gateway.GetResources", always(fmt.Sprintf(`{"item":[{"id":"x","resourceMethods":{"GET":{"methodIntegration":{"uri":%q,"credentials":"role"}}}}]}`, pathOf(here("16")))))
	w.on("API Gateway.GetAuthorizers", always(fmt.Sprintf(`{"item":[{"authorizerUri":%q,"authorizerCredentials":"role"}]}`, pathOf(here("17")))))
	w.on("ApiGatewayV2.GetApis", always(`{"items":[{"apiId":"h","name":"shop","protocolType":"HTTP"},{"apiId":"i","name":"old","protocolType":"HTTP"}]}`))
	w.on("ApiGatewayV2.GetRoutes", always(`{"items":[{"routeKey":"GET /"}]}`))
	w.on("ApiGatewayV2.GetDeployment", always(`{"createdDate":"2020-01-01T00:00:00Z"}`))
	w.on("ApiGatewayV2.GetIntegrations", always(fmt.Sprintf(`{"items":[{"integrationUri":%q,"credentialsArn":"role"}]}`, here("18"))))
	w.on("ApiGatewayV2.GetAuthorizers", always(fmt.Sprintf(`{"items":[{"authorizerUri":%q}]}`, pathOf(here("19")))))
	w.on("ApiGatewayV2.GetStages", always(`{"items":[{"stageName":"prod","autoDeploy":false,"deploymentId":"d"}]}`))
	w.on("ApiGatewayV2.ExportApi", func(_ int, request string) (int, string) {
		if strings.Contains(request, "/apis/i/") {
			return http.StatusBadRequest, "BadRequestException"
		}
		return http.StatusOK, fmt.Sprintf(`{"x-amazon-apigateway-integration":{"uri":%q,"credentials":"role"}}`, pathOf(here("20")))
	})
	w.on("AppSync.ListGraphqlApis", always(`{"graphqlApis":[{"apiId":"g","name":"graph"}]}`))
	w.on("AppSync.ListApis", always(`{"apis":[{"apiId":"e","name":"events"}]}`))
	w.on("AppSync.ListDataSources", func(_ int, request string) (int, string) {
		version := "21"
		if strings.Contains(request, "/apis/e/") {
			version = "22"
		}
		return http.StatusOK, fmt.Sprintf(`{"dataSources":[{"name":"carts","lambdaConfig":{"lambdaFunctionArn":%q}}]}`, here(version))
	})
}

func (w *world) listsOfStreams() {
	w.on("Firehose.ListDeliveryStreams", always(`{"DeliveryStreamNames":["audit","clicks"],"HasMoreDeliveryStreams":false}`))
	w.on("Firehose.DescribeDeliveryStream", func(_ int, request string) (int, string) {
		if strings.Contains(request, "audit") {
			return http.StatusOK, `{"DeliveryStreamDescription":{"DeliveryStreamName":"audit","Destinations":[]}}`
		}
		return http.StatusOK, fmt.Sprintf(`{"DeliveryStreamDescription":{"DeliveryStreamName":"clicks","Destinations":[{"SplunkDestinationDescription":{
			"ProcessingConfiguration":{"Processors":[{"Type":"Lambda","Parameters":[{"ParameterName":"LambdaArn","ParameterValue":%q}]}]}}}]}}`, here("23"))
	})
}
