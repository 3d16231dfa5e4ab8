package janitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"caretaker/internal/paged"
)

// readStateMachines reads the definition of every state machine and of each of its published
// versions, which an alias may still run.
func (j *Janitor) readStateMachines(ctx context.Context, in scope) (Findings, error) {
	machines, err := j.stateMachines(ctx)
	if err != nil {
		return Findings{}, err
	}
	var found gathered
	err = each(ctx, machines, func(ctx context.Context, machine sfntypes.StateMachineListItem) error {
		err := j.readStateMachine(ctx, in, machine, &found)
		var gone *sfntypes.StateMachineDoesNotExist
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("reading state machine %s: %w", aws.ToString(machine.Name), err)
		}
		return nil
	})
	return found.Findings, err
}

func (j *Janitor) stateMachines(ctx context.Context) ([]sfntypes.StateMachineListItem, error) {
	var machines []sfntypes.StateMachineListItem
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.StepFunctions.ListStateMachines(ctx, &sfn.ListStateMachinesInput{MaxResults: 1000, NextToken: token})
		if err != nil {
			return nil, err
		}
		machines = append(machines, page.StateMachines...)
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing state machines: %w", err)
	}
	return machines, nil
}

func (j *Janitor) readStateMachine(ctx context.Context, in scope, machine sfntypes.StateMachineListItem, found *gathered) error {
	arns := []string{aws.ToString(machine.StateMachineArn)}
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.StepFunctions.ListStateMachineVersions(ctx, &sfn.ListStateMachineVersionsInput{
			StateMachineArn: machine.StateMachineArn, MaxResults: 1000, NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, version := range page.StateMachineVersions {
			arns = append(arns, aws.ToString(version.StateMachineVersionArn))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return err
	}
	for _, arn := range arns {
		described, err := j.aws.StepFunctions.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
		var gone *sfntypes.StateMachineDoesNotExist
		if errors.As(err, &gone) {
			continue // deleted since the list; the others are still there
		}
		if err != nil {
			return err
		}
		called, err := definitionCalls(aws.ToString(described.Definition))
		if err != nil {
			return err
		}
		found.with(func(all *Findings) { all.named(in, StateMachine, aws.ToString(machine.Name), called) })
	}
	return nil
}

// definitionCalls finds what a definition in the Amazon States Language calls: every full ARN
// of a function in it, and the functions that its Lambda tasks name in other ways.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
func definitionCalls(definition string) (calls, error) {
	var document any
	if err := json.Unmarshal([]byte(definition), &document); err != nil {
		return calls{}, fmt.Errorf("reading the definition: %w", err)
	}
	found := calls{static: arnsIn(document)}
	objects(document, func(state map[string]any) {
		resource, _ := state["Resource"].(string)
		switch {
		case strings.Contains(resource, ":lambda:invoke"):
			called := taskCalls(state)
			found.static = append(found.static, called.static...)
			found.dynamic = append(found.dynamic, called.dynamic...)
		case strings.Contains(resource, ":aws-sdk:lambda:"):
			request, _ := arguments(state)
			found.static = append(found.static, requestTargets(request)...)
		}
	})
	return found, nil
}

// taskCalls reads the request of a task that calls Lambda's Invoke. Without one the task's whole
// input is the request.
func taskCalls(state map[string]any) calls {
	request, isObject := arguments(state)
	if !isObject {
		return calls{dynamic: []DynamicTarget{{Prefix: true}}}
	}
	return callOf(argument(request, "FunctionName"), argument(request, "Qualifier"))
}

// arguments are a task's Parameters in JSONPath, or its Arguments in JSONata.
func arguments(state map[string]any) (request map[string]any, isObject bool) {
	if request, isObject = state["Arguments"].(map[string]any); isObject {
		return request, true
	}
	request, isObject = state["Parameters"].(map[string]any)
	return request, isObject
}

func argument(arguments map[string]any, name string) expression {
	if path, found := arguments[name+".$"]; found {
		text, _ := path.(string)
		return computed(text)
	}
	value, found := arguments[name]
	text, isText := value.(string)
	switch {
	case !found && name == "FunctionName", found && !isText:
		return expression{computed: true}
	case strings.HasPrefix(text, "{%"):
		return computed(text)
	}
	return expression{text: text}
}

// objects visits every object of a JSON document.
func objects(document any, visit func(map[string]any)) {
	switch value := document.(type) {
	case map[string]any:
		visit(value)
		for _, inner := range value {
			objects(inner, visit)
		}
	case []any:
		for _, inner := range value {
			objects(inner, visit)
		}
	}
}
