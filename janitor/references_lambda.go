package janitor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/paged"
)

// readMappings reads all event source mappings of the Region. Their FunctionArn has four
// forms: unqualified, with :$LATEST, with a version and with an alias.
func (j *Janitor) readMappings(ctx context.Context, in scope) (Findings, error) {
	var found Findings
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.Lambda.ListEventSourceMappings(ctx, &lambdasvc.ListEventSourceMappingsInput{Marker: token, MaxItems: aws.Int32(100)})
		if err != nil {
			return nil, err
		}
		for _, mapping := range page.EventSourceMappings {
			if err := found.anywhere(in, EventSourceMapping, aws.ToString(mapping.UUID), mapping); err != nil {
				return nil, err
			}
		}
		return page.NextMarker, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing event source mappings: %w", err)
	}
	return found, nil
}

func (j *Janitor) readAliases(ctx context.Context, in scope) (Findings, error) {
	return perFunction(ctx, in.own, in.shortlist, func(ctx context.Context, function Function) (Findings, error) {
		read := j.now()
		references, err := j.listAliases(ctx, function.Name)
		return Findings{References: references, AliasesRead: map[string]time.Time{function.Name: read}}, err
	})
}

// listAliases gives a reference for each version that an alias sends requests to, weighted
// ones included. AWS documents no page limit below 10,000.
func (j *Janitor) listAliases(ctx context.Context, function string) ([]Reference, error) {
	references := []Reference{}
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.Lambda.ListAliases(ctx, &lambdasvc.ListAliasesInput{
			FunctionName: &function, Marker: token, MaxItems: aws.Int32(10000),
		})
		if err != nil {
			return nil, err
		}
		for _, alias := range page.Aliases {
			name := aws.ToString(alias.Name)
			references = append(references, Reference{function, aws.ToString(alias.FunctionVersion), Alias, name})
			if alias.RoutingConfig == nil {
				continue
			}
			for version := range alias.RoutingConfig.AdditionalVersionWeights {
				references = append(references, Reference{function, version, WeightedAlias, name})
			}
		}
		return page.NextMarker, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing aliases of %s: %w", function, err)
	}
	return references, nil
}

// readProvisionedConcurrency reads the configurations on versions and on aliases; AWS keeps
// the latter on the alias alone, whose version the alias itself protects.
func (j *Janitor) readProvisionedConcurrency(ctx context.Context, in scope) (Findings, error) {
	return perFunction(ctx, in.own, in.shortlist, func(ctx context.Context, function Function) (found Findings, err error) {
		err = paged.Every(func(token *string) (*string, error) {
			page, err := j.aws.Lambda.ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{
				FunctionName: &function.Name, Marker: token, MaxItems: aws.Int32(50),
			})
			if err != nil {
				return nil, err
			}
			for _, config := range page.ProvisionedConcurrencyConfigs {
				found.arn(in, ProvisionedConcurrency, fmt.Sprintf("%d requested", aws.ToInt32(config.RequestedProvisionedConcurrentExecutions)),
					aws.ToString(config.FunctionArn))
			}
			return page.NextMarker, nil
		})
		if err != nil {
			return found, fmt.Errorf("listing provisioned concurrency of %s: %w", function.Name, err)
		}
		return found, nil
	})
}

// readScalingConfigs asks each candidate on Lambda Managed Instances for the bounds that somebody
// put on that very version.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionScalingConfig.html
func (j *Janitor) readScalingConfigs(ctx context.Context, in scope) (Findings, error) {
	return perFunction(ctx, in.own, in.candidates(managed), func(ctx context.Context, function Function) (found Findings, err error) {
		qualifier := strconv.FormatInt(function.Versions[0].Number, 10)
		config, err := j.aws.Lambda.GetFunctionScalingConfig(ctx, &lambdasvc.GetFunctionScalingConfigInput{FunctionName: &function.Name, Qualifier: &qualifier})
		if err != nil {
			return found, fmt.Errorf("reading the scaling configuration of %s:%s: %w", function.Name, qualifier, err)
		}
		// What is applied is there without anybody's doing; what was requested is not.
		if asked := config.RequestedFunctionScalingConfig; asked != nil && (asked.MinExecutionEnvironments != nil || asked.MaxExecutionEnvironments != nil) {
			by := fmt.Sprintf("at least %d environments requested", aws.ToInt32(asked.MinExecutionEnvironments))
			found.References = append(found.References, Reference{function.Name, qualifier, ScalingConfig, by})
		}
		return found, nil
	})
}

// readDurableExecutions asks each candidate that can have durable executions whether one is
// running: it is pinned to its version and may run for a year.
func (j *Janitor) readDurableExecutions(ctx context.Context, in scope) (Findings, error) {
	return perFunction(ctx, in.own, in.candidates(durable), func(ctx context.Context, function Function) (found Findings, err error) {
		qualifier := strconv.FormatInt(function.Versions[0].Number, 10)
		err = paged.Every(func(token *string) (*string, error) {
			page, err := j.aws.Lambda.ListDurableExecutionsByFunction(ctx, &lambdasvc.ListDurableExecutionsByFunctionInput{
				FunctionName: &function.Name, Qualifier: &qualifier, MaxItems: 1, Marker: token,
				Statuses: []lambdatypes.ExecutionStatus{lambdatypes.ExecutionStatusRunning},
			})
			if err != nil {
				return nil, err
			}
			if len(page.DurableExecutions) == 0 {
				return page.NextMarker, nil // an empty page is not the last while there is a token
			}
			found.References = append(found.References, Reference{function.Name, qualifier, DurableExecution, aws.ToString(page.DurableExecutions[0].DurableExecutionName)})
			return nil, nil // one is enough
		})
		if err != nil {
			return found, fmt.Errorf("listing durable executions of %s:%s: %w", function.Name, qualifier, err)
		}
		return found, nil
	})
}

// readDestinations reads where every function of the Region sends the results of its
// asynchronous invocations; that call is made with the sender's role and needs no policy. Whatever
// is set for a version, it is for somebody who invokes that version.
func (j *Janitor) readDestinations(ctx context.Context, in scope) (Findings, error) {
	var found gathered
	err := each(ctx, in.functions, func(ctx context.Context, function Function) error {
		err := paged.Every(func(token *string) (*string, error) {
			page, err := j.aws.Lambda.ListFunctionEventInvokeConfigs(ctx, &lambdasvc.ListFunctionEventInvokeConfigsInput{
				FunctionName: &function.Name, Marker: token, MaxItems: aws.Int32(50),
			})
			if err != nil {
				return nil, err
			}
			for _, config := range page.FunctionEventInvokeConfigs {
				found.with(func(all *Findings) {
					all.arn(in, AsyncSettings, "its own", aws.ToString(config.FunctionArn))
					all.destinations(in, function.Name, config.DestinationConfig)
				})
			}
			return page.NextMarker, nil
		})
		var gone *lambdatypes.ResourceNotFoundException
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("listing async destinations of %s: %w", function.Name, err)
		}
		return nil
	})
	return found.Findings, err
}

func (f *Findings) destinations(in scope, function string, config *lambdatypes.DestinationConfig) {
	if config == nil {
		return
	}
	if config.OnSuccess != nil {
		f.arn(in, AsyncDestination, function, aws.ToString(config.OnSuccess.Destination))
	}
	if config.OnFailure != nil {
		f.arn(in, AsyncDestination, function, aws.ToString(config.OnFailure.Destination))
	}
}
