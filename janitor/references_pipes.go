package janitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	pipestypes "github.com/aws/aws-sdk-go-v2/service/pipes/types"

	"caretaker/internal/paged"
)

// readPipes reads what the Region's pipes call, with a role of their own: their target, the
// function that enriches what flows through, and whatever stands in the templates of their inputs.
func (j *Janitor) readPipes(ctx context.Context, in scope) (Findings, error) {
	var listed []pipestypes.Pipe
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.Pipes.ListPipes(ctx, &pipes.ListPipesInput{Limit: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		listed = append(listed, page.Pipes...)
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing pipes: %w", err)
	}
	var found gathered
	err = each(ctx, listed, func(ctx context.Context, pipe pipestypes.Pipe) error {
		whole, err := j.aws.Pipes.DescribePipe(ctx, &pipes.DescribePipeInput{Name: pipe.Name})
		var gone *pipestypes.NotFoundException
		if errors.As(err, &gone) {
			return nil
		}
		if err == nil {
			found.with(func(all *Findings) { err = all.anywhere(in, Pipe, aws.ToString(pipe.Name), []any{pipe, whole}) })
		}
		if err != nil {
			return fmt.Errorf("reading pipe %s: %w", aws.ToString(pipe.Name), err)
		}
		return nil
	})
	return found.Findings, err
}
