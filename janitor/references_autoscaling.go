package janitor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"caretaker/internal/paged"
)

// readScalableTargets reads whose provisioned concurrency Application Auto Scaling manages. Where it
// is scaled to nothing just now, as at night, Lambda itself has none to show.
// https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
func (j *Janitor) readScalableTargets(ctx context.Context, _ scope) (Findings, error) {
	var found Findings
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.AutoScaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
			ServiceNamespace: autoscalingtypes.ServiceNamespaceLambda, MaxResults: aws.Int32(50), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, managed := range page.ScalableTargets {
			function, qualifier, _ := strings.Cut(strings.TrimPrefix(aws.ToString(managed.ResourceId), "function:"), ":")
			by := fmt.Sprintf("provisioned concurrency of %d to %d", aws.ToInt32(managed.MinCapacity), aws.ToInt32(managed.MaxCapacity))
			found.References = append(found.References, Reference{function, qualifier, ScalableTarget, by})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing scalable targets: %w", err)
	}
	return found, nil
}
