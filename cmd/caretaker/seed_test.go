package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/emulator"
)

// seedIn publishes five versions of a function in a Region of the emulator, of which two go
// once keep.supersededFor is off; the simulated Lambda has one Region only.
func seedIn(t *testing.T, region, function string) {
	t.Helper()
	client := lambdasvc.NewFromConfig(others.AWSIn(emulator.DefaultAccount, region))
	for number := 1; number <= 5; number++ {
		code := bundle(t, fmt.Sprint(function, number))
		var err error
		if number == 1 {
			_, err = client.CreateFunction(t.Context(), &lambdasvc.CreateFunctionInput{
				FunctionName: &function, Role: aws.String("arn:aws:iam::000000000000:role/run"), Runtime: types.RuntimeProvidedal2023,
				Handler: aws.String("bootstrap"), Code: &types.FunctionCode{ZipFile: code}, Publish: true,
			})
		} else {
			_, err = client.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: &function, ZipFile: code, Publish: true})
		}
		if err != nil {
			t.Fatal(err)
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

func bundle(t *testing.T, text string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	file, err := archive.Create("bootstrap")
	if err == nil {
		_, err = file.Write([]byte(text))
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
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
