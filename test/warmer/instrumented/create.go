package instrumented

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// roleName is the role of all these functions: they call nothing.
const roleName = "instrumented"

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// Function is a function to create.
type Function struct {
	Name    string
	Program Program
	// Variables are its environment: see the package function.
	Variables map[string]string
	// Timeout in seconds; 0 is 20.
	Timeout int32
	// Tags such as caretaker:warm.
	Tags map[string]string
	// Alias is made for its version 1, which is published for it. Empty: neither.
	Alias string
}

// Create makes a function and waits until it can be called.
func Create(ctx context.Context, cfg aws.Config, f Function) error {
	if err := create(ctx, cfg, f); err != nil {
		return fmt.Errorf("making the function %s: %w", f.Name, err)
	}
	return nil
}

func create(ctx context.Context, cfg aws.Config, f Function) error {
	role, err := role(ctx, iamsvc.NewFromConfig(cfg))
	if err != nil {
		return err
	}
	client := lambdasvc.NewFromConfig(cfg)
	if f.Timeout == 0 {
		f.Timeout = 20
	}
	if _, err := client.CreateFunction(ctx, &lambdasvc.CreateFunctionInput{
		FunctionName: &f.Name, Role: &role, Runtime: f.Program.Runtime, Handler: &f.Program.Handler, Code: &lambdatypes.FunctionCode{ZipFile: f.Program.Zip},
		Timeout: &f.Timeout, MemorySize: aws.Int32(1024), Environment: &lambdatypes.Environment{Variables: f.Variables}, Tags: f.Tags,
	}); err != nil {
		return err
	}
	waiter := lambdasvc.NewFunctionActiveV2Waiter(client, func(o *lambdasvc.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, 200*time.Millisecond
	})
	if err := waiter.Wait(ctx, &lambdasvc.GetFunctionInput{FunctionName: &f.Name}, time.Minute); err != nil || f.Alias == "" {
		return err
	}
	published, err := client.PublishVersion(ctx, &lambdasvc.PublishVersionInput{FunctionName: &f.Name})
	if err != nil {
		return err
	}
	_, err = client.CreateAlias(ctx, &lambdasvc.CreateAliasInput{FunctionName: &f.Name, Name: &f.Alias, FunctionVersion: published.Version})
	return err
}

// role is the ARN of the role, which whoever comes first makes.
func role(ctx context.Context, client *iamsvc.Client) (string, error) {
	made, err := client.CreateRole(ctx, &iamsvc.CreateRoleInput{RoleName: aws.String(roleName), AssumeRolePolicyDocument: aws.String(trust)})
	if err == nil {
		return *made.Role.Arn, nil
	}
	var exists *iamtypes.EntityAlreadyExistsException
	if !errors.As(err, &exists) {
		return "", err
	}
	found, err := client.GetRole(ctx, &iamsvc.GetRoleInput{RoleName: aws.String(roleName)})
	if err != nil {
		return "", err
	}
	return *found.Role.Arn, nil
}
