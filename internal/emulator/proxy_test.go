package emulator_test

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// callsOf are the calls made with an account's key.
func callsOf(t *testing.T, cfg aws.Config) []emulator.Call {
	t.Helper()
	key, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var calls []emulator.Call
	for _, call := range shared.Calls() {
		if call.AccessKey == key.AccessKeyID {
			calls = append(calls, call)
		}
	}
	return calls
}

func TestCalls_nameTheOperationInEveryProtocol(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	_, _ = lambdasvc.NewFromConfig(cfg).ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("fn")})
	_, _ = lambdasvc.NewFromConfig(cfg).GetProvisionedConcurrencyConfig(ctx, &lambdasvc.GetProvisionedConcurrencyConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")})
	_, _ = lambdasvc.NewFromConfig(cfg).ListTags(ctx, &lambdasvc.ListTagsInput{Resource: aws.String("arn:aws:lambda:eu-west-1:000000000000:function:fn")})
	_, _ = sfn.NewFromConfig(cfg).ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
	_, _ = cloudformation.NewFromConfig(cfg).ListStacks(ctx, &cloudformation.ListStacksInput{})
	_, _ = cloudwatch.NewFromConfig(cfg).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
	_, _ = sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	_, _ = scheduler.NewFromConfig(cfg).GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String("absent")})
	_, _ = pipes.NewFromConfig(cfg).DescribePipe(ctx, &pipes.DescribePipeInput{Name: aws.String("absent")})
	_, _ = apigateway.NewFromConfig(cfg).GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: aws.String("absent")})
	_, _ = apigatewayv2.NewFromConfig(cfg).GetApis(ctx, &apigatewayv2.GetApisInput{})
	_, _ = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("absent"), Key: aws.String("a/b")})
	type named struct {
		Name, Region, ErrorCode string
		Status, Attempt         int
	}
	var got []named
	for _, call := range callsOf(t, cfg) {
		got = append(got, named{call.Service + ":" + call.Operation, call.Region, call.ErrorCode, call.Status, call.Attempt})
		if call.Duration <= 0 {
			t.Errorf("%s took %s, want more than nothing", call.Operation, call.Duration)
		}
	}
	wanted := []named{
		{"lambda:ListProvisionedConcurrencyConfigs", "eu-west-1", "ResourceNotFoundException", 404, 1},
		{"lambda:GetProvisionedConcurrencyConfig", "eu-west-1", "ResourceNotFoundException", 404, 1},
		{"lambda:ListTags", "eu-west-1", "ResourceNotFoundException", 404, 1},
		{"states:ListStateMachines", "eu-west-1", "", 200, 1},
		{"cloudformation:ListStacks", "eu-west-1", "", 200, 1},
		{"cloudwatch:ListMetrics", "eu-west-1", "", 200, 1},
		{"sts:GetCallerIdentity", "eu-west-1", "", 200, 1},
		{"scheduler:GetSchedule", "eu-west-1", "ResourceNotFoundException", 404, 1},
		{"pipes:DescribePipe", "eu-west-1", "NotFoundException", 404, 1},
		{"apigateway:GetResources", "eu-west-1", "NotFoundException", 404, 1},
		{"apigateway:GetApis", "eu-west-1", "", 200, 1},
		{"s3:GetObject", "eu-west-1", "NoSuchBucket", 404, 1},
	}
	want.Equal(t, "the calls recorded", got, wanted)
}

func TestCalls_tellWhetherAQualifierWasGiven(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client := lambdasvc.NewFromConfig(cfg)
	arn := "arn:aws:lambda:eu-west-1:000000000000:function:fn"
	for _, in := range []lambdasvc.GetPolicyInput{
		{FunctionName: aws.String("fn")},
		{FunctionName: aws.String("fn"), Qualifier: aws.String("7")},
		{FunctionName: aws.String("fn"), Qualifier: aws.String("")},
		{FunctionName: aws.String("fn:live")},
		{FunctionName: aws.String("000000000000:function:fn:8")},
		{FunctionName: &arn, Qualifier: aws.String("9")},
		{FunctionName: aws.String(arn + ":10")},
	} {
		_, _ = client.GetPolicy(ctx, &in)
	}
	var got []string
	for _, call := range callsOf(t, cfg) {
		text := call.Function + " without"
		if call.QualifierGiven {
			text = call.Function + " with " + call.Qualifier
		}
		got = append(got, text)
	}
	wanted := []string{"fn without", "fn with 7", "fn with ", "fn with live", "fn with 8", "fn with 9", "fn with 10"}
	want.Equal(t, "the function of each call and its qualifier", got, wanted)
}

func TestForgetCalls_startsAnew(t *testing.T) {
	client := lambdas(t)
	_, _ = client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{})
	shared.ForgetCalls()
	want.Equal(t, "calls left", len(shared.Calls()), 0)
}

