package warmer

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// readProvisioned finds the configurations of provisioned concurrency that serve a version, and how much is asked for
// of all versions of its function. One on an alias is listed by the alias alone, and serves its version whatever that is
// called by.
func (w *Warmer) readProvisioned(ctx context.Context, ref Ref, version string) (serving []Provisioned, all int, err error) {
	pages := lambdasvc.NewListProvisionedConcurrencyConfigsPaginator(w.aws.Lambda, &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: &ref.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, 0, err
		}
		for _, config := range page.ProvisionedConcurrencyConfigs {
			one := provisionedOf(config)
			all += one.Requested
			serves := one.Qualifier == ref.Qualifier || one.Qualifier == version
			if other := (Ref{ref.Name, one.Qualifier}); !serves && other.byAlias() {
				if serves, err = w.leadsTo(ctx, other, version); err != nil {
					return nil, 0, err
				}
			}
			if serves {
				serving = append(serving, one)
			}
		}
	}
	return serving, all, nil
}

func provisionedOf(config lambdatypes.ProvisionedConcurrencyConfigListItem) Provisioned {
	arn := aws.ToString(config.FunctionArn)
	return Provisioned{
		Qualifier: arn[strings.LastIndex(arn, ":")+1:], Status: string(config.Status), Reason: aws.ToString(config.StatusReason), Modified: aws.ToString(config.LastModified),
		Requested: int(aws.ToInt32(config.RequestedProvisionedConcurrentExecutions)),
		Allocated: int(aws.ToInt32(config.AllocatedProvisionedConcurrentExecutions)),
		Available: int(aws.ToInt32(config.AvailableProvisionedConcurrentExecutions)),
	}
}

// leadsTo tells whether another alias points at a version.
func (w *Warmer) leadsTo(ctx context.Context, alias Ref, version string) (bool, error) {
	output, err := w.aws.Lambda.GetAlias(ctx, &lambdasvc.GetAliasInput{FunctionName: &alias.Name, Name: &alias.Qualifier})
	if gone(err) { // it went since the list was made
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return aws.ToString(output.FunctionVersion) == version, nil
}

// readScaled tells whether an alias is a scalable target of Application Auto Scaling.
// https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-lambda.html
func (w *Warmer) readScaled(ctx context.Context, ref Ref) (bool, error) {
	id := "function:" + ref.String()
	// Of one alias and dimension there is one target at most.
	output, err := w.aws.Scaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceLambda, ResourceIds: []string{id},
		ScalableDimension: scalingtypes.ScalableDimensionLambdaFunctionProvisionedConcurrency,
	})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(output.ScalableTargets, func(t scalingtypes.ScalableTarget) bool { return aws.ToString(t.ResourceId) == id }), nil
}
