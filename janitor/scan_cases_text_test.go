package janitor

import (
	"fmt"
	"net/http"
	"strings"

	"caretaker/internal/emulator/lambdasim"
)

// What starts something else, with a version's ARN somewhere in the text that it is started with.
var textCases = []scanCase{
	{
		"the input with which a rule starts a state machine", "checks.eventBridge",
		func(w *world) { w.rule(`"Input":` + inText()) },
		Decision{Reason: Referenced(Rule), Detail: "placed"},
	},
	{
		"the template with which a rule starts an automation", "checks.eventBridge",
		func(w *world) {
			w.rule(`"InputTransformer":{"InputPathsMap":{"order":"$.detail.id"},"InputTemplate":` + fmt.Sprintf("%q", `{"order":<order>,"Function":["`+here("1")+`"]}`) + `}`)
		},
		Decision{Reason: Referenced(Rule), Detail: "placed"},
	},
	{
		"a header that a rule sends", "checks.eventBridge",
		func(w *world) { w.rule(`"HttpParameters":{"HeaderParameters":{"x-function":"` + here("1") + `"}}`) },
		Decision{Reason: Referenced(Rule), Detail: "placed"},
	},
	{
		"the input with which a schedule starts a state machine", "checks.scheduler",
		func(w *world) { w.schedule("arn:aws:states:us-east-1:000000000000:stateMachine:Close", inText()) },
		Decision{Reason: Referenced(Schedule), Detail: "nightly"},
	},
	{
		"the input with which a schedule starts an automation", "checks.scheduler",
		func(w *world) {
			w.schedule("arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution", fmt.Sprintf("%q", `{"DocumentName":"Close","Parameters":{"Function":["`+here("1")+`"]}}`))
		},
		Decision{Reason: Referenced(Schedule), Detail: "nightly"},
	},
	{
		"the payload with which a schedule invokes another function", "checks.scheduler",
		func(w *world) {
			w.schedule("arn:aws:scheduler:::aws-sdk:lambda:invoke", fmt.Sprintf("%q", `{"FunctionName":"cart","Payload":"{\"next\":\"`+here("1")+`\"}"}`))
		},
		Decision{Reason: Referenced(Schedule), Detail: "nightly"},
	},
	{
		"the template of a pipe's input", "checks.pipes",
		func(w *world) {
			w.on("Pipes.ListPipes", always(`{"Pipes":[{"Name":"clicks","Target":"arn:aws:states:us-east-1:000000000000:stateMachine:Close"}]}`))
			w.on("Pipes.DescribePipe", always(`{"Name":"clicks","TargetParameters":{"InputTemplate":`+inText()+`}}`))
		},
		Decision{Reason: Referenced(Pipe), Detail: "clicks"},
	},
	{
		"the template with which a REST API starts a state machine", "checks.apiGateway",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetResources", always(`{"item":[{"resourceMethods":{"POST":{"methodIntegration":{
				"uri":"arn:aws:apigateway:us-east-1:states:action/StartExecution","requestTemplates":{"application/json":`+inText()+`}}}}}]}`))
		},
		Decision{Reason: Referenced(API), Detail: "shop"},
	},
	{
		"the parameters with which an HTTP API starts a state machine", "checks.apiGateway",
		func(w *world) {
			w.on("ApiGatewayV2.GetApis", always(`{"items":[{"apiId":"h","name":"shop"}]}`))
			w.on("ApiGatewayV2.GetIntegrations", always(`{"items":[{"integrationSubtype":"StepFunctions-StartExecution","requestParameters":{"Input":`+inText()+`}}]}`))
		},
		Decision{Reason: Referenced(API), Detail: "shop"},
	},
	{
		"the template that a REST API's stage was deployed with", "checks.apiGatewayStages",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetStages", always(`{"item":[{"stageName":"prod"}]}`))
			w.on("API Gateway.GetExport", always(`{"x-amazon-apigateway-integration":{"requestTemplates":{"application/json":`+inText()+`}}}`))
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/prod"},
	},
	{
		"a variable of a REST API's stage", "checks.apiGatewayStages",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetStages", always(`{"item":[{"stageName":"prod","variables":{"function":"`+here("1")+`"}}]}`))
			w.on("API Gateway.GetExport", always(`{}`))
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/prod"},
	},
	{
		"a variable of an HTTP API's stage", "checks.apiGatewayStages",
		func(w *world) {
			w.httpStages(`{"stageName":"$default","stageVariables":{"function":"`+here("1")+`"}}`, `{"stageName":"prod","deploymentId":"d"}`)
		},
		Decision{Reason: Referenced(APIStage), Detail: "shop/$default"},
	},
	{
		"a GraphQL API's authorizer", "checks.appSync",
		func(w *world) {
			w.on("AppSync.ListGraphqlApis", always(`{"graphqlApis":[{"apiId":"g","name":"graph","lambdaAuthorizerConfig":{"authorizerUri":"`+here("1")+`"}}]}`))
		},
		Decision{Reason: Referenced(DataSource), Detail: "graph"},
	},
	{
		"an Event API's authorizer", "checks.appSync",
		func(w *world) {
			w.on("AppSync.ListApis", always(`{"apis":[{"apiId":"e","name":"events","eventConfig":{"authProviders":[{"authType":"AWS_LAMBDA","lambdaAuthorizerConfig":{"authorizerUri":"`+here("1")+`"}}]}}]}`))
		},
		Decision{Reason: Referenced(DataSource), Detail: "events"},
	},
	{
		"a custom resource of a stack", "checks.stackResources",
		func(w *world) {
			w.inStack("orders", "Shop")
			w.on("CloudFormation.ListStacks", always(stacks("Shop", "UPDATE_COMPLETE")))
			w.on("CloudFormation.ListStackResources", always(`<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>
				<member><ResourceType>Custom::Edge</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><PhysicalResourceId>`+here("1")+`</PhysicalResourceId><LogicalResourceId>Edge</LogicalResourceId></member>
				</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`))
		},
		Decision{Reason: Referenced(StackResource), Detail: "Shop Edge"},
	},
}

// inText is a JSON text with the ARN of version 1 of orders in it.
func inText() string { return fmt.Sprintf("%q", `{"close":{"function":"`+here("1")+`"}}`) }

// rule is one whose target starts a state machine with these fields beside its ARN.
func (w *world) rule(fields string) {
	w.on("EventBridge.ListEventBuses", always(`{"EventBuses":[{"Name":"shop"}]}`))
	w.on("EventBridge.ListRules", always(`{"Rules":[{"Name":"placed"}]}`))
	w.on("EventBridge.ListTargetsByRule", always(`{"Targets":[{"Id":"1","Arn":"arn:aws:states:us-east-1:000000000000:stateMachine:Close",`+fields+`}]}`))
}

// schedule starts something with an input, which no list shows.
func (w *world) schedule(target, input string) {
	w.on("Scheduler.ListSchedules", always(fmt.Sprintf(`{"Schedules":[{"Name":"nightly","GroupName":"g","Target":{"Arn":%q}}]}`, target)))
	w.on("Scheduler.GetSchedule", func(_ int, request string) (int, string) {
		if !strings.Contains(request, "nightly") {
			return http.StatusNotFound, "ResourceNotFoundException"
		}
		return http.StatusOK, fmt.Sprintf(`{"Name":"nightly","Target":{"Arn":%q,"Input":%s}}`, target, input)
	})
}

// withVariable gives a function an environment variable.
func withVariable(value string) func(*lambdasim.Function) {
	return func(f *lambdasim.Function) { f.Variables = map[string]string{"NEXT": value} }
}
