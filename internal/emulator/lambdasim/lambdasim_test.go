package lambdasim_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/emulator/lambdasim"
)

var newest = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestGetAccountSettings_sumsEveryVersionAndTheLatest(t *testing.T) {
	_, client := start(t, lambdasim.Options{Limit: 5000}, orders(2))
	got, err := client.GetAccountSettings(t.Context(), &lambdasvc.GetAccountSettingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got.AccountLimit.TotalCodeSize != 5000 || got.AccountUsage.TotalCodeSize != 100+101+102 || got.AccountUsage.FunctionCount != 1 {
		t.Errorf("got limit %d, usage %d of %d functions", got.AccountLimit.TotalCodeSize, got.AccountUsage.TotalCodeSize, got.AccountUsage.FunctionCount)
	}
}

func TestListFunctions_givesAllVersionsInPagesOfFifty(t *testing.T) {
	sim, client := start(t, lambdasim.Options{}, lambdasim.Generate(3, 60, newest)...)
	var got, want []string
	for function := 1; function <= 3; function++ {
		want = append(want, fmt.Sprintf("orders-%05d:$LATEST", function))
		for version := 1; version <= 60; version++ {
			want = append(want, fmt.Sprintf("orders-%05d:%d", function, version))
		}
	}
	pages := lambdasvc.NewListFunctionsPaginator(client, &lambdasvc.ListFunctionsInput{
		FunctionVersion: types.FunctionVersionAll, MaxItems: aws.Int32(10000),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			got = append(got, strings.TrimPrefix(aws.ToString(f.FunctionArn), lambdasim.ARN("", "")))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if calls := sim.Calls()["ListFunctions"]; calls != 4 {
		t.Errorf("183 items took %d calls, not 4", calls)
	}
}

func TestListFunctions_showsWhatAWSShowsOfAVersion(t *testing.T) {
	_, client := start(t, lambdasim.Options{}, orders(1))
	page, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	if err != nil {
		t.Fatal(err)
	}
	got := page.Functions[1]
	want := types.FunctionConfiguration{
		FunctionName: aws.String("orders"), FunctionArn: aws.String(lambdasim.ARN("orders", "1")), Version: aws.String("1"),
		CodeSize: 101, CodeSha256: aws.String(lambdasim.CodeSha256("orders", 1)),
		LastModified: aws.String("2026-06-01T12:00:00.000+0000"), Runtime: "provided.al2023",
	}
	only := cmpopts.IgnoreFields(types.FunctionConfiguration{}, "Architectures", "Description", "Environment", "EphemeralStorage",
		"Handler", "LoggingConfig", "MemorySize", "PackageType", "RevisionId", "Role", "SnapStart", "Timeout", "TracingConfig")
	if diff := cmp.Diff(want, got, only, cmpopts.IgnoreUnexported(types.FunctionConfiguration{})); diff != "" {
		t.Error(diff)
	}
}

func TestListFunctions_withoutALLGivesUnqualifiedLatest(t *testing.T) {
	_, client := start(t, lambdasim.Options{}, lambdasim.Generate(60, 2, newest)...)
	pages := lambdasvc.NewListFunctionsPaginator(client, &lambdasvc.ListFunctionsInput{})
	count := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			count++
			if want := lambdasim.ARN(aws.ToString(f.FunctionName), ""); aws.ToString(f.FunctionArn) != want || aws.ToString(f.Version) != "$LATEST" {
				t.Errorf("got %s, version %s", aws.ToString(f.FunctionArn), aws.ToString(f.Version))
			}
		}
	}
	if count != 60 {
		t.Errorf("got %d functions, not 60", count)
	}
}

func TestLists_goOnWhereTheyWereWhenVersionsAreDeletedBetweenPages(t *testing.T) {
	_, client := start(t, lambdasim.Options{}, lambdasim.Generate(1, 120, newest)...)
	pages := lambdasvc.NewListVersionsByFunctionPaginator(client, &lambdasvc.ListVersionsByFunctionInput{FunctionName: aws.String("orders-00001")})
	var got, want []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			got = append(got, aws.ToString(v.Version))
		}
		if len(got) == 50 {
			for number := 1; number <= 52; number++ {
				remove(t, client, "orders-00001", strconv.Itoa(number))
			}
		}
	}
	want = append(want, "$LATEST")
	for number := 1; number <= 120; number++ {
		if number < 50 || number > 52 {
			want = append(want, strconv.Itoa(number))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDeleteFunction_answersAsAWS(t *testing.T) {
	for _, test := range []struct {
		name, function, qualifier string
		want                      string
		left                      []int
	}{
		{"a version goes", "orders", "2", "", []int{1, 3, 4, 5}},
		{"a version by its ARN goes", lambdasim.ARN("orders", "2"), "", "", []int{1, 3, 4, 5}},
		{"an absent version is 204", "orders", "99", "", []int{1, 2, 3, 4, 5}},
		{"what an alias points at is a conflict", "orders", "3", "ResourceConflictException", []int{1, 2, 3, 4, 5}},
		{"what an alias gives weight to is a conflict", "orders", "4", "ResourceConflictException", []int{1, 2, 3, 4, 5}},
		{"a replica is an invalid parameter", "orders", "5", "InvalidParameterValueException", []int{1, 2, 3, 4, 5}},
		{"$LATEST is an invalid parameter", "orders", "$LATEST", "InvalidParameterValueException", []int{1, 2, 3, 4, 5}},
		{"an alias name is an invalid parameter", "orders", "live", "InvalidParameterValueException", []int{1, 2, 3, 4, 5}},
		{"an alias name is judged before the function", "gone", "live", "InvalidParameterValueException", []int{1, 2, 3, 4, 5}},
		{"two different qualifiers are an invalid parameter", "orders:1", "2", "InvalidParameterValueException", []int{1, 2, 3, 4, 5}},
		{"digits that are not ASCII are invalid", "orders", "٢", "ValidationException", []int{1, 2, 3, 4, 5}},
		{"a long qualifier is invalid", "orders", strings.Repeat("1", 129), "ValidationException", []int{1, 2, 3, 4, 5}},
		{"an absent function is not found", "gone", "1", "ResourceNotFoundException", []int{1, 2, 3, 4, 5}},
		{"no qualifier deletes the function", "orders", "", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := orders(5)
			f.Aliases = []lambdasim.Alias{{Name: "live", Version: "3", Weights: map[string]float64{"4": 0.1}}}
			f.Masters = map[int]string{5: "arn:aws:lambda:us-east-1:000000000000:function:master:1"}
			sim, client := start(t, lambdasim.Options{}, f)
			input := &lambdasvc.DeleteFunctionInput{FunctionName: &test.function}
			if test.qualifier != "" {
				input.Qualifier = &test.qualifier
			}
			_, err := client.DeleteFunction(t.Context(), input)
			if got := code(err); got != test.want {
				t.Errorf("got %q (%v), want %q", got, err, test.want)
			}
			if diff := cmp.Diff(test.left, sim.Versions("orders")); diff != "" {
				t.Errorf("left: %s", diff)
			}
		})
	}
}

func TestDeleteFunction_leavesTheMappings(t *testing.T) {
	sim, client := start(t, lambdasim.Options{}, orders(1))
	sim.Map(lambdasim.Mapping{FunctionARN: lambdasim.ARN("orders", "1"), SourceARN: "arn:aws:sqs:us-east-1:000000000000:queue"})
	if _, err := client.DeleteFunction(t.Context(), &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	got, err := client.ListEventSourceMappings(t.Context(), &lambdasvc.ListEventSourceMappingsInput{})
	if err != nil || len(got.EventSourceMappings) != 1 || aws.ToString(got.EventSourceMappings[0].FunctionArn) != lambdasim.ARN("orders", "1") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestServer_recordsEveryDelete(t *testing.T) {
	sim, client := start(t, lambdasim.Options{}, orders(2))
	remove(t, client, "orders", "2")
	remove(t, client, "orders", "2")
	_, _ = client.DeleteFunction(t.Context(), &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("orders"), Qualifier: aws.String("live")})
	want := []lambdasim.Deletion{{"orders", "2", 204}, {"orders", "2", 204}, {"orders", "live", 400}}
	if diff := cmp.Diff(want, sim.Deletions()); diff != "" {
		t.Error(diff)
	}
}

func TestServer_limitsTheControlPlaneAndGetPolicyApart(t *testing.T) {
	sim, client := start(t, lambdasim.Options{Rate: 0.001}, orders(1))
	list := func() string {
		_, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{})
		return code(err)
	}
	policy := func() string {
		_, err := client.GetPolicy(t.Context(), &lambdasvc.GetPolicyInput{FunctionName: aws.String("orders"), Qualifier: aws.String("1")})
		return code(err)
	}
	got := []string{list(), list(), policy(), policy()}
	want := []string{"", "TooManyRequestsException", "ResourceNotFoundException", "TooManyRequestsException"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if sim.Throttled() != 2 || sim.Calls()["ListFunctions"] != 2 {
		t.Errorf("counted %d throttles of %v", sim.Throttled(), sim.Calls())
	}
}

func TestServer_letsATestStepInBeforeACall(t *testing.T) {
	before := func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "DeleteFunction" && call.Qualifier == "1" {
			return &lambdasim.Fault{Status: 500, Code: "ServiceException", Message: "an internal error"}
		}
		return nil
	}
	sim, client := start(t, lambdasim.Options{Before: before}, orders(2))
	_, err := client.DeleteFunction(t.Context(), &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("orders"), Qualifier: aws.String("1")})
	remove(t, client, "orders", "2")
	if code(err) != "ServiceException" || !cmp.Equal(sim.Versions("orders"), []int{1}) {
		t.Errorf("got %v, left %v", err, sim.Versions("orders"))
	}
}

