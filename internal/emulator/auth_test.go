package emulator_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/appsync"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"caretaker/internal/want"
)

// acting are the calls of the parts' runs by the IAM action that each needs.
var acting = []struct {
	action string
	call   func(context.Context, aws.Config) error
}{
	{"lambda:GetAccountSettings", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).GetAccountSettings(ctx, &lambdasvc.GetAccountSettingsInput{})
		return err
	}},
	{"lambda:ListFunctions", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).ListFunctions(ctx, &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
		return err
	}},
	{"lambda:ListVersionsByFunction", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).ListVersionsByFunction(ctx, &lambdasvc.ListVersionsByFunctionInput{FunctionName: aws.String("fn")})
		return err
	}},
	{"lambda:ListAliases", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).ListAliases(ctx, &lambdasvc.ListAliasesInput{FunctionName: aws.String("fn")})
		return err
	}},
	{"lambda:GetPolicy", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).GetPolicy(ctx, &lambdasvc.GetPolicyInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")})
		return err
	}},
	{"lambda:ListEventSourceMappings", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).ListEventSourceMappings(ctx, &lambdasvc.ListEventSourceMappingsInput{})
		return err
	}},
	{"lambda:ListFunctionEventInvokeConfigs", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).ListFunctionEventInvokeConfigs(ctx, &lambdasvc.ListFunctionEventInvokeConfigsInput{FunctionName: aws.String("fn")})
		return err
	}},
	{"lambda:ListProvisionedConcurrencyConfigs", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("fn")})
		return err
	}},
	{"lambda:ListDurableExecutionsByFunction", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).ListDurableExecutionsByFunction(ctx, &lambdasvc.ListDurableExecutionsByFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")})
		return err
	}},
	{"lambda:DeleteFunction", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).DeleteFunction(ctx, &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("$LATEST")})
		return err
	}},
	{"lambda:PublishVersion", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).PublishVersion(ctx, &lambdasvc.PublishVersionInput{FunctionName: aws.String("fn")})
		return err
	}},
	{"tag:GetResources", func(ctx context.Context, cfg aws.Config) error {
		_, err := resourcegroupstaggingapi.NewFromConfig(cfg).GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{})
		return err
	}},
	{"cloudformation:ListStacks", func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudformation.NewFromConfig(cfg).ListStacks(ctx, &cloudformation.ListStacksInput{})
		return err
	}},
	{"cloudformation:ListStackResources", func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudformation.NewFromConfig(cfg).ListStackResources(ctx, &cloudformation.ListStackResourcesInput{StackName: aws.String("absent")})
		return err
	}},
	{"states:ListStateMachines", func(ctx context.Context, cfg aws.Config) error {
		_, err := sfn.NewFromConfig(cfg).ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
		return err
	}},
	{"states:DescribeStateMachine", func(ctx context.Context, cfg aws.Config) error {
		_, err := sfn.NewFromConfig(cfg).DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(absentMachine)})
		return err
	}},
	{"states:ListStateMachineVersions", func(ctx context.Context, cfg aws.Config) error {
		_, err := sfn.NewFromConfig(cfg).ListStateMachineVersions(ctx, &sfn.ListStateMachineVersionsInput{StateMachineArn: aws.String(absentMachine)})
		return err
	}},
	{"states:ListExecutions", func(ctx context.Context, cfg aws.Config) error {
		_, err := sfn.NewFromConfig(cfg).ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: aws.String(absentMachine)})
		return err
	}},
	{"states:DescribeStateMachineForExecution", func(ctx context.Context, cfg aws.Config) error {
		_, err := sfn.NewFromConfig(cfg).DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: aws.String("arn:aws:states:us-east-1:000000000000:execution:absent:1")})
		return err
	}},
	{"scheduler:ListSchedules", func(ctx context.Context, cfg aws.Config) error {
		_, err := scheduler.NewFromConfig(cfg).ListSchedules(ctx, &scheduler.ListSchedulesInput{})
		return err
	}},
	{"scheduler:GetSchedule", func(ctx context.Context, cfg aws.Config) error {
		_, err := scheduler.NewFromConfig(cfg).GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String("absent")})
		return err
	}},
	{"scheduler:ListScheduleGroups", func(ctx context.Context, cfg aws.Config) error {
		_, err := scheduler.NewFromConfig(cfg).ListScheduleGroups(ctx, &scheduler.ListScheduleGroupsInput{})
		return err
	}},
	{"pipes:ListPipes", func(ctx context.Context, cfg aws.Config) error {
		_, err := pipes.NewFromConfig(cfg).ListPipes(ctx, &pipes.ListPipesInput{})
		return err
	}},
	{"pipes:DescribePipe", func(ctx context.Context, cfg aws.Config) error {
		_, err := pipes.NewFromConfig(cfg).DescribePipe(ctx, &pipes.DescribePipeInput{Name: aws.String("absent")})
		return err
	}},
	{"apigateway:GET", func(ctx context.Context, cfg aws.Config) error {
		_, err := apigateway.NewFromConfig(cfg).GetRestApis(ctx, &apigateway.GetRestApisInput{})
		return err
	}},
	{"apigateway:GET", func(ctx context.Context, cfg aws.Config) error {
		_, err := apigatewayv2.NewFromConfig(cfg).ExportApi(ctx, &apigatewayv2.ExportApiInput{ApiId: aws.String("absent"), OutputType: aws.String("JSON"), Specification: aws.String("OAS30")})
		return err
	}},
	{"events:ListEventBuses", func(ctx context.Context, cfg aws.Config) error {
		_, err := eventbridge.NewFromConfig(cfg).ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
		return err
	}},
	{"events:ListRules", func(ctx context.Context, cfg aws.Config) error {
		_, err := eventbridge.NewFromConfig(cfg).ListRules(ctx, &eventbridge.ListRulesInput{})
		return err
	}},
	{"events:ListTargetsByRule", func(ctx context.Context, cfg aws.Config) error {
		_, err := eventbridge.NewFromConfig(cfg).ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("absent")})
		return err
	}},
	{"appsync:ListGraphqlApis", func(ctx context.Context, cfg aws.Config) error {
		_, err := appsync.NewFromConfig(cfg).ListGraphqlApis(ctx, &appsync.ListGraphqlApisInput{})
		return err
	}},
	{"appsync:ListDataSources", func(ctx context.Context, cfg aws.Config) error {
		_, err := appsync.NewFromConfig(cfg).ListDataSources(ctx, &appsync.ListDataSourcesInput{ApiId: aws.String("absent")})
		return err
	}},
	{"cloudwatch:DescribeAlarmContributors", func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudwatch.NewFromConfig(cfg).DescribeAlarmContributors(ctx, &cloudwatch.DescribeAlarmContributorsInput{AlarmName: aws.String("any")})
		return err
	}},
	{"cloudwatch:ListMetrics", func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudwatch.NewFromConfig(cfg).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
		return err
	}},
	{"cloudwatch:GetMetricData", func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudwatch.NewFromConfig(cfg).GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()),
			MetricDataQueries: []metrictypes.MetricDataQuery{{Id: aws.String("a"), MetricStat: &metrictypes.MetricStat{
				Metric: &metrictypes.Metric{Namespace: aws.String("Caretaker"), MetricName: aws.String("Remaining")}, Period: aws.Int32(60), Stat: aws.String("Sum"),
			}}},
		})
		return err
	}},
	{"cloudtrail:LookupEvents", func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudtrail.NewFromConfig(cfg).LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
		return err
	}},
	{"account:ListRegions", func(ctx context.Context, cfg aws.Config) error {
		_, err := account.NewFromConfig(cfg).ListRegions(ctx, &account.ListRegionsInput{})
		return err
	}},
	{"lambda:GetFunctionScalingConfig", func(ctx context.Context, cfg aws.Config) error {
		_, err := lambdasvc.NewFromConfig(cfg).GetFunctionScalingConfig(ctx, &lambdasvc.GetFunctionScalingConfigInput{FunctionName: aws.String("absent"), Qualifier: aws.String("1")})
		return err
	}},
	{"application-autoscaling:DescribeScalableTargets", func(ctx context.Context, cfg aws.Config) error {
		_, err := managed(ctx, cfg)
		return err
	}},
	{"application-autoscaling:RegisterScalableTarget", func(ctx context.Context, cfg aws.Config) error {
		return manage(ctx, cfg, "orders", aws.Int32(1), aws.Int32(7))
	}},
	{"servicequotas:GetServiceQuota", func(ctx context.Context, cfg aws.Config) error {
		_, err := servicequotas.NewFromConfig(cfg).GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("vpc"), QuotaCode: aws.String(vpcs)})
		return err
	}},
	{"servicequotas:GetAWSDefaultServiceQuota", func(ctx context.Context, cfg aws.Config) error {
		_, err := servicequotas.NewFromConfig(cfg).GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: aws.String("vpc"), QuotaCode: aws.String(vpcs)})
		return err
	}},
	{"servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota", func(ctx context.Context, cfg aws.Config) error {
		_, err := asked(ctx, cfg)
		return err
	}},
	{"servicequotas:ListServiceQuotas", func(ctx context.Context, cfg aws.Config) error {
		_, err := servicequotas.NewFromConfig(cfg).ListServiceQuotas(ctx, &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("vpc")})
		return err
	}},
	{"servicequotas:ListAWSDefaultServiceQuotas", func(ctx context.Context, cfg aws.Config) error {
		_, err := servicequotas.NewFromConfig(cfg).ListAWSDefaultServiceQuotas(ctx, &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: aws.String("vpc")})
		return err
	}},
	{"servicequotas:RequestServiceQuotaIncrease", func(ctx context.Context, cfg aws.Config) error { return request(ctx, cfg, 10) }},
}

