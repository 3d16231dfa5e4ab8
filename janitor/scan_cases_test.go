package janitor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"caretaker/internal/emulator/lambdasim"
)

// here is orders:N as an ARN of the simulated Region.
func here(qualifier string) string { return lambdasim.ARN("orders", qualifier) }

// What each scan reads, in the form of the service's own answers. Each case protects version
// 1 of orders, of which 1 to 5 would go.
var scanCases = slices.Concat(serviceCases, qualifierCases, textCases)

type scanCase struct {
	name, key string
	set       func(*world)
	want      Decision
}

var serviceCases = []scanCase{
	{
		"an event source mapping", "checks.eventSourceMappings",
		func(w *world) {
			w.Map(lambdasim.Mapping{FunctionARN: here("1"), SourceARN: "arn:aws:sqs:us-east-1:000000000000:q"})
		},
		Decision{Reason: Referenced(EventSourceMapping)},
	},
	{
		"provisioned concurrency", "checks.provisionedConcurrency",
		func(w *world) { w.change("orders", func(f *lambdasim.Function) { f.Provisioned = []string{"1"} }) },
		Decision{Reason: Referenced(ProvisionedConcurrency), Detail: "1 requested"},
	},
	{
		"a durable execution", "checks.durableExecutions",
		func(w *world) {
			w.change("orders", func(f *lambdasim.Function) {
				f.Durable, f.Executions = true, []lambdasim.Execution{{Name: "year-end", Version: 1}}
			})
		},
		Decision{Reason: Referenced(DurableExecution), Detail: "year-end"},
	},
	{
		"a durable execution on a second page", "checks.durableExecutions",
		func(w *world) {
			w.change("orders", func(f *lambdasim.Function) { f.Durable = true })
			w.on("Lambda.ListDurableExecutionsByFunction", func(_ int, request string) (int, string) {
				query, _, _ := strings.Cut(request, "\n")
				switch {
				case !strings.Contains(query+"&", "Qualifier=1&"):
					return http.StatusOK, `{"DurableExecutions":[]}`
				case !strings.Contains(query, "Marker=2"):
					return http.StatusOK, `{"DurableExecutions":[],"NextMarker":"2"}`
				}
				return http.StatusOK, `{"DurableExecutions":[{"DurableExecutionName":"year-end"}],"NextMarker":"3"}`
			})
		},
		Decision{Reason: Referenced(DurableExecution), Detail: "year-end"},
	},
	{
		"an async destination", "checks.asyncDestinations",
		func(w *world) {
			w.Put(lambda("cart", 1, func(f *lambdasim.Function) {
				f.Destinations = []lambdasim.Destination{{Qualifier: "$LATEST", OnFailure: here("1")}}
			}))
		},
		Decision{Reason: Referenced(AsyncDestination), Detail: "cart"},
	},
	{
		"a resource policy", "checks.policies",
		func(w *world) {
			w.change("orders", func(f *lambdasim.Function) { f.Policies = map[string]string{"1": "{}"} })
		},
		Decision{Reason: HasPolicy, Detail: "something outside may call this very version"},
	},
	{
		"an invocation", "keep.invokedWithin",
		func(w *world) {
			w.on("CloudWatch.ListMetrics", invocations([][2]string{{"Resource", "orders:live"}}, [][2]string{{"FunctionName", "orders"}, {"Resource", "orders:1"}}))
		},
		Decision{Reason: Referenced(Invocation), Detail: "in the last two weeks"},
	},
	{
		"an invocation by weight", "keep.invokedWithin",
		func(w *world) {
			w.on("CloudWatch.ListMetrics", invocations([][2]string{{"Resource", "orders:live"}, {"ExecutedVersion", "1"}}))
		},
		Decision{Reason: Referenced(Invocation), Detail: "in the last two weeks"},
	},
	{
		"a stack's resource", "checks.stackResources",
		func(w *world) {
			w.inStack("orders", "Shop")
			w.on("CloudFormation.ListStacks", always(stacks("Shop", "UPDATE_COMPLETE")))
			w.on("CloudFormation.ListStackResources", always(fmt.Sprintf(`<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>
				<member><ResourceType>AWS::Lambda::Version</ResourceType><ResourceStatus>DELETE_COMPLETE</ResourceStatus><PhysicalResourceId>%s</PhysicalResourceId><LogicalResourceId>Old</LogicalResourceId></member>
				<member><ResourceType>AWS::Lambda::Version</ResourceType><ResourceStatus>DELETE_SKIPPED</ResourceStatus><PhysicalResourceId>%s</PhysicalResourceId><LogicalResourceId>Retained</LogicalResourceId></member>
				<member><ResourceType>AWS::Lambda::Version</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><PhysicalResourceId>%s</PhysicalResourceId><LogicalResourceId>Current</LogicalResourceId></member>
				</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`, here("2"), here("3"), here("1"))))
		},
		Decision{Reason: Referenced(StackResource), Detail: "Shop Current"},
	},
	{
		"a Step Functions definition", "checks.stepFunctions",
		func(w *world) {
			w.on("SFN.ListStateMachines", pages(`{"stateMachines":[],"nextToken":"2"}`, `{"stateMachines":[{"name":"Fulfil","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"}]}`))
			w.on("SFN.DescribeStateMachine", always(fmt.Sprintf(`{"name":"Fulfil","definition":%q}`, `{"States":{"A":{"Type":"Task","Resource":"`+here("1")+`"}}}`)))
		},
		Decision{Reason: Referenced(StateMachine), Detail: "Fulfil"},
	},
	{
		"a published version of a state machine", "checks.stepFunctions",
		func(w *world) {
			w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"Fulfil","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"}]}`))
			w.on("SFN.ListStateMachineVersions", always(`{"stateMachineVersions":[{"stateMachineVersionArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil:7"}]}`))
			w.on("SFN.DescribeStateMachine", func(_ int, request string) (int, string) {
				if strings.Contains(request, "Fulfil:7") {
					return http.StatusOK, fmt.Sprintf(`{"definition":%q}`, `{"Resource":"`+here("1")+`"}`)
				}
				return http.StatusOK, `{"definition":"{}"}`
			})
		},
		Decision{Reason: Referenced(StateMachine), Detail: "Fulfil"},
	},
	{
		"a published version of a state machine beside one that was deleted meanwhile", "checks.stepFunctions",
		func(w *world) {
			const arn = "arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"
			w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"Fulfil","stateMachineArn":"`+arn+`"}]}`))
			w.on("SFN.ListStateMachineVersions", always(`{"stateMachineVersions":[{"stateMachineVersionArn":"`+arn+`:8"},{"stateMachineVersionArn":"`+arn+`:7"}]}`))
			w.on("SFN.DescribeStateMachine", func(_ int, request string) (int, string) {
				switch {
				case strings.Contains(request, "Fulfil:8"):
					return http.StatusBadRequest, "StateMachineDoesNotExist"
				case strings.Contains(request, "Fulfil:7"):
					return http.StatusOK, fmt.Sprintf(`{"definition":%q}`, `{"Resource":"`+here("1")+`"}`)
				}
				return http.StatusOK, `{"definition":"{}"}`
			})
		},
		Decision{Reason: Referenced(StateMachine), Detail: "Fulfil"},
	},
	{
		"a running execution of an older definition", "checks.stepFunctionsExecutions",
		func(w *world) {
			w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"Fulfil","type":"STANDARD","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"}]}`))
			w.on("SFN.DescribeStateMachine", always(`{"definition":"{}"}`))
			w.on("SFN.ListExecutions", pages(`{"executions":[],"nextToken":"2"}`, `{"executions":[{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:Fulfil:1"}]}`))
			w.on("SFN.DescribeStateMachineForExecution", always(fmt.Sprintf(`{"definition":%q}`, `{"Resource":"`+here("1")+`"}`)))
		},
		Decision{Reason: Referenced(Execution), Detail: "Fulfil"},
	},
	{
		"a running execution that a deleted version of its state machine began", "checks.stepFunctionsExecutions",
		func(w *world) {
			w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"Fulfil","type":"STANDARD","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"}]}`))
			const execution = `{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:Fulfil:%d","stateMachineVersionArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil:%d"}`
			w.on("SFN.DescribeStateMachine", always(`{"definition":"{}"}`))
			w.on("SFN.ListExecutions", always(fmt.Sprintf(`{"executions":[`+execution+","+execution+"]}", 1, 8, 2, 7)))
			w.on("SFN.DescribeStateMachineForExecution", func(_ int, request string) (int, string) {
				if strings.Contains(request, "Fulfil:2") {
					return http.StatusOK, fmt.Sprintf(`{"definition":%q}`, `{"Resource":"`+here("1")+`"}`)
				}
				return http.StatusOK, `{"definition":"{}"}`
			})
		},
		Decision{Reason: Referenced(Execution), Detail: "Fulfil"},
	},
	{
		"a schedule", "checks.scheduler",
		func(w *world) {
			w.on("Scheduler.ListSchedules", pages(`{"Schedules":[],"NextToken":"2"}`, fmt.Sprintf(`{"Schedules":[{"Name":"nightly","Target":{"Arn":%q}}]}`, here("1"))))
		},
		Decision{Reason: Referenced(Schedule), Detail: "nightly"},
	},
	{
		"a schedule with a universal target", "checks.scheduler",
		func(w *world) {
			w.on("Scheduler.ListSchedules", always(`{"Schedules":[{"Name":"nightly","GroupName":"g","Target":{"Arn":"arn:aws:scheduler:::aws-sdk:lambda:invoke"}}]}`))
			w.on("Scheduler.GetSchedule", always(`{"Target":{"Arn":"arn:aws:scheduler:::aws-sdk:lambda:invoke","Input":"{\"FunctionName\":\"orders\",\"Qualifier\":\"1\"}"}}`))
		},
		Decision{Reason: Referenced(Schedule), Detail: "nightly"},
	},
	{
		"a schedule that moves an alias", "checks.scheduler",
		func(w *world) {
			w.on("Scheduler.ListSchedules", always(`{"Schedules":[{"Name":"go-back","GroupName":"g","Target":{"Arn":"arn:aws:scheduler:::aws-sdk:lambda:updateAlias"}}]}`))
			w.on("Scheduler.GetSchedule", always(`{"Target":{"Arn":"arn:aws:scheduler:::aws-sdk:lambda:updateAlias","Input":"{\"FunctionName\":\"orders\",\"Name\":\"live\",\"FunctionVersion\":\"1\"}"}}`))
		},
		Decision{Reason: Referenced(Schedule), Detail: "go-back"},
	},
	{
		"a schedule that is listed without its target", "checks.scheduler",
		func(w *world) {
			w.on("Scheduler.ListSchedules", always(`{"Schedules":[{"Name":"nightly","GroupName":"g"}]}`))
			w.on("Scheduler.GetSchedule", always(fmt.Sprintf(`{"Target":{"Arn":%q}}`, here("1"))))
		},
		Decision{Reason: Referenced(Schedule), Detail: "nightly"},
	},
	{
		"a pipe's target", "checks.pipes",
		func(w *world) {
			w.on("Pipes.ListPipes", pages(`{"Pipes":[],"NextToken":"2"}`, fmt.Sprintf(`{"Pipes":[{"Name":"p","Target":%q}]}`, here("1"))))
		},
		Decision{Reason: Referenced(Pipe), Detail: "p"},
	},
	{
		"a pipe's enrichment", "checks.pipes",
		func(w *world) {
			w.on("Pipes.ListPipes", always(fmt.Sprintf(`{"Pipes":[{"Name":"p","Target":"arn:aws:sqs:us-east-1:000000000000:q","Enrichment":%q}]}`, here("1"))))
		},
		Decision{Reason: Referenced(Pipe), Detail: "p"},
	},
	{
		"a REST API's integration", "checks.apiGateway",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetResources", pages(`{"item":[],"position":"2"}`, fmt.Sprintf(`{"item":[{"id":"x","resourceMethods":{"GET":{"methodIntegration":{"uri":%q,"credentials":"role"}}}}]}`, pathOf(here("1")))))
		},
		Decision{Reason: Referenced(API), Detail: "shop"},
	},
	{
		"a REST API's authorizer", "checks.apiGateway",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetAuthorizers", always(fmt.Sprintf(`{"item":[{"authorizerUri":%q,"authorizerCredentials":"role"}]}`, pathOf(here("1")))))
		},
		Decision{Reason: Referenced(API), Detail: "shop"},
	},
	{
		"an HTTP API's integration", "checks.apiGateway",
		func(w *world) {
			w.on("ApiGatewayV2.GetApis", always(`{"items":[{"apiId":"h","name":"shop"}]}`))
			w.on("ApiGatewayV2.GetIntegrations", always(fmt.Sprintf(`{"items":[{"integrationUri":%q,"credentialsArn":"role"}]}`, here("1"))))
		},
		Decision{Reason: Referenced(API), Detail: "shop"},
	},
	{
		"an HTTP API's authorizer", "checks.apiGateway",
		func(w *world) {
			w.on("ApiGatewayV2.GetApis", always(`{"items":[{"apiId":"h","name":"shop"}]}`))
			w.on("ApiGatewayV2.GetAuthorizers", always(fmt.Sprintf(`{"items":[{"authorizerUri":%q}]}`, pathOf(here("1")))))
		},
		Decision{Reason: Referenced(API), Detail: "shop"},
	},
	{
		"what a REST API's stage was deployed with", "checks.apiGatewayStages",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetStages", always(`{"item":[{"stageName":"prod"}]}`))
			w.on("API Gateway.GetExport", always(fmt.Sprintf(`{"paths":{"/x":{"get":{"x-amazon-apigateway-integration":{"type":"aws_proxy","uri":%q,"credentials":"role"}}}}}`, pathOf(here("1")))))
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/prod"},
	},
	{
		"a REST API's stage beside one that was deleted meanwhile", "checks.apiGatewayStages",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetStages", always(`{"item":[{"stageName":"gone"},{"stageName":"prod"}]}`))
			w.on("API Gateway.GetExport", func(_ int, request string) (int, string) {
				if strings.Contains(request, "/stages/gone/") {
					return http.StatusNotFound, "NotFoundException"
				}
				return http.StatusOK, fmt.Sprintf(`{"x-amazon-apigateway-integration":{"uri":%q,"credentials":"role"}}`, pathOf(here("1")))
			})
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/prod"},
	},
	{
		"the authorizer that a REST API's stage was deployed with", "checks.apiGatewayStages",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetStages", always(`{"item":[{"stageName":"prod"}]}`))
			w.on("API Gateway.GetExport", always(fmt.Sprintf(`{"components":{"securitySchemes":{"a":{"x-amazon-apigateway-authorizer":{"authorizerUri":%q}}}}}`, pathOf(here("1")))))
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/prod"},
	},
	{
		"what an HTTP API's stage was deployed with", "checks.apiGatewayStages",
		func(w *world) {
			w.httpStages(`{"stageName":"$default","autoDeploy":true,"deploymentId":"d","lastDeploymentStatusMessage":"Successfully deployed stage with deployment ID 'd'"}`,
				`{"stageName":"empty","autoDeploy":false}`, `{"stageName":"gone","deploymentId":"d"}`, `{"stageName":"prod","autoDeploy":false,"deploymentId":"d"}`)
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/prod"},
	},
	{
		"what an HTTP API's stage serves since its last automatic deployment failed", "checks.apiGatewayStages",
		func(w *world) {
			w.httpStages(`{"stageName":"prod","autoDeploy":true,"deploymentId":"d","lastDeploymentStatusMessage":"Deployment attempt failed: Unable to deploy API because no routes exist in this API"}`)
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/prod"},
	},
	{
		"an event rule's target", "checks.eventBridge",
		func(w *world) {
			w.on("EventBridge.ListEventBuses", pages(`{"EventBuses":[],"NextToken":"2"}`, `{"EventBuses":[{"Name":"shop"}]}`))
			w.on("EventBridge.ListRules", always(`{"Rules":[{"Name":"placed"}]}`))
			w.on("EventBridge.ListTargetsByRule", pages(`{"Targets":[],"NextToken":"2"}`, fmt.Sprintf(`{"Targets":[{"Id":"1","Arn":%q}]}`, here("1"))))
		},
		Decision{Reason: Referenced(Rule), Detail: "placed"},
	},
	{
		"a GraphQL data source", "checks.appSync",
		func(w *world) {
			w.on("AppSync.ListGraphqlApis", always(`{"graphqlApis":[{"apiId":"g","name":"graph"}]}`))
			w.on("AppSync.ListDataSources", always(fmt.Sprintf(`{"dataSources":[{"name":"carts","lambdaConfig":{"lambdaFunctionArn":%q}}]}`, here("1"))))
		},
		Decision{Reason: Referenced(DataSource), Detail: "graph carts"},
	},
	{
		"an Event API's data source", "checks.appSync",
		func(w *world) {
			w.on("AppSync.ListApis", always(`{"apis":[{"apiId":"e","name":"events"}]}`))
			w.on("AppSync.ListDataSources", always(fmt.Sprintf(`{"dataSources":[{"name":"carts","lambdaConfig":{"lambdaFunctionArn":%q}}]}`, here("1"))))
		},
		Decision{Reason: Referenced(DataSource), Detail: "events carts"},
	},
	{
		"a Firehose stream's transformation", "checks.firehose",
		func(w *world) {
			w.on("Firehose.ListDeliveryStreams", pages(`{"DeliveryStreamNames":["audit"],"HasMoreDeliveryStreams":true}`, `{"DeliveryStreamNames":["clicks"],"HasMoreDeliveryStreams":false}`))
			w.on("Firehose.DescribeDeliveryStream", func(_ int, request string) (int, string) {
				if strings.Contains(request, "audit") {
					return http.StatusOK, `{"DeliveryStreamDescription":{"DeliveryStreamName":"audit","Destinations":[]}}`
				}
				return http.StatusOK, fmt.Sprintf(`{"DeliveryStreamDescription":{"DeliveryStreamName":"clicks","Destinations":[{"DestinationId":"1","SplunkDestinationDescription":{
					"ProcessingConfiguration":{"Enabled":true,"Processors":[{"Type":"Lambda","Parameters":[{"ParameterName":"LambdaArn","ParameterValue":%q}]}]}}}]}}`, here("1"))
			})
		},
		Decision{Reason: Referenced(DeliveryStream), Detail: "clicks"},
	},
}

func pathOf(arn string) string {
	return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + arn + "/invocations"
}

// httpStages is an HTTP API with these stages, on a second page, beside a WebSocket API, whose
// stages nothing exports. The one called prod calls version 1, the one called gone is no longer
// there, and any other is not to be exported.
func (w *world) httpStages(stages ...string) {
	w.on("ApiGatewayV2.GetApis", always(`{"items":[{"apiId":"w","name":"chat","protocolType":"WEBSOCKET"},{"apiId":"h","name":"shop","protocolType":"HTTP"}]}`))
	w.on("ApiGatewayV2.GetStages", func(_ int, request string) (int, string) {
		switch {
		case !strings.Contains(request, "/apis/h/"):
			return http.StatusBadRequest, "BadRequestException"
		case !strings.Contains(request, "nextToken=2"):
			return http.StatusOK, `{"items":[],"nextToken":"2"}`
		}
		return http.StatusOK, fmt.Sprintf(`{"items":[%s]}`, strings.Join(stages, ","))
	})
	w.on("ApiGatewayV2.ExportApi", func(_ int, request string) (int, string) {
		switch {
		case strings.Contains(request, "stageName=gone"):
			return http.StatusNotFound, "NotFoundException"
		case !strings.Contains(request, "stageName=prod"):
			return http.StatusBadRequest, "BadRequestException"
		}
		return http.StatusOK, fmt.Sprintf(`{"paths":{"/x":{"get":{"x-amazon-apigateway-integration":{"type":"AWS_PROXY","uri":%q,"credentials":"role"}}}}}`, pathOf(here("1")))
	})
}

// invocations are metrics with these dimensions.
func invocations(metrics ...[][2]string) answer {
	list := cbor.List{}
	for _, metric := range metrics {
		dimensions := cbor.List{}
		for _, dimension := range metric {
			dimensions = append(dimensions, cbor.Map{"Name": cbor.String(dimension[0]), "Value": cbor.String(dimension[1])})
		}
		list = append(list, cbor.Map{"Namespace": cbor.String("AWS/Lambda"), "MetricName": cbor.String("Invocations"), "Dimensions": dimensions})
	}
	return always(string(cbor.Encode(cbor.Map{"Metrics": list})))
}

const stackPrefix = "arn:aws:cloudformation:us-east-1:000000000000:stack/"

// inStack tags a function as CloudFormation does.
func (w *world) inStack(function, stack string) {
	w.tag(function, map[string]string{stackIDTag: stackPrefix + stack + "/0a1b", stackNameTag: stack})
}

func (w *world) tag(function string, tags map[string]string) {
	var list []string
	for key, value := range tags {
		list = append(list, fmt.Sprintf(`{"Key":%q,"Value":%q}`, key, value))
	}
	w.on("Resource Groups Tagging API.GetResources", pages(`{"ResourceTagMappingList":[],"PaginationToken":"2"}`, fmt.Sprintf(
		`{"PaginationToken":"","ResourceTagMappingList":[{"ResourceARN":%q,"Tags":[%s]}]}`, lambdasim.ARN(function, ""), strings.Join(list, ","))))
}

func stacks(name, status string) string {
	return fmt.Sprintf(`<ListStacksResponse><ListStacksResult><StackSummaries><member><StackId>%s%s/0a1b</StackId><StackName>%s</StackName>
		<StackStatus>%s</StackStatus></member></StackSummaries></ListStacksResult></ListStacksResponse>`, stackPrefix, name, name, status)
}

// change changes a simulated function.
func (w *world) change(name string, set func(*lambdasim.Function)) {
	w.Put(lambda(name, len(w.Versions(name)), set))
}