func TestServer_servesManyClientsAtOnce(t *testing.T) {
	sim, client := start(t, lambdasim.Options{}, lambdasim.Generate(20, 10, newest)...)
	var group sync.WaitGroup
	for _, f := range lambdasim.Generate(20, 10, newest) {
		group.Go(func() {
			for number := 1; number <= 7; number++ {
				remove(t, client, f.Name, strconv.Itoa(number))
			}
			if _, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if sim.VersionCount() != 60 || sim.Calls()["DeleteFunction"] != 140 {
		t.Errorf("%d versions left after %v", sim.VersionCount(), sim.Calls())
	}
}

func start(t *testing.T, options lambdasim.Options, functions ...lambdasim.Function) (*lambdasim.Server, *lambdasvc.Client) {
	t.Helper()
	sim, err := lambdasim.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	sim.Put(functions...)
	return sim, lambdasvc.New(lambdasvc.Options{
		Region: lambdasim.Region, BaseEndpoint: aws.String(sim.URL()), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// orders is a function with versions of 101, 102, ... bytes, and 100 for $LATEST.
func orders(versions int) lambdasim.Function {
	f := lambdasim.Function{Name: "orders", Latest: lambdasim.Version{CodeSize: 100, Published: newest}}
	for number := 1; number <= versions; number++ {
		f.Versions = append(f.Versions, lambdasim.Version{Number: number, CodeSize: 100 + int64(number), Published: newest})
	}
	return f
}

func remove(t *testing.T, client *lambdasvc.Client, function, version string) {
	t.Helper()
	_, err := client.DeleteFunction(context.WithoutCancel(t.Context()), &lambdasvc.DeleteFunctionInput{FunctionName: &function, Qualifier: &version})
	if err != nil {
		t.Errorf("deleting %s:%s: %v", function, version, err)
	}
}

func code(err error) string {
	if apiError := smithy.APIError(nil); errors.As(err, &apiError) {
		return apiError.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