func TestInject_befallsCallsAsTold(t *testing.T) {
	for name, c := range map[string]struct {
		fault emulator.Fault
		want  string
	}{
		"an error":             {emulator.Fault{Service: "lambda", Status: 500, Code: "ServiceException", Message: "down"}, "ServiceException"},
		"a throttle":           {emulator.Fault{Operation: "ListFunctions", Status: 429, Code: "TooManyRequestsException"}, "TooManyRequestsException"},
		"a cut connection":     {emulator.Fault{Operation: "ListFunctions", Drop: true}, "cut"},
		"half an answer":       {emulator.Fault{Operation: "ListFunctions", Truncate: true}, "cut"},
		"another operation":    {emulator.Fault{Operation: "GetPolicy", Drop: true}, "ok"},
		"another service":      {emulator.Fault{Service: "states", Drop: true}, "ok"},
		"a function not named": {emulator.Fault{Function: "fn", Drop: true}, "ok"},
		"what does not match":  {emulator.Fault{Match: func(emulator.Call) bool { return false }, Drop: true}, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			defer shared.ClearFaults()
			client := lambdas(t)
			c.fault.Times = 1
			shared.Inject(c.fault)
			_, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{})
			got := outcome(err)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err != nil && strings.Contains(err.Error(), "EOF") {
				got = "cut"
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if _, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{}); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func TestInject_speaksTheProtocolOfTheCall(t *testing.T) {
	defer shared.ClearFaults()
	cfg, ctx := fresh(t), t.Context()
	shared.Inject(emulator.Fault{Status: 400, Code: "Sorry", Message: "not today"})
	_, metrics := cloudwatch.NewFromConfig(cfg).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
	_, stacks := cloudformation.NewFromConfig(cfg).ListStacks(ctx, &cloudformation.ListStacksInput{})
	_, machines := sfn.NewFromConfig(cfg).ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
	_, object := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	for protocol, err := range map[string]error{"cbor": metrics, "query": stacks, "json": machines, "s3": object} {
		want.Equal(t, "the error in "+protocol, outcome(err), "Sorry")
	}
}

func TestInject_refusedCallsAreNotCarriedOutAndTruncatedOnesAre(t *testing.T) {
	defer shared.ClearFaults()
	client := lambdas(t)
	seed(t, client, "fn", 3)
	remove := func(version string) {
		t.Helper()
		if _, err := client.DeleteFunction(t.Context(), &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: &version}); err == nil {
			t.Errorf("deleting %s succeeded, want an error", version)
		}
	}
	shared.Inject(emulator.Fault{Operation: "DeleteFunction", Times: 1, Status: 500, Code: "ServiceException"})
	remove("1")
	shared.Inject(emulator.Fault{Operation: "DeleteFunction", Times: 1, Drop: true})
	remove("2")
	shared.Inject(emulator.Fault{Operation: "PublishVersion", Times: 1, Truncate: true})
	if _, err := client.UpdateFunctionConfiguration(t.Context(), &lambdasvc.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), MemorySize: aws.Int32(512)}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PublishVersion(t.Context(), &lambdasvc.PublishVersionInput{FunctionName: aws.String("fn")}); err == nil {
		t.Error("publishing succeeded, want an error")
	}
	out, err := client.ListVersionsByFunction(t.Context(), &lambdasvc.ListVersionsByFunctionInput{FunctionName: aws.String("fn")})
	if err != nil || len(out.Versions) != 5 {
		t.Errorf("%v, %d versions, want $LATEST and 4", err, len(out.Versions))
	}
}

func TestInject_hooksRunBeforeAndAfterTheCall(t *testing.T) {
	defer shared.ClearFaults()
	client := lambdas(t)
	seed(t, client, "fn", 2)
	count := func() int {
		out, err := client.ListVersionsByFunction(t.Context(), &lambdasvc.ListVersionsByFunctionInput{FunctionName: aws.String("fn")})
		if err != nil {
			t.Error(err)
			return 0
		}
		return len(out.Versions)
	}
	var seen []int
	hook := func(emulator.Call) { seen = append(seen, count()) }
	var called atomic.Int64
	shared.OnCall(func(call emulator.Call) {
		if call.Operation == "DeleteFunction" && call.Qualifier == "1" {
			called.Add(1)
		}
	})
	shared.Inject(emulator.Fault{Operation: "DeleteFunction", Times: 1, Before: hook, After: hook})
	if _, err := client.DeleteFunction(t.Context(), &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "versions before and after the call", seen, []int{3, 2})
	want.Equal(t, "how often the deletion was told of", called.Load(), 1)
}

func TestSetLatency_delaysEachCall(t *testing.T) {
	defer shared.SetLatency(0)
	cfg := fresh(t)
	shared.SetLatency(30 * time.Millisecond)
	if _, err := lambdasvc.NewFromConfig(cfg).ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{}); err != nil {
		t.Fatal(err)
	}
	if calls := callsOf(t, cfg); len(calls) != 1 || calls[0].Duration < 30*time.Millisecond {
		t.Errorf("the calls: %+v, want one that took 30ms at least", calls)
	}
}

func TestLimitRates_answers429BeyondTheBurstForEachAccountAndKindApart(t *testing.T) {
	defer shared.LimitRates(emulator.RateLimits{})
	shared.LimitRates(emulator.RateLimits{Lambda: 1.0 / 3600, GetPolicy: 1.0 / 3600})
	first, second := lambdas(t), lambdas(t)
	list := func(client *lambdasvc.Client) string {
		_, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{})
		return outcome(err)
	}
	policy := func(client *lambdasvc.Client) string {
		_, err := client.GetPolicy(t.Context(), &lambdasvc.GetPolicyInput{FunctionName: aws.String("fn")})
		return outcome(err)
	}
	got := []string{list(first), list(first), policy(first), policy(first), list(second)}
	wanted := []string{"ok", "TooManyRequestsException", "ResourceNotFoundException", "TooManyRequestsException", "ok"}
	want.Equal(t, "the answers", got, wanted)
}
