package emulator_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
)

func TestCorrections_areNamedOnce(t *testing.T) {
	names := emulator.Corrections()
	if len(names) < 40 || !slices.Contains(names, "lambda:DeleteFunction") || !slices.Contains(names, "alarm-messages") {
		t.Errorf("%q: want the rules of the proxy and the patches of launcher.py", names)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
}

func TestUpdateFunctionCode_namesThePublishedVersionInTheARN(t *testing.T) {
	client := lambdas(t)
	create(t, client, "fn")
	out, err := client.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: suite.Code(t, "new"), Publish: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := afterColon(out.FunctionArn); got != "fn:1" {
		t.Errorf("the ARN ends in %s, want fn:1", got)
	}
}

func TestUpdatePipe_changesTheEnrichmentAndLeavesItWhereItIsNotNamed(t *testing.T) {
	ctx, client, function := t.Context(), pipes.NewFromConfig(fresh(t)), "arn:aws:lambda:eu-west-1:000000000000:function:fn"
	role := aws.String("arn:aws:iam::000000000000:role/any")
	_, err := client.CreatePipe(ctx, &pipes.CreatePipeInput{
		Name: aws.String("p"), RoleArn: role, Source: aws.String("arn:aws:sqs:eu-west-1:000000000000:q"),
		Target: aws.String(function + ":1"), Enrichment: aws.String(function + ":2"), DesiredState: "STOPPED",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		change *string
		want   string
	}{{aws.String(function + ":3"), "fn:3"}, {nil, "fn:3"}} {
		if _, err := client.UpdatePipe(ctx, &pipes.UpdatePipeInput{Name: aws.String("p"), RoleArn: role, Enrichment: step.change}); err != nil {
			t.Fatal(err)
		}
		described, err := client.DescribePipe(ctx, &pipes.DescribePipeInput{Name: aws.String("p")})
		if err != nil || afterColon(described.Enrichment) != step.want {
			t.Errorf("after %v: %v, %v, want %s", aws.ToString(step.change), aws.ToString(described.Enrichment), err, step.want)
		}
	}
}

func TestUpdateIntegration_changesTheRole(t *testing.T) {
	ctx, client := t.Context(), apigatewayv2.NewFromConfig(fresh(t))
	role := func(name string) *string { return aws.String("arn:aws:iam::000000000000:role/" + name) }
	api, err := client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("shop"), ProtocolType: apitypes.ProtocolTypeHttp})
	if err != nil {
		t.Fatal(err)
	}
	made, err := client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: apitypes.IntegrationTypeAwsProxy, CredentialsArn: role("first"), PayloadFormatVersion: aws.String("2.0"),
		IntegrationUri: aws.String("arn:aws:lambda:eu-west-1:000000000000:function:fn:1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateIntegration(ctx, &apigatewayv2.UpdateIntegrationInput{ApiId: api.ApiId, IntegrationId: made.IntegrationId, CredentialsArn: role("second")}); err != nil {
		t.Fatal(err)
	}
	listed, err := client.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: api.ApiId})
	if err != nil || aws.ToString(listed.Items[0].CredentialsArn) != *role("second") {
		t.Errorf("%+v, %v, want the second role", listed, err)
	}
}

func TestGetExport_showsARESTStageAsItWasDeployed(t *testing.T) {
	ctx, client := t.Context(), apigateway.NewFromConfig(fresh(t))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	api, err := client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("catalogue")})
	must(err)
	resources, err := client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api.Id})
	must(err)
	root := resources.Items[0].Id
	_, err = client.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api.Id, ResourceId: root, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")})
	must(err)
	integrate := func(version string) {
		t.Helper()
		_, err := client.PutIntegration(ctx, &apigateway.PutIntegrationInput{
			RestApiId: api.Id, ResourceId: root, HttpMethod: aws.String("GET"), Type: resttypes.IntegrationTypeAwsProxy,
			IntegrationHttpMethod: aws.String("POST"), Uri: aws.String(uriOfVersion(version)),
		})
		must(err)
	}
	integrate("1")
	_, err = client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api.Id, StageName: aws.String("prod")})
	must(err)
	integrate("2")
	out, err := client.GetExport(ctx, &apigateway.GetExportInput{
		RestApiId: api.Id, StageName: aws.String("prod"), ExportType: aws.String("oas30"), Parameters: map[string]string{"extensions": "apigateway"},
	})
	must(err)
	var read document
	must(json.Unmarshal(out.Body, &read))
	if got := read.Paths["/"]["get"].Integration.URI; got != uriOfVersion("1") {
		t.Errorf("the stage calls %s, want what was deployed, %s", got, uriOfVersion("1"))
	}
}

