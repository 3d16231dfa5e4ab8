package emulator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	stacktypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
)

func TestListProvisionedConcurrencyConfigs_listsThoseOfAliasesAndVersions(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "fn", 2)
	list := func() []string {
		t.Helper()
		got := []string{}
		pages := lambdasvc.NewListProvisionedConcurrencyConfigsPaginator(client,
			&lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("fn"), MaxItems: aws.Int32(1)})
		for pages.HasMorePages() {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range out.ProvisionedConcurrencyConfigs {
				got = append(got, fmt.Sprint(afterColon(item.FunctionArn), " ", aws.ToInt32(item.RequestedProvisionedConcurrentExecutions)))
			}
		}
		return got
	}
	want.Equal(t, "the configurations before the first is put", list(), []string{})
	if _, err := client.CreateAlias(t.Context(), &lambdasvc.CreateAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live"), FunctionVersion: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	put := func(qualifier string) error {
		_, err := client.PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{
			FunctionName: aws.String("fn"), Qualifier: &qualifier, ProvisionedConcurrentExecutions: aws.Int32(2),
		})
		return err
	}
	want.Equal(t, "the answer for $LATEST", outcome(put("$LATEST")), "InvalidParameterValueException")
	for _, qualifier := range []string{"live", "2"} {
		if err := put(qualifier); err != nil {
			t.Fatal(err)
		}
	}
	want.Equal(t, "the configurations", list(), []string{"fn:2 2", "fn:live 2"})
	_, err := client.ListProvisionedConcurrencyConfigs(t.Context(), &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("absent")})
	want.Equal(t, "the answer for a function that is not there", outcome(err), "ResourceNotFoundException")
}

func TestSetCodeStorageLimit_movesTheCap(t *testing.T) {
	defer shared.SetCodeStorageLimit(0)
	shared.SetCodeStorageLimit(4096)
	out, err := lambdas(t).GetAccountSettings(t.Context(), &lambdasvc.GetAccountSettingsInput{})
	want.NoError(t, "reading the account's settings", err)
	want.Equal(t, "the limit of code storage", out.AccountLimit.TotalCodeSize, 4096)
}

func TestMarkEdge_showsTheMasterInLists(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "us-east-1.edge", 1)
	master := "arn:aws:lambda:us-east-1:100000000000:function:edge:1"
	shared.MarkEdge("us-east-1.edge", "1", master)
	out, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, version := range out.Functions {
		got = append(got, aws.ToString(version.MasterArn))
	}
	want.Equal(t, "the master of each version", got, []string{"", master})
}

func TestLookupEvents_tellsOfAliasChangesNewestFirst(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client, trail := lambdasvc.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg)
	seed(t, client, "fn", 2)
	seed(t, client, "old-in-lookup", 1)
	for _, function := range []string{"fn", "old-in-lookup"} {
		if _, err := client.CreateAlias(ctx, &lambdasvc.CreateAliasInput{FunctionName: &function, Name: aws.String("live"), FunctionVersion: aws.String("1")}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.UpdateAlias(ctx, &lambdasvc.UpdateAliasInput{FunctionName: &function, Name: aws.String("live"), Description: aws.String("moved")}); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	shared.BackdateAliasChanges("old-in-lookup", yesterday)
	if _, err := client.DeleteAlias(ctx, &lambdasvc.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteAlias(ctx, &lambdasvc.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("absent")}); err != nil {
		t.Errorf("deleting an absent alias: %v", err)
	}
	lookup := func(name string, from time.Time) []string {
		t.Helper()
		var got []string
		pages := cloudtrail.NewLookupEventsPaginator(trail, &cloudtrail.LookupEventsInput{
			MaxResults: aws.Int32(1), StartTime: &from,
			LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: &name}},
		})
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, event := range out.Events {
				var record struct {
					EventTime         time.Time
					RequestParameters struct{ FunctionName, Name string }
				}
				if err := json.Unmarshal([]byte(aws.ToString(event.CloudTrailEvent)), &record); err != nil {
					t.Fatal(err)
				}
				if record.EventTime.Sub(*event.EventTime).Abs() > time.Second {
					t.Errorf("the time in the record: %s, want that of the event, %s", record.EventTime, event.EventTime)
				}
				got = append(got, record.RequestParameters.FunctionName+" "+record.RequestParameters.Name)
			}
		}
		return got
	}
	hourAgo, weekAgo := time.Now().Add(-time.Hour), time.Now().Add(-7*24*time.Hour)
	got := [][]string{
		lookup("UpdateAlias20150331", weekAgo), lookup("UpdateAlias20150331", hourAgo),
		lookup("DeleteAlias20150331", weekAgo), lookup("UpdateAlias", weekAgo), lookup("CreateAlias20150331", weekAgo),
	}
	wanted := [][]string{{"fn live", "old-in-lookup live"}, {"fn live"}, {"fn live"}, nil, {"fn live", "old-in-lookup live"}}
	want.Equal(t, "the changes of aliases that each lookup finds", got, wanted)
}

