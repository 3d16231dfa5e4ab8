package janitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"caretaker/internal/paged"
)

// readExecutions reads the definitions that running executions go on with. An execution keeps
// the one it began with, for up to a year, however often the state machine is updated since; the
// function's version that a later state of it names may not have been invoked for months. An
// Express workflow ends within five minutes.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html
func (j *Janitor) readExecutions(ctx context.Context, in scope) (Findings, error) {
	machines, err := j.stateMachines(ctx)
	if err != nil {
		return Findings{}, err
	}
	var found gathered
	err = each(ctx, machines, func(ctx context.Context, machine sfntypes.StateMachineListItem) error {
		if machine.Type == sfntypes.StateMachineTypeExpress {
			return nil
		}
		err := j.readExecutionsOf(ctx, in, machine, &found)
		var gone *sfntypes.StateMachineDoesNotExist
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("reading the executions of state machine %s: %w", aws.ToString(machine.Name), err)
		}
		return nil
	})
	return found.Findings, err
}

// readExecutionsOf reads one definition for each revision that runs.
func (j *Janitor) readExecutionsOf(ctx context.Context, in scope, machine sfntypes.StateMachineListItem, found *gathered) error {
	running := revisions{janitor: j, known: map[string]bool{}, call: func(called calls) {
		found.with(func(all *Findings) { all.named(in, Execution, aws.ToString(machine.Name), called) })
	}}
	return paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.StepFunctions.ListExecutions(ctx, &sfn.ListExecutionsInput{
			StateMachineArn: machine.StateMachineArn, StatusFilter: sfntypes.ExecutionStatusRunning, MaxResults: 1000, NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		var unversioned []string
		for _, execution := range page.Executions {
			if execution.StateMachineVersionArn == nil {
				unversioned = append(unversioned, aws.ToString(execution.ExecutionArn))
			} else if err := running.version(ctx, *execution.StateMachineVersionArn, aws.ToString(execution.ExecutionArn)); err != nil {
				return nil, err
			}
		}
		return page.NextToken, running.among(ctx, unversioned)
	})
}

// revisions are those of one state machine's definitions that were met so far.
type revisions struct {
	janitor *Janitor
	known   map[string]bool
	// call is given what each definition calls, once.
	call func(calls)
}

// version reads the definition of a published version, by one execution that it began. It may
// have been deleted meanwhile.
func (r revisions) version(ctx context.Context, arn, execution string) error {
	if r.known[arn] {
		return nil
	}
	read, err := r.of(ctx, execution)
	r.known[arn] = err == nil && read != execution // gone: another one of this version tells
	return err
}

// among reads every revision among executions in the order in which they began. Those of a
// revision stand beside one another then, so where it changes is found by halving: some calls a
// revision instead of one an execution.
func (r revisions) among(ctx context.Context, executions []string) error {
	if len(executions) == 0 {
		return nil
	}
	first, err := r.of(ctx, executions[0])
	if err != nil || len(executions) == 1 {
		return err
	}
	last, err := r.of(ctx, executions[len(executions)-1])
	if err != nil {
		return err
	}
	return r.between(ctx, executions, first, last)
}

// between reads the revisions between the first and the last of these executions.
func (r revisions) between(ctx context.Context, executions []string, first, last string) error {
	if first == last || len(executions) < 3 {
		return nil
	}
	half := len(executions) / 2
	middle, err := r.of(ctx, executions[half])
	if err != nil {
		return err
	}
	return errors.Join(r.between(ctx, executions[:half+1], first, middle), r.between(ctx, executions[half:], middle, last))
}

// of tells one execution's revision by what changes with each update, the definition among it.
func (r revisions) of(ctx context.Context, execution string) (string, error) {
	described, err := r.janitor.aws.StepFunctions.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &execution})
	var gone *sfntypes.ExecutionDoesNotExist
	if errors.As(err, &gone) {
		return execution, nil // like no other, so that its neighbours are looked at
	}
	if err != nil {
		return "", err
	}
	definition := aws.ToString(described.Definition)
	revision := fmt.Sprintf("%s %s %s", aws.ToString(described.RevisionId), aws.ToTime(described.UpdateDate), definition)
	if r.known[revision] {
		return revision, nil
	}
	called, err := definitionCalls(definition)
	if err != nil {
		return "", err
	}
	r.known[revision] = true
	r.call(called)
	return revision, nil
}
