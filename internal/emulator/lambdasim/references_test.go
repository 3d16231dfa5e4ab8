package lambdasim_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
)

// busy is a function to which everything refers that the simulation knows.
func busy() lambdasim.Function {
	f := orders(4)
	f.Durable = true
	f.Aliases = []lambdasim.Alias{{Name: "live", Version: "4", Weights: map[string]float64{"3": 0.25}}, {Name: "beta", Version: "$LATEST"}}
	f.Provisioned = []string{"live", "2"}
	f.Destinations = []lambdasim.Destination{{Qualifier: "live", OnFailure: lambdasim.ARN("dead-letters", "7")}}
	f.Executions = []lambdasim.Execution{{Name: "refund-1", Version: 1}}
	f.Policies = map[string]string{"2": `{"Statement":[]}`}
	return f
}

func TestListAliases_givesWeightsAndAllPages(t *testing.T) {
	f := busy()
	for index := range 60 {
		f.Aliases = append(f.Aliases, lambdasim.Alias{Name: fmt.Sprintf("build-%d", index), Version: "1"})
	}
	_, client := start(t, lambdasim.Options{}, f)
	count := 0
	var live types.AliasConfiguration
	pages := lambdasvc.NewListAliasesPaginator(client, &lambdasvc.ListAliasesInput{FunctionName: aws.String("orders")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Aliases)
		for _, alias := range page.Aliases {
			if aws.ToString(alias.Name) == "live" {
				live = alias
			}
		}
	}
	if count != 62 || aws.ToString(live.FunctionVersion) != "4" || live.RoutingConfig.AdditionalVersionWeights["3"] != 0.25 {
		t.Errorf("got %d aliases, live at %s", count, aws.ToString(live.FunctionVersion))
	}
}

func TestSetAlias_movesIt(t *testing.T) {
	sim, client := start(t, lambdasim.Options{}, busy())
	if err := sim.SetAlias("orders", lambdasim.Alias{Name: "live", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	_, err := client.DeleteFunction(t.Context(), &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("orders"), Qualifier: aws.String("1")})
	if code(err) != "ResourceConflictException" {
		t.Errorf("got %v", err)
	}
	remove(t, client, "orders", "4")
}

func TestReferences_areListed(t *testing.T) {
	_, client := start(t, lambdasim.Options{}, busy())
	name, ctx := aws.String("orders"), t.Context()

	provisioned, err := client.ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: name})
	if err != nil || len(provisioned.ProvisionedConcurrencyConfigs) != 2 || aws.ToString(provisioned.ProvisionedConcurrencyConfigs[0].FunctionArn) != lambdasim.ARN("orders", "live") {
		t.Errorf("provisioned concurrency: %+v, %v", provisioned, err)
	}
	configs, err := client.ListFunctionEventInvokeConfigs(ctx, &lambdasvc.ListFunctionEventInvokeConfigsInput{FunctionName: name})
	if err != nil || aws.ToString(configs.FunctionEventInvokeConfigs[0].DestinationConfig.OnFailure.Destination) != lambdasim.ARN("dead-letters", "7") {
		t.Errorf("destinations: %+v, %v", configs, err)
	}
	policy, err := client.GetPolicy(ctx, &lambdasvc.GetPolicyInput{FunctionName: name, Qualifier: aws.String("2")})
	if err != nil || aws.ToString(policy.Policy) != `{"Statement":[]}` {
		t.Errorf("policy: %+v, %v", policy, err)
	}
}

func TestGetPolicy_is404WithoutAStatementAndWithoutAFunction(t *testing.T) {
	_, client := start(t, lambdasim.Options{}, busy())
	for _, function := range []string{"orders", "gone"} {
		_, err := client.GetPolicy(t.Context(), &lambdasvc.GetPolicyInput{FunctionName: &function, Qualifier: aws.String("1")})
		if code(err) != "ResourceNotFoundException" {
			t.Errorf("%s: %v", function, err)
		}
	}
}

func TestListDurableExecutions_narrowsByQualifierAndStatus(t *testing.T) {
	_, client := start(t, lambdasim.Options{}, busy())
	for _, test := range []struct {
		qualifier string
		status    types.ExecutionStatus
		want      int
	}{
		{"1", types.ExecutionStatusRunning, 1},
		{"1", types.ExecutionStatusSucceeded, 0},
		{"2", types.ExecutionStatusRunning, 0},
	} {
		got, err := client.ListDurableExecutionsByFunction(t.Context(), &lambdasvc.ListDurableExecutionsByFunctionInput{
			FunctionName: aws.String("orders"), Qualifier: &test.qualifier, Statuses: []types.ExecutionStatus{test.status}, MaxItems: 1,
		})
		if err != nil || len(got.DurableExecutions) != test.want {
			t.Errorf("%+v: %+v, %v", test, got, err)
		}
	}
}

func TestListEventSourceMappings_isPagedByTheHundred(t *testing.T) {
	sim, client := start(t, lambdasim.Options{}, busy())
	want := map[string]bool{}
	for index := range 130 {
		arn := lambdasim.ARN("orders", fmt.Sprint(index))
		want[arn] = true
		sim.Map(lambdasim.Mapping{FunctionARN: arn, SourceARN: "arn:aws:sqs:us-east-1:000000000000:queue"})
	}
	got := map[string]bool{}
	pages := lambdasvc.NewListEventSourceMappingsPaginator(client, &lambdasvc.ListEventSourceMappingsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, mapping := range page.EventSourceMappings {
			got[aws.ToString(mapping.FunctionArn)] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if calls := sim.Calls()["ListEventSourceMappings"]; calls != 2 {
		t.Errorf("130 mappings took %d calls, not 2", calls)
	}
}

func TestLists_answerNotFoundForAFunctionThatIsGone(t *testing.T) {
	_, client := start(t, lambdasim.Options{})
	name, ctx := aws.String("gone"), t.Context()
	_, versions := client.ListVersionsByFunction(ctx, &lambdasvc.ListVersionsByFunctionInput{FunctionName: name})
	_, aliases := client.ListAliases(ctx, &lambdasvc.ListAliasesInput{FunctionName: name})
	_, provisioned := client.ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: name})
	_, destinations := client.ListFunctionEventInvokeConfigs(ctx, &lambdasvc.ListFunctionEventInvokeConfigsInput{FunctionName: name})
	for list, err := range map[string]error{"versions": versions, "aliases": aliases, "provisioned": provisioned, "destinations": destinations} {
		if code(err) != "ResourceNotFoundException" {
			t.Errorf("%s: %v", list, err)
		}
	}
}
