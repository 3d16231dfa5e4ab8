package suite

import (
	"archive/zip"
	"bytes"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/want"
)

// Function is one that is there to be read, and never runs; change may change what it is made of.
func Function(t testing.TB, client *lambdasvc.Client, name string, change ...func(*lambdasvc.CreateFunctionInput)) {
	t.Helper()
	input := &lambdasvc.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::000000000000:role/any"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &lambdatypes.FunctionCode{ZipFile: Code(t, name)},
	}
	for _, one := range change {
		one(input)
	}
	_, err := client.CreateFunction(t.Context(), input)
	want.NoError(t, "making the function "+name, err)
}

// Code is that of a function, a program that does nothing: another one for another text.
func Code(t testing.TB, text string) []byte {
	t.Helper()
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	program, err := archive.Create("bootstrap")
	if err == nil {
		_, err = program.Write([]byte("#!/bin/sh\n# " + text))
	}
	want.NoError(t, "packing code", errors.Join(err, archive.Close()))
	return packed.Bytes()
}
