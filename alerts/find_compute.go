package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"caretaker/internal/paged"
)

// functions lists the functions, fifty a call, and which of them read a stream.
func (r *Reconciler) functions(ctx context.Context) ([]Resource, error) {
	var found []Resource
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Lambda.ListFunctions(ctx, &lambdasvc.ListFunctionsInput{Marker: token})
		if err != nil {
			return nil, err
		}
		for _, function := range page.Functions {
			resource := Resource{
				Kind: Function, Name: aws.ToString(function.FunctionName), ARN: aws.ToString(function.FunctionArn), Timeout: seconds(aws.ToInt32(function.Timeout)),
				Memory: int(aws.ToInt32(function.MemorySize)), ARM: slices.Contains(function.Architectures, lambdatypes.ArchitectureArm64),
			}
			if function.DeadLetterConfig != nil {
				resource.deadLetters = aws.ToString(function.DeadLetterConfig.TargetArn)
				resource.HasDeadLetters = resource.deadLetters != ""
			}
			found = append(found, resource)
		}
		return page.NextMarker, nil
	})
	if err != nil {
		return found, fmt.Errorf("listing functions (lambda:ListFunctions): %w", err)
	}
	readers, err := r.readers(ctx)
	for at := range found {
		found[at].ReadsStream = readers[found[at].ARN]
	}
	return found, err
}

// readers are the ARNs of the functions that Lambda feeds from a stream of Kinesis or DynamoDB.
func (r *Reconciler) readers(ctx context.Context) (map[string]bool, error) {
	readers := map[string]bool{}
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Lambda.ListEventSourceMappings(ctx, &lambdasvc.ListEventSourceMappingsInput{Marker: token})
		if err != nil {
			return nil, err
		}
		for _, mapping := range page.EventSourceMappings {
			source, err := arn.Parse(aws.ToString(mapping.EventSourceArn))
			if err == nil && (source.Service == "kinesis" || source.Service == "dynamodb") {
				readers[unqualified(aws.ToString(mapping.FunctionArn))] = true
			}
		}
		return page.NextMarker, nil
	})
	if err != nil {
		return readers, fmt.Errorf("listing event source mappings (lambda:ListEventSourceMappings): %w", err)
	}
	return readers, nil
}

// unqualified is a function's ARN without the qualifier that a mapping may have.
func unqualified(function string) string {
	// arn:aws:lambda:eu-west-1:111122223333:function:checkout:live
	if parts := strings.SplitN(function, ":", 8); len(parts) == 8 {
		return strings.Join(parts[:7], ":")
	}
	return function
}

// concurrency is the account with its limit.
func (r *Reconciler) concurrency(ctx context.Context) ([]Resource, error) {
	settings, err := r.aws.Lambda.GetAccountSettings(ctx, &lambdasvc.GetAccountSettingsInput{})
	if err != nil {
		return nil, fmt.Errorf("reading the account's concurrency (lambda:GetAccountSettings): %w", err)
	}
	if settings.AccountLimit == nil || settings.AccountLimit.ConcurrentExecutions == 0 {
		return nil, fmt.Errorf("reading the account's concurrency (lambda:GetAccountSettings): the answer has none")
	}
	return []Resource{{Kind: Account, Name: "account", Concurrency: int(settings.AccountLimit.ConcurrentExecutions)}}, nil
}

// machines lists the state machines.
func (r *Reconciler) machines(ctx context.Context) ([]Resource, error) {
	var found []Resource
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.States.ListStateMachines(ctx, &sfn.ListStateMachinesInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, machine := range page.StateMachines {
			found = append(found, Resource{Kind: Machine, Name: aws.ToString(machine.Name), ARN: aws.ToString(machine.StateMachineArn)})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return found, fmt.Errorf("listing state machines (states:ListStateMachines): %w", err)
	}
	return found, nil
}
