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

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

func TestHandle_keepsWhatAScanFinds(t *testing.T) {
	for _, test := range scanCases {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			test.set(w)
			_, decisions, err := w.handle(t.Context(), earnest(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			w.Settle() // what runs on Managed Instances goes a while later
			want.Equal(t, "the versions left", w.Versions("orders"), []int{1, 6, 7, 8})
			got := decisions["orders:1"]
			want.Equal(t, "the reason for orders:1", got.Reason, test.want.Reason)
			if test.want.Detail != "" {
				want.Equal(t, "the detail of orders:1", got.Detail, test.want.Detail)
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
			w.Settle() // what runs on Managed Instances goes a while later
			want.Equal(t, "the versions left", w.Versions("orders"), []int{6, 7, 8})
			want.Equal(t, "what the report says is not checked", report.NotChecked, []string{"janitor." + test.key})
		})
	}
}

// Every call that a scan makes, with the case in which it is made and the action that allows it.
func TestHandle_deletesNothingThatARefusedCallCouldHaveProtected(t *testing.T) {
	for _, test := range []struct{ operation, action, key string }{
		{"Lambda.ListEventSourceMappings", "lambda:ListEventSourceMappings", "checks.eventSourceMappings"},
		{"Lambda.ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs", "checks.provisionedConcurrency"},
		{"Application Auto Scaling.DescribeScalableTargets", "application-autoscaling:DescribeScalableTargets", "checks.scalableTargets"},
		{"Lambda.GetFunctionScalingConfig", "lambda:GetFunctionScalingConfig", "checks.managedInstances"},
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
		{"SFN.ListExecutions", "states:ListExecutions", "checks.stepFunctionsExecutions"},
		{"SFN.DescribeStateMachineForExecution", "states:DescribeStateMachineForExecution", "checks.stepFunctionsExecutions"},
		{"Scheduler.ListSchedules", "scheduler:ListSchedules", "checks.scheduler"},
		{"Scheduler.GetSchedule", "scheduler:GetSchedule", "checks.scheduler"},
		{"Pipes.ListPipes", "pipes:ListPipes", "checks.pipes"},
		{"Pipes.DescribePipe", "pipes:DescribePipe", "checks.pipes"},
		{"API Gateway.GetRestApis", "apigateway:GET", "checks.apiGateway"},
		{"API Gateway.GetResources", "apigateway:GET", "checks.apiGateway"},
		{"API Gateway.GetAuthorizers", "apigateway:GET", "checks.apiGateway"},
		{"API Gateway.GetStages", "apigateway:GET", "checks.apiGatewayStages"},
		{"API Gateway.GetExport", "apigateway:GET", "checks.apiGatewayStages"},
		{"ApiGatewayV2.GetApis", "apigateway:GET", "checks.apiGateway"},
		{"ApiGatewayV2.GetIntegrations", "apigateway:GET", "checks.apiGateway"},
		{"ApiGatewayV2.GetAuthorizers", "apigateway:GET", "checks.apiGateway"},
		{"ApiGatewayV2.GetStages", "apigateway:GET", "checks.apiGatewayStages"},
		{"ApiGatewayV2.ExportApi", "apigateway:GET", "checks.apiGatewayStages"},
		{"EventBridge.ListEventBuses", "events:ListEventBuses", "checks.eventBridge"},
		{"EventBridge.ListRules", "events:ListRules", "checks.eventBridge"},
		{"EventBridge.ListTargetsByRule", "events:ListTargetsByRule", "checks.eventBridge"},
		{"AppSync.ListGraphqlApis", "appsync:ListGraphqlApis", "checks.appSync"},
		{"AppSync.ListApis", "appsync:ListApis", "checks.appSync"},
		{"AppSync.ListDataSources", "appsync:ListDataSources", "checks.appSync"},
		{"Firehose.ListDeliveryStreams", "firehose:ListDeliveryStreams", "checks.firehose"},
		{"Firehose.DescribeDeliveryStream", "firehose:DescribeDeliveryStream", "checks.firehose"},
	} {
		t.Run(test.operation, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, func(f *lambdasim.Function) { f.Durable, f.Managed = true, true }))
			w.on("Lambda.GetFunctionScalingConfig", always("{}"))
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
			want.Equal(t, "deletions", len(w.Deletions()), 0)
			remedies := []string{"grant " + test.action + " on ", " or switch off janitor." + test.key}
			if test.key == "" {
				remedies = []string{"grant " + test.action + " on arn:*:lambda:*:*:function:*)"}
			}
			for _, remedy := range remedies {
				want.Says(t, "the error", fmt.Sprint(err), remedy)
			}
		})
	}
}

