package janitor

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
	gocmp "github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
)

// here is orders:N as an ARN of the simulated Region.
func here(qualifier string) string { return lambdasim.ARN("orders", qualifier) }

// What each scan reads, in the form of the service's own answers. Each case protects version
// 1 of orders, of which 1 to 5 would go.
var scanCases = []struct {
	name, key string
	set       func(*world)
	want      Decision
}{
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
				<member><ResourceType>AWS::Lambda::Version</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><PhysicalResourceId>%s</PhysicalResourceId><LogicalResourceId>Current</LogicalResourceId></member>
				</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`, here("2"), here("1"))))
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
		"the authorizer that a REST API's stage was deployed with", "checks.apiGatewayStages",
		func(w *world) {
			w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
			w.on("API Gateway.GetStages", always(`{"item":[{"stageName":"prod"}]}`))
			w.on("API Gateway.GetExport", always(fmt.Sprintf(`{"components":{"securitySchemes":{"a":{"x-amazon-apigateway-authorizer":{"authorizerUri":%q}}}}}`, pathOf(here("1")))))
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
}

func pathOf(arn string) string {
	return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + arn + "/invocations"
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

func TestHandle_keepsWhatAScanFinds(t *testing.T) {
	for _, test := range scanCases {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			test.set(w)
			_, decisions, err := w.handle(t.Context(), earnest(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff([]int{1, 6, 7, 8}, w.Versions("orders")); diff != "" {
				t.Error(diff)
			}
			got := decisions["orders:1"]
			if got.Reason != test.want.Reason || test.want.Detail != "" && got.Detail != test.want.Detail {
				t.Errorf("kept since %s: %s", got.Reason, got.Detail)
			}
		})
	}
}

func TestHandle_losesWhatAScanProtectsWhenItIsSwitchedOff(t *testing.T) {
	for _, test := range scanCases {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			test.set(w)
			report, _, err := w.handle(t.Context(), earnest(func(c *Config) { switchOff(t, c, test.key) }), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff([]int{6, 7, 8}, w.Versions("orders")); diff != "" {
				t.Error(diff)
			}
			if diff := gocmp.Diff([]string{"janitor." + test.key}, report.NotChecked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every call that a scan makes, with the case in which it is made and the action that allows it.
func TestHandle_deletesNothingThatARefusedCallCouldHaveProtected(t *testing.T) {
	for _, test := range []struct{ operation, action, key string }{
		{"Lambda.ListEventSourceMappings", "lambda:ListEventSourceMappings", "checks.eventSourceMappings"},
		{"Lambda.ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs", "checks.provisionedConcurrency"},
		{"Lambda.ListDurableExecutionsByFunction", "lambda:ListDurableExecutionsByFunction", "checks.durableExecutions"},
		{"Lambda.ListFunctionEventInvokeConfigs", "lambda:ListFunctionEventInvokeConfigs", "checks.asyncDestinations"},
		{"Lambda.GetPolicy", "lambda:GetPolicy", "checks.policies"},
		{"Lambda.ListAliases", "lambda:ListAliases", ""},
		{"CloudWatch.ListMetrics", "cloudwatch:ListMetrics", "keep.invokedWithin"},
		{"CloudTrail.LookupEvents", "cloudtrail:LookupEvents", "checks.aliasHistory"},
		{"CloudFormation.ListStacks", "cloudformation:ListStacks", "checks.stackStates"},
		{"CloudFormation.ListStackResources", "cloudformation:ListStackResources", "checks.stackResources"},
		{"SFN.ListStateMachines", "states:ListStateMachines", "checks.stepFunctions"},
		{"SFN.ListStateMachineVersions", "states:ListStateMachineVersions", "checks.stepFunctions"},
		{"SFN.DescribeStateMachine", "states:DescribeStateMachine", "checks.stepFunctions"},
		{"Scheduler.ListSchedules", "scheduler:ListSchedules", "checks.scheduler"},
		{"Scheduler.GetSchedule", "scheduler:GetSchedule", "checks.scheduler"},
		{"Pipes.ListPipes", "pipes:ListPipes", "checks.pipes"},
		{"API Gateway.GetRestApis", "apigateway:GET", "checks.apiGateway"},
		{"API Gateway.GetResources", "apigateway:GET", "checks.apiGateway"},
		{"API Gateway.GetAuthorizers", "apigateway:GET", "checks.apiGateway"},
		{"API Gateway.GetStages", "apigateway:GET", "checks.apiGatewayStages"},
		{"API Gateway.GetExport", "apigateway:GET", "checks.apiGatewayStages"},
		{"ApiGatewayV2.GetApis", "apigateway:GET", "checks.apiGateway"},
		{"ApiGatewayV2.GetIntegrations", "apigateway:GET", "checks.apiGateway"},
		{"ApiGatewayV2.GetAuthorizers", "apigateway:GET", "checks.apiGateway"},
		{"EventBridge.ListEventBuses", "events:ListEventBuses", "checks.eventBridge"},
		{"EventBridge.ListRules", "events:ListRules", "checks.eventBridge"},
		{"EventBridge.ListTargetsByRule", "events:ListTargetsByRule", "checks.eventBridge"},
		{"AppSync.ListGraphqlApis", "appsync:ListGraphqlApis", "checks.appSync"},
		{"AppSync.ListApis", "appsync:ListApis", "checks.appSync"},
		{"AppSync.ListDataSources", "appsync:ListDataSources", "checks.appSync"},
	} {
		t.Run(test.operation, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, func(f *lambdasim.Function) { f.Durable = true }))
			for _, scan := range scanCases {
				if scan.key == test.key && test.key != "checks.durableExecutions" && test.key != "checks.provisionedConcurrency" {
					scan.set(w)
				}
			}
			if test.key == "checks.appSync" {
				w.on("AppSync.ListGraphqlApis", always(`{"graphqlApis":[{"apiId":"g","name":"graph"}]}`))
			}
			w.refuse(test.operation)
			_, _, err := w.handle(t.Context(), earnest(), Options{})
			if len(w.Deletions()) > 0 {
				t.Errorf("%v are left", w.Versions("orders"))
			}
			remedy := test.action + " or switch off janitor." + test.key
			if test.key == "" {
				remedy = test.action + ")"
			}
			if err == nil || !strings.Contains(err.Error(), remedy) {
				t.Errorf("the error does not say %q: %v", remedy, err)
			}
		})
	}
}

func TestHandle_endsWhenWhatEveryRunNeedsIsRefused(t *testing.T) {
	for operation, action := range map[string]string{
		"Lambda.GetAccountSettings":                "lambda:GetAccountSettings",
		"Lambda.ListFunctions":                     "lambda:ListFunctions",
		"Resource Groups Tagging API.GetResources": "tag:GetResources",
		"CloudWatch.GetMetricData":                 "cloudwatch:GetMetricData",
	} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		w.refuse(operation)
		_, _, err := w.handle(t.Context(), earnest(), Options{})
		if err == nil || !strings.Contains(err.Error(), action) || len(w.Deletions()) > 0 {
			t.Errorf("%v are left, and the error does not name %s: %v", w.Versions("orders"), action, err)
		}
	}
}

func TestHandle_namesTheActionWithoutWhichItCannotDeleteVerifyOrTell(t *testing.T) {
	for _, test := range []struct {
		operation, action string
		want              map[Outcome]int
	}{
		{"Lambda.DeleteFunction", "lambda:DeleteFunction", map[Outcome]int{Kept: 4, Failed: 5}},
		{"Lambda.ListVersionsByFunction", "lambda:ListVersionsByFunction", map[Outcome]int{Kept: 4, NotVerified: 5}},
		{"SNS.Publish", "sns:Publish", map[Outcome]int{Kept: 4, Deleted: 5}},
	} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		w.Put(lambda("cart", 3)) // so that listing one function is cheaper than listing the Region
		for number := range 60 {
			w.Put(lambda(fmt.Sprint("small-", number), 3))
		}
		w.refuse(test.operation)
		report, _, err := w.handle(t.Context(), earnest(), Options{Topic: "arn:aws:sns:us-east-1:000000000000:alarms"})
		if err == nil || !strings.Contains(err.Error(), test.action) {
			t.Errorf("the error does not name %s: %v", test.action, err)
		}
		test.want[Kept] += 61 * 4
		if diff := gocmp.Diff(test.want, report.Outcomes); diff != "" {
			t.Errorf("%s: %s", test.operation, diff)
		}
	}
}

func TestHandle_keepsEverythingThatADynamicTargetMayCall(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8), lambda("orders-eu", 8), lambda("cart", 8))
	w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"Fulfil","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"}]}`))
	w.on("SFN.DescribeStateMachine", always(fmt.Sprintf(`{"definition":%q}`,
		`{"A":{"Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName.$":"States.Format('orders{}', $.x)"}}}`)))
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := []int{len(w.Versions("orders")), len(w.Versions("orders-eu")), len(w.Versions("cart"))}
	if diff := gocmp.Diff([]int{8, 8, 3}, got); diff != "" {
		t.Error(diff)
	}
	if want := []string{"state machine Fulfil may call functions named orders*"}; !slices.Equal(report.DynamicTargets, want) || decisions["orders:1"].Reason != MayBeCalled {
		t.Errorf("%q, orders:1 is %+v", report.DynamicTargets, decisions["orders:1"])
	}
}