func TestDescribeStateMachineForExecution_showsTheDefinitionThatTheExecutionBeganWith(t *testing.T) {
	ctx, client := t.Context(), sfn.NewFromConfig(fresh(t))
	waits := func(seconds string) *string {
		return aws.String(`{"StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":` + seconds + `,"End":true}}}`)
	}
	machine, err := client.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: waits("1000"), RoleArn: aws.String("arn:aws:iam::000000000000:role/any")})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: machine.StateMachineArn})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: machine.StateMachineArn, Definition: waits("2000")}); err != nil {
		t.Fatal(err)
	}
	described, err := client.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: begun.ExecutionArn})
	if err != nil || !strings.Contains(aws.ToString(described.Definition), "1000") {
		t.Errorf("%+v, %v, want the definition with 1000", described, err)
	}
}

func TestDescribeAlarmContributors_listsThoseInALARMInPages(t *testing.T) {
	empty(t, enforced)
	since := time.UnixMilli(1_780_000_000_123).UTC()
	enforced.SetContributors("hot", map[string]time.Time{"b": since, "a": since.Add(-time.Minute)})
	client := cloudwatch.NewFromConfig(once(enforced.AWS()))
	got := map[string]time.Time{}
	input := &cloudwatch.DescribeAlarmContributorsInput{AlarmName: aws.String("hot")}
	for {
		page, err := client.DescribeAlarmContributors(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.AlarmContributors {
			got[aws.ToString(one.ContributorId)] = aws.ToTime(one.StateTransitionedTimestamp).UTC()
		}
		if input.NextToken = page.NextToken; page.NextToken == nil {
			break
		}
	}
	want.Equal(t, "since when each contributor is in its state", got, map[string]time.Time{"a": since.Add(-time.Minute), "b": since})
}

func TestDeregisterScalableTarget_takesOneAway(t *testing.T) {
	empty(t, enforced)
	ctx, cfg := t.Context(), once(enforced.AWS())
	if err := manage(ctx, cfg, "orders", aws.Int32(1), aws.Int32(7)); err != nil {
		t.Fatal(err)
	}
	remove := func() error {
		_, err := applicationautoscaling.NewFromConfig(cfg).DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{
			ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/orders"),
			ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits,
		})
		return err
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if got, err := managed(ctx, cfg); len(got) != 0 || err != nil {
		t.Errorf("%v, %v, want none", got, err)
	}
	want.Equal(t, "the answer when it is taken away again", outcome(remove()), "ObjectNotFoundException")
}

// What a policy names is compared with what the call is about.
func TestAuth_holdsForTheResource(t *testing.T) {
	empty(t, enforced)
	ctx, root := t.Context(), once(enforced.AWS())
	table, err := dynamodb.NewFromConfig(root).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("orders"), BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: attribute("id"), KeySchema: keyed("id"),
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := user(t, "narrow")
	for _, c := range []struct {
		action, own, other string
		call               func(context.Context, aws.Config) error
	}{
		{"servicequotas:RequestServiceQuotaIncrease", "arn:aws:servicequotas:*:*:vpc/" + vpcs, "arn:aws:servicequotas:*:*:vpc/L-00000000", func(ctx context.Context, cfg aws.Config) error { return request(ctx, cfg, 10) }},
		{"application-autoscaling:RegisterScalableTarget", "arn:aws:application-autoscaling:*:*:scalable-target/*", "arn:aws:application-autoscaling:*:*:other/*", func(ctx context.Context, cfg aws.Config) error {
			return manage(ctx, cfg, "orders", aws.Int32(1), aws.Int32(7))
		}},
		{"dynamodb:ListTagsOfResource", *table.TableDescription.TableArn, *table.TableDescription.TableArn + "-archive", func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: table.TableDescription.TableArn})
			return err
		}},
	} {
		allow(t, "narrow", "Allow", c.action, c.other, "")
		if err := c.call(ctx, cfg); !denied(err) {
			t.Errorf("%s on %s: %v, want a denial", c.action, c.other, err)
		}
		allow(t, "narrow", "Allow", c.action, c.own, "")
		if err := c.call(ctx, cfg); err != nil {
			t.Errorf("%s on %s: %v", c.action, c.own, err)
		}
	}
}

func attribute(name string) []dynamodbtypes.AttributeDefinition {
	return []dynamodbtypes.AttributeDefinition{{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}}
}

func keyed(name string) []dynamodbtypes.KeySchemaElement {
	return []dynamodbtypes.KeySchemaElement{{AttributeName: &name, KeyType: dynamodbtypes.KeyTypeHash}}
}

// Each correction stands in a file that is named for what it corrects.
func TestCorrections_standInFilesOfTheirOwn(t *testing.T) {
	table, err := os.ReadFile("corrections.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("correct_*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	rules := regexp.MustCompile(`(?m)^\t"([a-z-]+:[A-Za-z]+)":\s+(\w+),$`).FindAllStringSubmatch(string(table), -1)
	if len(rules) < 40 {
		t.Errorf("the rules found in corrections.go: %d, want 40 at least", len(rules))
	}
	for _, rule := range rules {
		if !strings.Contains(all.String(), "\nfunc "+rule[2]+"(x *exchange)") {
			t.Errorf("%s is corrected by %s, which stands in no correct_*.go", rule[1], rule[2])
		}
	}
}