func TestListMetrics_findsInvocationsByDimensionAcrossPages(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client := cloudwatch.NewFromConfig(cfg)
	var data []metrictypes.MetricDatum
	for n := range 600 {
		data = append(data, metrictypes.MetricDatum{
			MetricName: aws.String("Invocations"), Value: aws.Float64(1),
			Dimensions: []metrictypes.Dimension{
				{Name: aws.String("FunctionName"), Value: aws.String("fn")},
				{Name: aws.String("Resource"), Value: aws.String(fmt.Sprint("fn:", n))},
			},
		})
	}
	data = append(data, metrictypes.MetricDatum{
		MetricName: aws.String("Invocations"), Value: aws.Float64(1),
		Dimensions: []metrictypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("fn")}},
	})
	if _, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: data}); err != nil {
		t.Fatal(err)
	}
	pages := cloudwatch.NewListMetricsPaginator(client, &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations"),
		Dimensions: []metrictypes.DimensionFilter{{Name: aws.String("Resource")}},
	})
	var sizes []int
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.Metrics))
	}
	want.Equal(t, "metrics on each page", sizes, []int{500, 100})
}

func TestGetResources_showsTagsOfFunctionsAHundredAPage(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client := lambdasvc.NewFromConfig(cfg)
	for n := range 101 {
		suite.Function(t, client, fmt.Sprint("fn", n), func(input *lambdasvc.CreateFunctionInput) { input.Tags = map[string]string{"team": "a"} })
	}
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(resourcegroupstaggingapi.NewFromConfig(cfg),
		&resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"lambda:function"}})
	var sizes []int
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.ResourceTagMappingList))
		if out.PaginationToken == nil {
			t.Error("the last page's token: absent, want it empty")
		}
	}
	want.Equal(t, "functions on each page", sizes, []int{100, 1})
}

