package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
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
			t.Errorf("%s shows its state", aws.ToString(function.FunctionArn))
		}
	}
	if diff := cmp.Diff([]string{"a $LATEST", "b $LATEST"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestListFunctions_showsAllVersionsInOrderAcrossPages(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "b", 11)
	seed(t, client, "a", 1)
	create(t, client, "c")
	want := []string{"a:$LATEST", "a:1", "b:$LATEST"}
	for n := 1; n <= 11; n++ {
		want = append(want, fmt.Sprint("b:", n))
	}
	want = append(want, "c:$LATEST")
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
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d: %s", size, diff)
		}
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
	if diff := cmp.Diff([]int{50, 50, 11}, got); diff != "" {
		t.Error(diff)
	}
	if all.NextMarker == nil || versions.NextMarker == nil || rest.NextMarker != nil {
		t.Error("the first pages must name the next, and the last must not")
	}
	if got := afterColon(versions.Versions[0].FunctionArn); got != "a:$LATEST" {
		t.Errorf("the first version is %s", got)
	}
}

func TestListFunctions_refusesUnknownFunctionVersion(t *testing.T) {
	_, err := lambdas(t).ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: "EVERY"})
	if got := outcome(err); got != "ValidationException" {
		t.Error(got)
	}
}

func TestBackdate_setsThePublicationDateEverywhere(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "backdated", 1)
	published := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	shared.Backdate("backdated", "1", published)
	want := "2026-03-04T05:06:07.890+0000"
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
		if aws.ToString(got) != want {
			t.Errorf("%s says %s", from, aws.ToString(got))
		}
	}
	if aws.ToString(all.Functions[0].LastModified) == want {
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
	if diff := cmp.Diff([]string{"$LATEST", "3", "4", "5", "6"}, left); diff != "" {
		t.Error(diff)
	}
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
	var want int64
	out, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range out.Functions {
		want += version.CodeSize
	}
	if got := total(); got != want || len(out.Functions) != 5 {
		t.Errorf("got %d bytes, want %d of 5 versions, not %d", got, want, len(out.Functions))
	}
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
	if _, err := client.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: pack(t, "fn")}); err != nil {
		t.Fatal(err)
	}
	step("the same code")
	configure(lambdasvc.UpdateFunctionConfigurationInput{MemorySize: aws.Int32(256)})
	step("larger")
	configure(lambdasvc.UpdateFunctionConfigurationInput{Description: aws.String("other words")})
	step("described")
	step("again")
	if diff := cmp.Diff([]string{"1 first", "1 first", "1 first", "2 larger", "3 described", "3 described"}, got); diff != "" {
		t.Error(diff)
	}
}
