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

	"caretaker/internal/paged"
)

// pageSize is how many functions or versions Lambda lists at a time.
const pageSize = 50

// listed is what there is to list before the plan is carried out: the Region, and the functions that it
// deletes from.
func listed(plan Plan) bill {
	all := bill{region: plan.Versions + plan.Functions, most: len(plan.Decisions)}
	versions, deletes := 0, false
	for position, decision := range plan.Decisions { // by function
		versions++
		deletes = deletes || decision.Outcome == Deletable
		if last := position == len(plan.Decisions)-1; !last && plan.Decisions[position+1].Function == decision.Function {
			continue
		}
		if deletes {
			all.functions++
			all.versions += versions - 1 // without $LATEST
		}
		versions, deletes = 0, false
	}
	return all
}

// verify counts as deleted what a list taken now no longer shows. AWS answers the deletion of
// a version that does not exist with success too, so an answer alone proves nothing.
func (r *run) verify(ctx context.Context) error {
	left := map[string]map[int64]Version{}
	for _, decision := range r.done {
		if decision.Outcome == NotVerified {
			left[decision.Function] = nil
		}
	}
	if len(left) == 0 {
		return nil
	}
	if r.loggedOut() != nil {
		r.giveUpOnUnanswered()
		return nil
	}
	if err := r.listLeft(ctx, left); err != nil {
		r.giveUpOnUnanswered()
		return r.ended(fmt.Errorf("verifying the deletions: %w", err))
	}
	for position, decision := range r.done {
		if decision.Outcome != NotVerified {
			continue
		}
		version, there := left[decision.Function][decision.Version.Number]
		switch {
		case !there:
			r.done[position].Outcome, r.done[position].Reason = Deleted, Superseded
		case decision.Reason == BeingDeleted || version.Deleting:
			r.done[position].Outcome, r.done[position].Reason = UnderWay, BeingDeleted
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
func (r *run) listLeft(ctx context.Context, left map[string]map[int64]Version) error {
	j := r.janitor
	j.options.Observer.Progress(Verifying, 0, len(left))
	remaining := map[string]int{}
	for _, decision := range r.plan.Decisions {
		if _, wanted := left[decision.Function]; wanted {
			remaining[decision.Function]++
		}
	}
	for _, decision := range r.done {
		if decision.Outcome == NotVerified {
			remaining[decision.Function]--
		}
	}
	single := 0
	for _, count := range remaining {
		single += pagesOf(count)
	}
	if pagesOf(r.listed.region-int(r.sent.Load())) < single {
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

// pagesOf is how many calls list so many.
func pagesOf(items int) int { return (items + pageSize - 1) / pageSize }

func numbers(function *Function) map[int64]Version {
	listed := map[int64]Version{}
	if function != nil {
		for _, version := range function.Versions {
			listed[version.Number] = version
		}
	}
	return listed
}

func (j *Janitor) listVersions(ctx context.Context, function string) (map[int64]Version, error) {
	listed := map[int64]Version{}
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.Lambda.ListVersionsByFunction(ctx, &lambdasvc.ListVersionsByFunctionInput{
			FunctionName: &function, Marker: token, MaxItems: aws.Int32(pageSize),
		})
		if err != nil {
			return nil, err
		}
		for _, version := range page.Versions {
			if number, err := versionNumber(aws.ToString(version.Version)); err == nil {
				listed[number] = Version{Number: number, Deleting: version.State == lambdatypes.StateDeleting}
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