const absentMachine = "arn:aws:states:us-east-1:000000000000:stateMachine:absent"

// user makes an IAM user and gives its configuration.
func user(t *testing.T, name string) aws.Config {
	t.Helper()
	client := iam.NewFromConfig(enforced.AWS())
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return once(enforced.AWSAs(aws.Credentials{
		AccessKeyID: aws.ToString(key.AccessKey.AccessKeyId), SecretAccessKey: aws.ToString(key.AccessKey.SecretAccessKey),
	}, enforced.Region()))
}

// allow gives a user one policy.
func allow(t *testing.T, name, effect, action, resource, condition string) {
	t.Helper()
	document := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Action":%q,"Resource":%q%s}]}`, effect, action, resource, condition)
	_, err := iam.NewFromConfig(enforced.AWS()).PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: &name, PolicyName: aws.String("only"), PolicyDocument: &document,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func denied(err error) bool {
	return strings.HasPrefix(outcome(err), "AccessDenied")
}

func TestAuth_eachCallNeedsItsOwnActionAndNoOther(t *testing.T) {
	empty(t, enforced)
	ctx := t.Context()
	cfg := user(t, "reader")
	for _, c := range acting {
		t.Run(c.action, func(t *testing.T) {
			allow(t, "reader", "Allow", "sts:GetCallerIdentity", "*", "")
			err := c.call(ctx, cfg)
			if !denied(err) || !strings.Contains(err.Error(), c.action) {
				t.Errorf("without the action: %v, want a denial that names %s", err, c.action)
			}
			allow(t, "reader", "Allow", c.action, "*", "")
			if err := c.call(ctx, cfg); denied(err) {
				t.Errorf("with the action: %v, want no denial", err)
			}
		})
	}
	calls := enforced.Calls()
	want.Equal(t, "the recorded principal", calls[len(calls)-1].Principal, "arn:aws:iam::000000000000:user/reader")
}

func TestAuth_holdsForTheNamespaceOfMetrics(t *testing.T) {
	empty(t, enforced)
	cfg := user(t, "writer")
	allow(t, "writer", "Allow", "cloudwatch:PutMetricData", "*", `,"Condition":{"StringEquals":{"cloudwatch:namespace":"Caretaker"}}`)
	put := func(namespace string) error {
		_, err := cloudwatch.NewFromConfig(cfg).PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace: &namespace, MetricData: []metrictypes.MetricDatum{{MetricName: aws.String("Runs"), Value: aws.Float64(1)}},
		})
		return err
	}
	if err := put("Caretaker"); err != nil {
		t.Errorf("the namespace that is allowed: %v, want no error", err)
	}
	if err := put("Other"); !denied(err) {
		t.Errorf("another namespace: %v, want a denial", err)
	}
}

