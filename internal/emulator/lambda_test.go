package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
)

func TestListFunctions_showsEachFunctionOnceWithoutQualifierByDefault(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "b", 1)
	seed(t, client, "a", 2)
	out, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, function := range out.Functions {
		got = append(got, afterColon(function.FunctionArn)+" "+aws.ToString(function.Version))
		if function.State != "" || function.LastUpdateStatus != "" || function.RuntimeVersionConfig != nil {
			t.Errorf("%s shows its state in the list: %q, %q, %v, want none", aws.ToString(function.FunctionArn), function.State, function.LastUpdateStatus, function.RuntimeVersionConfig)
		}
	}
	want.Equal(t, "the functions listed", got, []string{"a $LATEST", "b $LATEST"})
}

func TestListFunctions_showsAllVersionsInOrderAcrossPages(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "b", 11)
	seed(t, client, "a", 1)
	create(t, client, "c")
	wanted := []string{"a:$LATEST", "a:1", "b:$LATEST"}
	for n := 1; n <= 11; n++ {
		wanted = append(wanted, fmt.Sprint("b:", n))
	}
	wanted = append(wanted, "c:$LATEST")
	for _, size := range []int32{1, 5, 15, 10000} {
		var got []string
		pages := lambdasvc.NewListFunctionsPaginator(client, &lambdasvc.ListFunctionsInput{
			FunctionVersion: types.FunctionVersionAll, MaxItems: &size,
		})
		for pages.HasMorePages() {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, function := range out.Functions {
				got = append(got, afterColon(function.FunctionArn))
			}
		}
		want.Equal(t, fmt.Sprintf("the versions listed, with pages of %d", size), got, wanted)
	}
}

func TestLists_holdAtMostFiftyItemsAPage(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "a", 60)
	all, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{
		FunctionVersion: types.FunctionVersionAll, MaxItems: aws.Int32(1000),
	})
	if err != nil {
		t.Fatal(err)
	}
	versions, err := client.ListVersionsByFunction(t.Context(), &lambdasvc.ListVersionsByFunctionInput{
		FunctionName: aws.String("a"), MaxItems: aws.Int32(1000),
	})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := client.ListVersionsByFunction(t.Context(), &lambdasvc.ListVersionsByFunctionInput{
		FunctionName: aws.String("a"), Marker: versions.NextMarker,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []int{len(all.Functions), len(versions.Versions), len(rest.Versions)}
	want.Equal(t, "items on each page", got, []int{50, 50, 11})
	if all.NextMarker == nil || versions.NextMarker == nil || rest.NextMarker != nil {
		t.Errorf("there is a next page: %t, %t and after the last %t, want true, true and false", all.NextMarker != nil, versions.NextMarker != nil, rest.NextMarker != nil)
	}
	want.Equal(t, "the first version", afterColon(versions.Versions[0].FunctionArn), "a:$LATEST")
}

func TestListFunctions_refusesUnknownFunctionVersion(t *testing.T) {
	_, err := lambdas(t).ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: "EVERY"})
	want.Equal(t, "the answer", outcome(err), "ValidationException")
}

func TestBackdate_setsThePublicationDateEverywhere(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "backdated", 1)
	published := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	shared.Backdate("backdated", "1", published)
	wanted := "2026-03-04T05:06:07.890+0000"
	function, err := client.GetFunction(t.Context(), &lambdasvc.GetFunctionInput{FunctionName: aws.String("backdated"), Qualifier: aws.String("1")})
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := client.GetFunctionConfiguration(t.Context(), &lambdasvc.GetFunctionConfigurationInput{FunctionName: aws.String("backdated:1")})
	if err != nil {
		t.Fatal(err)
	}
	versions, err := client.ListVersionsByFunction(t.Context(), &lambdasvc.ListVersionsByFunctionInput{FunctionName: aws.String("backdated")})
	if err != nil {
		t.Fatal(err)
	}
	all, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	if err != nil {
		t.Fatal(err)
	}
	for from, got := range map[string]*string{
		"GetFunction": function.Configuration.LastModified, "GetFunctionConfiguration": configuration.LastModified,
		"ListVersionsByFunction": versions.Versions[1].LastModified, "ListFunctions": all.Functions[1].LastModified,
	} {
		want.Equal(t, "the date in "+from, aws.ToString(got), wanted)
	}
	if aws.ToString(all.Functions[0].LastModified) == wanted {
		t.Error("$LATEST is backdated too")
	}
}

