package janitor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// pageSize is how many functions or versions Lambda lists at a time.
const pageSize = 50

// wholeList is how many calls list everything that there was before the run.
func wholeList(plan Plan) int {
	return (plan.Versions + plan.Functions + pageSize - 1) / pageSize
}

// touched are the functions that the plan deletes from.
func touched(plan Plan) map[string]bool {
	functions := map[string]bool{}
	for _, decision := range plan.Decisions {
		if decision.Outcome == Deletable {
			functions[decision.Function] = true
		}
	}
	return functions
}

// verify counts as deleted what a list taken now no longer shows. AWS answers the deletion of
// a version that does not exist with success too, so an answer alone proves nothing.
func (r *run) verify(ctx context.Context) error {
	left := map[string]map[int64]bool{}
	for _, decision := range r.done {
		if decision.Outcome == NotVerified {
			left[decision.Function] = nil
		}
	}
	if len(left) == 0 {
		return nil
	}
	if err := r.janitor.listLeft(ctx, left, r.plan); err != nil {
		r.giveUpOnUnanswered()
		return fmt.Errorf("verifying the deletions: %w", err)
	}
	for position, decision := range r.done {
		if decision.Outcome != NotVerified {
			continue
		}
		switch {
		case !left[decision.Function][decision.Version.Number]:
			r.done[position].Outcome, r.done[position].Reason = Deleted, Superseded
		case decision.Reason == CallFailed:
			r.done[position].Outcome = Failed
		default:
			r.done[position].Outcome, r.done[position].Reason = Failed, StillListed
		}
	}
	return nil
}

// giveUpOnUnanswered counts as failed what neither an answer nor a list speaks for.
func (r *run) giveUpOnUnanswered() {
	for position, decision := range r.done {
		if decision.Outcome == NotVerified && decision.Reason == CallFailed {
			r.done[position].Outcome = Failed
		}
	}
}

// listLeft fills in which versions the functions still have, the cheaper way: the whole Region
// again, or function by function.
func (j *Janitor) listLeft(ctx context.Context, left map[string]map[int64]bool, plan Plan) error {
	j.options.Observer.Progress(Verifying, 0, len(left))
	remaining := map[string]int{}
	for _, decision := range plan.Decisions {
		if _, wanted := left[decision.Function]; wanted && decision.Outcome != Deletable {
			remaining[decision.Function]++
		}
	}
	single := 0
	for _, count := range remaining {
		single += (count + pageSize - 1) / pageSize
	}
	if wholeList(plan) < single {
		listed, err := j.listFunctions(ctx)
		if err != nil {
			return err
		}
		for function := range left {
			left[function] = numbers(listed.functions[function])
		}
		return nil
	}
	var found gathered
	return each(ctx, slices.Sorted(maps.Keys(left)), func(ctx context.Context, function string) error {
		own, err := j.listVersions(ctx, function)
		if err != nil {
			return err
		}
		found.with(func(*Findings) { left[function] = own })
		return nil
	})
}

func numbers(function *Function) map[int64]bool {
	listed := map[int64]bool{}
	if function != nil {
		for _, version := range function.Versions {
			listed[version.Number] = true
		}
	}
	return listed
}

func (j *Janitor) listVersions(ctx context.Context, function string) (map[int64]bool, error) {
	listed := map[int64]bool{}
	err := everyPage(func(token *string) (*string, error) {
		page, err := j.aws.Lambda.ListVersionsByFunction(ctx, &lambdasvc.ListVersionsByFunctionInput{
			FunctionName: &function, Marker: token, MaxItems: aws.Int32(pageSize),
		})
		if err != nil {
			return nil, err
		}
		for _, version := range page.Versions {
			if number, err := versionNumber(aws.ToString(version.Version)); err == nil {
				listed[number] = true
			}
		}
		return page.NextMarker, nil
	})
	var gone *lambdatypes.ResourceNotFoundException
	if errors.As(err, &gone) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing versions of %s (lambda:ListVersionsByFunction): %w", function, err)
	}
	return listed, nil
}
