package janitor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"caretaker/internal/paged"
)

// stack is a stack that exists, with the one it is nested in at last.
type stack struct{ status, parent, root string }

// liveStacks are all stacks of the Region but the deleted ones, by id.
func (j *Janitor) liveStacks(ctx context.Context) (map[string]stack, error) {
	live := map[string]stack{}
	states := slices.DeleteFunc(cloudformationtypes.StackStatus("").Values(), func(s cloudformationtypes.StackStatus) bool {
		return s == cloudformationtypes.StackStatusDeleteComplete
	})
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.CloudFormation.ListStacks(ctx, &cloudformation.ListStacksInput{NextToken: token, StackStatusFilter: states})
		if err != nil {
			return nil, err
		}
		for _, summary := range page.StackSummaries {
			live[aws.ToString(summary.StackId)] = stack{string(summary.StackStatus), aws.ToString(summary.ParentId), aws.ToString(summary.RootId)}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing stacks: %w", err)
	}
	return live, nil
}

// readStackStates finds the stacks that may still go back to an older version: those in
// progress, those whose update or rollback failed, and all that are nested in one.
func (j *Janitor) readStackStates(ctx context.Context, _ scope) (Findings, error) {
	live, err := j.liveStacks(ctx)
	if err != nil {
		return Findings{}, err
	}
	busy := map[string]string{}
	for id, own := range live {
		for _, ancestor := range []stack{own, live[own.parent], live[own.root]} {
			if mayGoBack(ancestor.status) {
				busy[id] = ancestor.status
			}
		}
	}
	return Findings{BusyStacks: busy}, nil
}

// mayGoBack says whether a stack in this status may still return to what it was.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
func mayGoBack(status string) bool {
	switch cloudformationtypes.StackStatus(status) {
	case cloudformationtypes.StackStatusUpdateRollbackComplete, cloudformationtypes.StackStatusImportRollbackComplete,
		cloudformationtypes.StackStatusDeleteFailed:
		return false // these rest where they are
	}
	return strings.HasSuffix(status, "_IN_PROGRESS") || strings.HasSuffix(status, "_FAILED") || strings.Contains(status, "ROLLBACK")
}

// readStackResources finds the versions that are resources of a live stack, where it would
// not find them again at its next update, or in whose name another resource stands. Only the shortlisted functions' stacks are read.
func (j *Janitor) readStackResources(ctx context.Context, in scope) (Findings, error) {
	owned := map[string]bool{}
	for _, function := range in.shortlist {
		if id := function.Tags[stackIDTag]; id != "" {
			owned[id] = true
		}
	}
	if len(owned) == 0 {
		return Findings{}, nil
	}
	live, err := j.liveStacks(ctx)
	if err != nil {
		return Findings{}, err
	}
	ids := make([]string, 0, len(owned))
	for id := range owned {
		if _, exists := live[id]; exists {
			ids = append(ids, id)
		}
	}
	var found gathered
	err = each(ctx, ids, func(ctx context.Context, id string) error {
		return j.readStack(ctx, in, id, &found)
	})
	return found.Findings, err
}

func (j *Janitor) readStack(ctx context.Context, in scope, id string, found *gathered) error {
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.CloudFormation.ListStackResources(ctx, &cloudformation.ListStackResourcesInput{StackName: &id, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, resource := range page.StackResourceSummaries {
			if leftStack(resource.ResourceStatus) {
				continue
			}
			found.with(func(all *Findings) {
				static := arnsInText(aws.ToString(resource.PhysicalResourceId))
				all.named(in, StackResource, stackName(id)+" "+aws.ToString(resource.LogicalResourceId), calls{static: static})
			})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return fmt.Errorf("listing resources of stack %s: %w", stackName(id), err)
	}
	return nil
}

// leftStack says whether a resource in this status is the stack's no longer: it was deleted, or, with
// DeletionPolicy Retain, left where it is.
func leftStack(status cloudformationtypes.ResourceStatus) bool {
	return status == cloudformationtypes.ResourceStatusDeleteComplete || status == cloudformationtypes.ResourceStatusDeleteSkipped
}

// stackName is the name in arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/0aa5.
func stackName(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 2 {
		return id
	}
	return parts[1]
}