// What is scaled is in the request alone: the ARN of a target does not say it.
func TestAuth_holdsForWhatAScalableTargetScales(t *testing.T) {
	empty(t, enforced)
	cfg := user(t, "raiser")
	for namespace, refused := range map[string]bool{"dynamodb": false, "ecs": true} {
		allow(t, "raiser", "Allow", "application-autoscaling:RegisterScalableTarget", "*", fmt.Sprintf(`,"Condition":{"StringEquals":{
			"application-autoscaling:service-namespace":%q,"application-autoscaling:scalable-dimension":"dynamodb:table:ReadCapacityUnits"}}`, namespace))
		if err := manage(t.Context(), cfg, "orders", aws.Int32(1), aws.Int32(7)); denied(err) != refused {
			t.Errorf("allowed for %s: %v, want a denial: %t", namespace, err, refused)
		}
	}
}

func TestAuth_deniedDeletionsAreNotCarriedOut(t *testing.T) {
	empty(t, enforced)
	ctx, root := t.Context(), enforced.AWS()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if _, err := iam.NewFromConfig(root).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("any"), AssumeRolePolicyDocument: &trust}); err != nil {
		t.Fatal(err)
	}
	client := lambdasvc.NewFromConfig(root)
	seed(t, client, "guarded", 1)
	seed(t, client, "free", 1)
	cfg := user(t, "cleaner")
	allow(t, "cleaner", "Allow", "lambda:DeleteFunction", "arn:aws:lambda:*:*:function:free*", "")
	remove := func(name string) error {
		_, err := lambdasvc.NewFromConfig(cfg).DeleteFunction(ctx, &lambdasvc.DeleteFunctionInput{FunctionName: &name, Qualifier: aws.String("1")})
		return err
	}
	if err := remove("guarded"); !denied(err) {
		t.Errorf("a function that is not allowed: %v, want a denial", err)
	}
	if err := remove("free"); err != nil {
		t.Errorf("a function that is allowed: %v, want no error", err)
	}
	out, err := client.ListFunctions(ctx, &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, version := range out.Functions {
		left = append(left, afterColon(version.FunctionArn))
	}
	want.Equal(t, "the versions left", strings.Join(left, " "), "free:$LATEST guarded:$LATEST guarded:1")
}

func TestAuth_signaturesHoldThroughTheProxyAndBodiesArriveWhole(t *testing.T) {
	empty(t, enforced)
	ctx := t.Context()
	client := s3.NewFromConfig(once(enforced.AWS()), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("assets")}); err != nil {
		t.Fatal(err)
	}
	sent := bytes.Repeat([]byte("0123456789"), 100_000)
	in := &s3.PutObjectInput{Bucket: aws.String("assets"), Key: aws.String("a b/c+d.zip"), Body: bytes.NewReader(sent)}
	if _, err := client.PutObject(ctx, in); err != nil {
		t.Fatal(err)
	}
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key})
	want.NoError(t, "asking for the object's size", err)
	want.Equal(t, "the object's size", aws.ToInt64(head.ContentLength), int64(len(sent)))
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Body.Close() }()
	got, err := io.ReadAll(out.Body)
	want.NoError(t, "reading the object", err)
	if !bytes.Equal(got, sent) {
		t.Errorf("the object read has %d bytes, want the %d that were sent, and the same", len(got), len(sent))
	}
}