func TestHandle_keepsWhatAStackInProgressMayGoBackTo(t *testing.T) {
	for status, kept := range map[string]bool{
		"UPDATE_COMPLETE": false, "CREATE_COMPLETE": false, "UPDATE_ROLLBACK_COMPLETE": false, "IMPORT_COMPLETE": false, "DELETE_FAILED": false,
		"UPDATE_IN_PROGRESS": true, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": true, "UPDATE_ROLLBACK_IN_PROGRESS": true, "UPDATE_ROLLBACK_FAILED": true,
		"UPDATE_FAILED": true, "CREATE_FAILED": true, "ROLLBACK_COMPLETE": true, "REVIEW_IN_PROGRESS": true, "DELETE_IN_PROGRESS": true,
	} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		w.inStack("orders", "Shop")
		w.on("CloudFormation.ListStacks", always(stacks("Shop", status)))
		_, decisions, err := w.handle(t.Context(), earnest(), Options{})
		if err != nil || (len(w.Versions("orders")) == 8) != kept || kept != (decisions["orders:1"].Reason == StackBusy) {
			t.Errorf("%s: %v are left, %+v, %v", status, w.Versions("orders"), decisions["orders:1"], err)
		}
	}
}

func TestHandle_keepsWhatIsNestedInAStackInProgress(t *testing.T) {
	const nested, busy = "Shop-Orders", "Shop"
	for link, kept := range map[string]bool{"ParentId": true, "RootId": true, "Description": false} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		w.inStack("orders", nested)
		w.on("CloudFormation.ListStacks", pages(
			strings.Replace(stacks(busy, "UPDATE_IN_PROGRESS"), "</StackSummaries>", "</StackSummaries><NextToken>2</NextToken>", 1),
			strings.Replace(stacks(nested, "UPDATE_COMPLETE"), "<StackStatus>", fmt.Sprintf("<%[1]s>%[2]s%[3]s/0a1b</%[1]s><StackStatus>", link, stackPrefix, busy), 1),
		))
		_, decisions, err := w.handle(t.Context(), earnest(func(c *Config) { c.Checks.StackResources = false }), Options{})
		if err != nil || kept != (decisions["orders:1"].Reason == StackBusy) {
			t.Errorf("%s: orders:1 is %+v, %v", link, decisions["orders:1"], err)
		}
	}
}

