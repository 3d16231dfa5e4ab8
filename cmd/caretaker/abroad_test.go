package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/google/go-cmp/cmp"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator"
)

// callFrom has a REST API of one Region call a version in another one, with a role.
func callFrom(t *testing.T, caller, region, function string) {
	t.Helper()
	client := apigateway.NewFromConfig(others.AWSIn(emulator.DefaultAccount, caller))
	api, err := client.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("front")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteRestApi(context.WithoutCancel(t.Context()), &apigateway.DeleteRestApiInput{RestApiId: api.Id}); err != nil {
			t.Error(err)
		}
	})
	resources, err := client.GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: api.Id})
	if err != nil {
		t.Fatal(err)
	}
	root := resources.Items[0].Id
	_, err = client.PutMethod(t.Context(), &apigateway.PutMethodInput{RestApiId: api.Id, ResourceId: root, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutIntegration(t.Context(), &apigateway.PutIntegrationInput{
		RestApiId: api.Id, ResourceId: root, HttpMethod: aws.String("GET"), Type: resttypes.IntegrationTypeAwsProxy, IntegrationHttpMethod: aws.String("POST"),
		Credentials: aws.String("arn:aws:iam::000000000000:role/front"),
		Uri: aws.String("arn:aws:apigateway:" + region + ":lambda:path/2015-03-31/functions/arn:aws:lambda:" + region + ":000000000000:function:" +
			function + "/invocations"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The calling Region has no function of its own.
func TestApply_keepsWhatAnotherRegionOfTheRunCalls(t *testing.T) {
	seedIn(t, "us-east-2", "xregion")
	callFrom(t, "eu-central-1", "us-east-2", "xregion:1")
	flags := []string{"--region", "us-east-2,eu-central-1", "--set", "janitor.keep.supersededFor=0s"}
	path := filepath.Join(t.TempDir(), "plan.json")
	caretaker(t, environment(nil), with(append([]string{"janitor", "plan", "--out", path}, flags...)...)...).expect(t, console.Done,
		"xregion   2 ", "referenced by api front in eu-central-1", "plan-us-east-2.json holds 1 versions")
	caretaker(t, environment(nil), with(append([]string{"janitor", "apply", "--yes"}, flags...)...)...).expect(t, console.Done, "Deleted         1 versions")
	if diff := cmp.Diff([]int{1, 3, 4, 5}, versionsIn(t, "us-east-2", "xregion")); diff != "" {
		t.Error(diff)
	}
}

// What a Region that could not be read refers to is not known. Without it, the others go on.
func TestApply_keepsEverythingWhileARegionOfTheRunCouldNotBeRead(t *testing.T) {
	seedIn(t, "us-east-2", "xregion")
	for _, service := range []string{"apigateway", "lambda"} {
		others.Inject(denied(service, "eu-central-1"))
		flags := []string{"--set", "janitor.keep.supersededFor=0s", "--region", "us-east-2"}
		got := caretaker(t, environment(nil), with(append([]string{"janitor", "apply", "--yes", "--region", "eu-central-1"}, flags...)...)...)
		others.ClearFaults()
		got.expect(t, console.Failed, "may refer to versions here: without it, leave out eu-central-1", "Deleted         nothing")
		if diff := cmp.Diff(numbers(1, 5), versionsIn(t, "us-east-2", "xregion")); diff != "" {
			t.Errorf("%s: %s", service, diff)
		}
	}
	others.Inject(denied("lambda", "eu-central-1"))
	t.Cleanup(others.ClearFaults)
	caretaker(t, environment(nil), with("janitor", "apply", "--yes", "--set", "janitor.keep.supersededFor=0s", "--region", "us-east-2")...).
		expect(t, console.Done, "Deleted         2 versions")
}
