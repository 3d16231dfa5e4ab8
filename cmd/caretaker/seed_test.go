package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
)

// seedIn publishes five versions of a function in a Region of the emulator, of which two go
// once keep.supersededFor is off; the simulated Lambda has one Region only.
func seedIn(t *testing.T, region, function string) {
	t.Helper()
	client := lambdasvc.NewFromConfig(others.AWSIn(emulator.DefaultAccount, region))
	for number := 1; number <= 5; number++ {
		if number == 1 {
			suite.Function(t, client, function, func(input *lambdasvc.CreateFunctionInput) { input.Publish = true })
		} else {
			_, err := client.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: &function, ZipFile: suite.Code(t, fmt.Sprint(number)), Publish: true})
			want.NoError(t, "publishing a version", err)
		}
		others.Backdate(function, strconv.Itoa(number), time.Now().Add(time.Duration(number-20)*24*time.Hour))
	}
	t.Cleanup(func() {
		if _, err := client.DeleteFunction(context.WithoutCancel(t.Context()), &lambdasvc.DeleteFunctionInput{FunctionName: &function}); err != nil {
			t.Error(err)
		}
	})
}

func versionsIn(t *testing.T, region, function string) []int {
	t.Helper()
	client := lambdasvc.NewFromConfig(others.AWSIn(emulator.DefaultAccount, region))
	listed, err := client.ListVersionsByFunction(t.Context(), &lambdasvc.ListVersionsByFunctionInput{FunctionName: &function})
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for _, version := range listed.Versions {
		if number, err := strconv.Atoi(aws.ToString(version.Version)); err == nil {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// denied refuses a service's calls; an empty Region is every one.
func denied(service, region string) emulator.Fault {
	return emulator.Fault{
		Match: func(call emulator.Call) bool {
			return call.Service == service && (region == "" || call.Region == region)
		},
		Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "not authorized",
	}
}