func TestHandle_asksForRunningDurableExecutionsOfCandidatesAlone(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, func(f *lambdasim.Function) { f.Durable = true }), lambda("cart", 8))
	var mutex sync.Mutex
	var asked []string
	w.on("Lambda.ListDurableExecutionsByFunction", func(_ int, request string) (int, string) {
		mutex.Lock()
		defer mutex.Unlock()
		line, _, _ := strings.Cut(request, "\n")
		asked = append(asked, line)
		return 0, ""
	})
	if _, _, err := w.handle(t.Context(), earnest(), Options{}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(asked)
	for number, line := range asked {
		if !strings.Contains(line, "/orders/") || !strings.Contains(line, fmt.Sprint("Qualifier=", number+1)) || !strings.Contains(line, "Statuses=RUNNING") {
			t.Errorf("asked %s", line)
		}
	}
	if len(asked) != 5 {
		t.Errorf("asked %d times for five candidates", len(asked))
	}
}

func TestHandle_keepsForAWhileAfterAnAliasMoved(t *testing.T) {
	event := func(name, function, errorCode string, ago time.Duration) string {
		record := fmt.Sprintf(`{"eventSource":"lambda.amazonaws.com","eventName":%q,"errorCode":%q,"requestParameters":{"functionName":%q,"name":"live"}}`, name, errorCode, function)
		return fmt.Sprintf(`{"Events":[{"EventId":"e","EventTime":%d,"CloudTrailEvent":%q}]}`, today.Add(-ago).Unix(), record)
	}
	for _, test := range []struct {
		name, asked, answer string
		kept                bool
	}{
		{"an hour ago", "UpdateAlias20150331", event("UpdateAlias20150331", "orders", "", time.Hour), true},
		{"deleted an hour ago", "DeleteAlias20150331", event("DeleteAlias20150331", "orders", "", time.Hour), true},
		{"by its ARN", "UpdateAlias20150331", event("UpdateAlias20150331", here(""), "", time.Hour), true},
		{"under the plain name", "UpdateAlias", event("UpdateAlias", "orders", "", time.Hour), true},
		{"two days ago", "UpdateAlias20150331", event("UpdateAlias20150331", "orders", "", 2*day), false},
		{"refused", "UpdateAlias20150331", event("UpdateAlias20150331", "orders", "AccessDenied", time.Hour), false},
		{"of another function", "UpdateAlias20150331", event("UpdateAlias20150331", "cart", "", time.Hour), false},
		{"of the same name elsewhere", "UpdateAlias20150331", event("UpdateAlias20150331", "arn:aws:lambda:eu-west-1:000000000000:function:orders", "", time.Hour), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			w.on("CloudTrail.LookupEvents", func(_ int, request string) (int, string) {
				if strings.Contains(request, fmt.Sprintf("%q", test.asked)) {
					return http.StatusOK, test.answer
				}
				return http.StatusOK, "{}"
			})
			_, decisions, err := w.handle(t.Context(), earnest(), Options{})
			if err != nil || (decisions["orders:1"].Reason == AliasMoved) != test.kept {
				t.Errorf("orders:1 is %+v, %v", decisions["orders:1"], err)
			}
		})
	}
}

func TestHandle_deletesNothingWhenAnEventDoesNotSayWhoseAliasMoved(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("CloudTrail.LookupEvents", always(`{"Events":[{"EventId":"e","EventTime":1,"CloudTrailEvent":"{\"eventSource\":\"lambda.amazonaws.com\"}"}]}`))
	_, _, err := w.handle(t.Context(), earnest(), Options{})
	if err == nil || !strings.Contains(err.Error(), "event e does not say which function's alias changed") || len(w.Deletions()) > 0 {
		t.Errorf("%v are left, the error is %v", w.Versions("orders"), err)
	}
}

func TestHandle_keepsWhatLambdaAtEdgeReplicates(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8), lambda("us-east-1.orders", 8, func(f *lambdasim.Function) {
		f.Masters = map[int]string{1: here("2")}
	}))
	_, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var edges []string
	for name, decision := range decisions {
		if decision.Reason == EdgeReplica {
			edges = append(edges, name)
		}
	}
	slices.SortFunc(edges, cmp.Compare)
	if diff := gocmp.Diff([]string{"orders:2", "us-east-1.orders:1"}, edges); diff != "" {
		t.Error(diff)
	}
}
