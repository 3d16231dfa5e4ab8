package janitor

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
)

// readPipes reads what the Region's pipes call, with a role of their own: their target and
// the function that enriches what flows through.
func (j *Janitor) readPipes(ctx context.Context, in scope) (Findings, error) {
	var found Findings
	err := everyPage(func(token *string) (*string, error) {
		page, err := j.aws.Pipes.ListPipes(ctx, &pipes.ListPipesInput{Limit: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, pipe := range page.Pipes {
			found.arn(in, Pipe, aws.ToString(pipe.Name), aws.ToString(pipe.Target))
			found.arn(in, Pipe, aws.ToString(pipe.Name), aws.ToString(pipe.Enrichment))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing pipes: %w", err)
	}
	return found, nil
}