func TestDeleteFunction_answersAsAWSDoes(t *testing.T) {
	empty(t, shared)
	client := lambdas(t)
	seed(t, client, "fn", 6)
	alias := func(name, version string, weights map[string]float64) {
		t.Helper()
		in := &lambdasvc.CreateAliasInput{FunctionName: aws.String("fn"), Name: &name, FunctionVersion: &version}
		if weights != nil {
			in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
		}
		if _, err := client.CreateAlias(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	alias("live", "4", map[string]float64{"3": 0.1})
	shared.MarkEdge("fn", "5", "arn:aws:lambda:us-east-1:100000000000:function:fn:5")
	for name, c := range map[string]struct{ function, qualifier, want string }{
		"a version":                          {"fn", "1", "ok"},
		"a version by name":                  {"fn:2", "", "ok"},
		"an absent version":                  {"fn", "77", "ok"},
		"$LATEST":                            {"fn", "$LATEST", "InvalidParameterValueException"},
		"$LATEST by name":                    {"fn:$LATEST", "", "InvalidParameterValueException"},
		"an alias":                           {"fn", "live", "InvalidParameterValueException"},
		"an alias of an absent function":     {"absent", "live", "InvalidParameterValueException"},
		"a mismatch":                         {"fn:4", "6", "InvalidParameterValueException"},
		"digits of another script":           {"fn", "٣", "ValidationException"},
		"too long":                           {"fn", strings.Repeat("1", 129), "ValidationException"},
		"a version of an absent function":    {"absent", "1", "ResourceNotFoundException"},
		"an absent function":                 {"absent", "", "ResourceNotFoundException"},
		"the version behind an alias":        {"fn", "4", "ResourceConflictException"},
		"the version with an alias's weight": {"fn", "3", "ResourceConflictException"},
		"a replica of Lambda@Edge":           {"fn", "5", "InvalidParameterValueException"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &lambdasvc.DeleteFunctionInput{FunctionName: &c.function}
			if c.qualifier != "" {
				in.Qualifier = &c.qualifier
			}
			_, err := client.DeleteFunction(t.Context(), in)
			if got := outcome(err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	out, err := client.ListVersionsByFunction(t.Context(), &lambdasvc.ListVersionsByFunctionInput{FunctionName: aws.String("fn")})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, version := range out.Versions {
		left = append(left, aws.ToString(version.Version))
	}
	want.Equal(t, "the versions left", left, []string{"$LATEST", "3", "4", "5", "6"})
}

func TestGetAccountSettings_sumsAllVersions(t *testing.T) {
	client := lambdas(t)
	total := func() int64 {
		t.Helper()
		out, err := client.GetAccountSettings(t.Context(), &lambdasvc.GetAccountSettingsInput{})
		if err != nil {
			t.Fatal(err)
		}
		return out.AccountUsage.TotalCodeSize
	}
	seed(t, client, "a", 3)
	create(t, client, "b")
	var wanted int64
	out, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range out.Functions {
		wanted += version.CodeSize
	}
	want.Equal(t, "versions", len(out.Functions), 5)
	want.Equal(t, "the bytes of all versions", total(), wanted)
}

func TestPublishVersion_answersWithTheExistingVersionWhileNothingChanged(t *testing.T) {
	client := lambdas(t)
	create(t, client, "fn")
	var got []string
	step := func(description string) {
		t.Helper()
		out, err := client.PublishVersion(t.Context(), &lambdasvc.PublishVersionInput{
			FunctionName: aws.String("fn"), Description: &description,
		})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, aws.ToString(out.Version)+" "+aws.ToString(out.Description))
	}
	configure := func(in lambdasvc.UpdateFunctionConfigurationInput) {
		t.Helper()
		in.FunctionName = aws.String("fn")
		if _, err := client.UpdateFunctionConfiguration(t.Context(), &in); err != nil {
			t.Fatal(err)
		}
	}
	step("first")
	step("again")
	if _, err := client.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: suite.Code(t, "fn")}); err != nil {
		t.Fatal(err)
	}
	step("the same code")
	configure(lambdasvc.UpdateFunctionConfigurationInput{MemorySize: aws.Int32(256)})
	step("larger")
	configure(lambdasvc.UpdateFunctionConfigurationInput{Description: aws.String("other words")})
	step("described")
	step("again")
	want.Equal(t, "the version and its description after each step", got, []string{"1 first", "1 first", "1 first", "2 larger", "3 described", "3 described"})
}