func TestHandle_namesTheKeyThatAStateMachineIsEncryptedWith(t *testing.T) {
	for operation, check := range map[string]string{"SFN.DescribeStateMachine": "stepFunctions", "SFN.DescribeStateMachineForExecution": "stepFunctionsExecutions"} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		running(w, 1, 1, func(int) string { return "{}" })
		w.on(operation, func(int, string) (int, string) { return http.StatusBadRequest, "KmsAccessDeniedException" })
		_, _, err := w.handle(t.Context(), earnest(), Options{})
		remedy := "(grant kms:Decrypt in the policy of its key or switch off janitor.checks." + check + ")"
		want.Says(t, "the error of "+operation, fmt.Sprint(err), remedy)
		want.Equal(t, "deletions without "+operation, len(w.Deletions()), 0)
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
		want.Says(t, "the error of "+operation, fmt.Sprint(err), action)
		want.Equal(t, "deletions without "+operation, len(w.Deletions()), 0)
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
		want.Says(t, "the error of "+test.operation, fmt.Sprint(err), test.action)
		test.want[Kept] += 61 * 4
		// The function is given up after two denials in a row; what is under way by then fails too.
		if failed := report.Outcomes[Failed]; failed > 0 {
			if failed < 2 {
				t.Errorf("versions that failed without %s: %d, want at least 2", test.operation, failed)
			}
			report.Outcomes[Failed] += report.Outcomes[Remaining]
			delete(report.Outcomes, Remaining)
		}
		want.Equal(t, "the outcomes without "+test.operation, report.Outcomes, test.want)
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
	want.Equal(t, "versions left of orders, orders-eu and cart", got, []int{8, 8, 3})
	want.Equal(t, "the dynamic targets of the report", report.DynamicTargets, []string{"state machine Fulfil may call functions named orders*"})
	want.Equal(t, "the reason for orders:1", decisions["orders:1"].Reason, MayBeCalled)
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
		want.NoError(t, "the run with a stack in "+status, err)
		want.Equal(t, "all versions are left with a stack in "+status, len(w.Versions("orders")) == 8, kept)
		want.Equal(t, "orders:1 is kept for a stack in "+status, decisions["orders:1"].Reason == StackBusy, kept)
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
		want.NoError(t, "the run with the link "+link, err)
		want.Equal(t, "orders:1 is kept for the link "+link, decisions["orders:1"].Reason == StackBusy, kept)
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
			t.Errorf("request %d: %s, want it for the running ones of orders:%d", number, line, number+1)
		}
	}
	want.Equal(t, "requests for five candidates", len(asked), 5)
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
			want.NoError(t, "the run", err)
			want.Equal(t, "orders:1 is kept since an alias moved", decisions["orders:1"].Reason == AliasMoved, test.kept)
		})
	}
}

func TestHandle_deletesNothingWhenAnEventDoesNotSayWhoseAliasMoved(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("CloudTrail.LookupEvents", always(`{"Events":[{"EventId":"e","EventTime":1,"CloudTrailEvent":"{\"eventSource\":\"lambda.amazonaws.com\"}"}]}`))
	_, _, err := w.handle(t.Context(), earnest(), Options{})
	want.Says(t, "the error", fmt.Sprint(err), "event e does not say which function's alias changed")
	want.Equal(t, "deletions", len(w.Deletions()), 0)
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
	want.Equal(t, "the replicas of Lambda@Edge and their masters", edges, []string{"orders:2", "us-east-1.orders:1"})
}

func TestHandle_refusedReadOfAFunctionNamesItsOwnCheck(t *testing.T) {
	for range 20 { // scans run side by side, so that a mix-up shows now and then only
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 6))
		w.refuse("Lambda.ListAliases")
		_, decisions, err := w.handle(t.Context(), earnest(), Options{})
		want.Says(t, "the error", fmt.Sprint(err), "aliases orders could not be read", "grant lambda:ListAliases")
		want.Equal(t, "the outcome for orders:1", decisions["orders:1"].Outcome, Kept)
		want.Equal(t, "the reason for orders:1", decisions["orders:1"].Reason, CouldNotRead)
		if want.Equal(t, "the versions left", w.Versions("orders"), []int{1, 2, 3, 4, 5, 6}); t.Failed() {
			return
		}
	}
}

func TestHandle_keepsWhatAnEnvironmentVariableNames(t *testing.T) {
	for value, kept := range map[string]bool{
		here("1"): true, `{"steps":["` + here("1") + `"]}`: true, "then " + here("1") + ".": true,
		"https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/" + strings.ReplaceAll(here("1"), ":", "%3A") + "/invocations": true,
		here(""): false, here("live"): false, "orders:1": false, strings.Replace(here("1"), "us-east-1", "eu-west-1", 1): false, strings.Replace(here("1"), "000000000000", "111111111111", 1): false,
	} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8), lambda("cart", 1, withVariable(value)))
		_, decisions, err := w.handle(t.Context(), earnest(), Options{})
		got := decisions["orders:1"]
		want.NoError(t, "the run with the variable "+value, err)
		want.Equal(t, "orders:1 is kept for the variable "+value, got.Reason == Referenced(Environment) && got.Detail == "cart NEXT", kept)
	}
}