func TestSetStack_tagsAFunctionAsCloudFormationDoes(t *testing.T) {
	empty(t, shared)
	cfg, ctx := shared.AWS(), t.Context()
	create(t, lambdasvc.NewFromConfig(cfg), "stacked")
	id := "arn:aws:cloudformation:us-east-1:000000000000:stack/shop/0d8a"
	if err := shared.SetStack(ctx, "stacked", id); err != nil {
		t.Fatal(err)
	}
	out, err := resourcegroupstaggingapi.NewFromConfig(cfg).GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"lambda:function"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, resource := range out.ResourceTagMappingList {
		for _, tag := range resource.Tags {
			got[afterColon(resource.ResourceARN)+" "+aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	wanted := map[string]string{"stacked aws:cloudformation:stack-id": id, "stacked aws:cloudformation:stack-name": "shop"}
	want.Equal(t, "the tags", got, wanted)
}

func TestSetStackStatus_playsAStackThatIsStuck(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client := cloudformation.NewFromConfig(cfg)
	for _, name := range []string{"stuck", "sound"} {
		_, err := client.CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName: &name, TemplateBody: aws.String(`{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		in := &cloudformation.DescribeStacksInput{StackName: &name}
		if err := cloudformation.NewStackCreateCompleteWaiter(client, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
			o.MinDelay, o.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
		}).Wait(ctx, in, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	shared.SetStackStatus("stuck", "UPDATE_ROLLBACK_FAILED")
	defer shared.SetStackStatus("stuck", "")
	list := func(status ...stacktypes.StackStatus) map[string]stacktypes.StackStatus {
		t.Helper()
		out, err := client.ListStacks(ctx, &cloudformation.ListStacksInput{StackStatusFilter: status})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]stacktypes.StackStatus{}
		for _, stack := range out.StackSummaries {
			got[aws.ToString(stack.StackName)] = stack.StackStatus
		}
		return got
	}
	got := []map[string]stacktypes.StackStatus{list(), list("UPDATE_ROLLBACK_FAILED"), list("CREATE_COMPLETE")}
	wanted := []map[string]stacktypes.StackStatus{
		{"stuck": "UPDATE_ROLLBACK_FAILED", "sound": "CREATE_COMPLETE"}, {"stuck": "UPDATE_ROLLBACK_FAILED"}, {"sound": "CREATE_COMPLETE"},
	}
	want.Equal(t, "the stacks listed, all and by status", got, wanted)
	described, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("stuck")})
	want.NoError(t, "describing the stack", err)
	want.Equal(t, "the stack's status", described.Stacks[0].StackStatus, "UPDATE_ROLLBACK_FAILED")
}

func TestDescribePipe_showsTheEnrichment(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client, function := pipes.NewFromConfig(cfg), "arn:aws:lambda:eu-west-1:000000000000:function:fn"
	_, err := client.CreatePipe(ctx, &pipes.CreatePipeInput{
		Name: aws.String("p"), RoleArn: aws.String("arn:aws:iam::000000000000:role/any"), Source: aws.String("arn:aws:sqs:eu-west-1:000000000000:q"),
		Target: aws.String(function + ":1"), Enrichment: aws.String(function + ":2"), DesiredState: "STOPPED",
	})
	if err != nil {
		t.Fatal(err)
	}
	described, err := client.DescribePipe(ctx, &pipes.DescribePipeInput{Name: aws.String("p")})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := client.ListPipes(ctx, &pipes.ListPipesInput{})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{afterColon(described.Target), afterColon(described.Enrichment), afterColon(listed.Pipes[0].Enrichment)}
	want.Equal(t, "the target, the enrichment and the enrichment in the list", got, []string{"fn:1", "fn:2", "fn:2"})
}

func TestExportApi_showsIntegrationsWithTheirRoles(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client, role := apigatewayv2.NewFromConfig(cfg), "arn:aws:iam::000000000000:role/any"
	api, err := client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("shop"), ProtocolType: apitypes.ProtocolTypeHttp})
	if err != nil {
		t.Fatal(err)
	}
	empty, err := client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("empty"), ProtocolType: apitypes.ProtocolTypeHttp})
	if err != nil {
		t.Fatal(err)
	}
	integration, err := client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: apitypes.IntegrationTypeAwsProxy, CredentialsArn: &role, PayloadFormatVersion: aws.String("2.0"),
		IntegrationUri: aws.String("arn:aws:lambda:eu-west-1:000000000000:function:fn:1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"GET /pets", "ANY /carts", "$default"} {
		_, err := client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
			ApiId: api.ApiId, RouteKey: &key, Target: aws.String("integrations/" + aws.ToString(integration.IntegrationId)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = client.ExportApi(ctx, &apigatewayv2.ExportApiInput{ApiId: empty.ApiId, OutputType: aws.String("JSON"), Specification: aws.String("OAS30")})
	want.Equal(t, "the answer for the export of an API without routes", outcome(err), "BadRequestException")
	listed, err := client.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: api.ApiId})
	want.NoError(t, "listing the integrations", err)
	want.Equal(t, "the integration's role", aws.ToString(listed.Items[0].CredentialsArn), role)
	got := exported(t, client, api.ApiId, nil)
	for path, method := range map[string]string{"/pets": "get", "/carts": "x-amazon-apigateway-any-method", "/$default": "x-amazon-apigateway-any-method"} {
		integration := got.Paths[path][method].Integration
		want.Equal(t, "what is called at "+path, integration.URI, uriOfVersion("1"))
		want.Equal(t, "the role at "+path, integration.Credentials, role)
	}
}

// document is an export, as far as it matters here.
type document struct {
	Paths map[string]map[string]struct {
		Integration struct{ URI, Credentials string } `json:"x-amazon-apigateway-integration"`
	}
}

func exported(t *testing.T, client *apigatewayv2.Client, api, stage *string) (read document) {
	t.Helper()
	out, err := client.ExportApi(t.Context(), &apigatewayv2.ExportApiInput{
		ApiId: api, StageName: stage, OutputType: aws.String("JSON"), Specification: aws.String("OAS30"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Body, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func uriOfVersion(version string) string {
	return "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:000000000000:function:fn:" + version + "/invocations"
}

func TestExportApi_showsAStageAsItWasDeployed(t *testing.T) {
	cfg, ctx := fresh(t), t.Context()
	client := apigatewayv2.NewFromConfig(cfg)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	function := func(version string) *string {
		return aws.String("arn:aws:lambda:eu-west-1:000000000000:function:fn:" + version)
	}
	api, err := client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("shop"), ProtocolType: apitypes.ProtocolTypeHttp})
	must(err)
	integration, err := client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: apitypes.IntegrationTypeAwsProxy, IntegrationUri: function("1"), PayloadFormatVersion: aws.String("2.0"),
	})
	must(err)
	_, err = client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: api.ApiId, RouteKey: aws.String("GET /pets"), Target: aws.String("integrations/" + aws.ToString(integration.IntegrationId)),
	})
	must(err)
	deployment, err := client.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId})
	must(err)
	for stage, follows := range map[string]bool{"prod": false, "dev": true} {
		_, err = client.CreateStage(ctx, &apigatewayv2.CreateStageInput{
			ApiId: api.ApiId, StageName: &stage, DeploymentId: deployment.DeploymentId, AutoDeploy: &follows,
		})
		must(err)
	}
	_, err = client.UpdateIntegration(ctx, &apigatewayv2.UpdateIntegrationInput{ApiId: api.ApiId, IntegrationId: integration.IntegrationId, IntegrationUri: function("2")})
	must(err)
	for stage, version := range map[string]string{"prod": "1", "dev": "2"} {
		want.Equal(t, "what stage "+stage+" calls", exported(t, client, api.ApiId, &stage).Paths["/pets"]["get"].Integration.URI, uriOfVersion(version))
	}
	_, err = client.ExportApi(ctx, &apigatewayv2.ExportApiInput{
		ApiId: api.ApiId, StageName: aws.String("absent"), OutputType: aws.String("JSON"), Specification: aws.String("OAS30"),
	})
	var absent *apitypes.NotFoundException
	if !errors.As(err, &absent) {
		t.Errorf("the export of a stage that is not there: %v, want %T", err, absent)
	}
}
