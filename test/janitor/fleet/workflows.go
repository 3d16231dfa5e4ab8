package fleet

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	pipestypes "github.com/aws/aws-sdk-go-v2/service/pipes/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"caretaker/internal/emulator"
)

// invoke is the Step Functions integration that takes a function's name and qualifier as parameters.
const invoke = "arn:aws:states:::lambda:invoke"

// object is a piece of a definition in the Amazon States Language.
type object = map[string]any

// task is a state that ends a definition.
func task(resource string, more object) object {
	state := object{"Type": "Task", "Resource": resource, "End": true}
	for key, value := range more {
		state[key] = value
	}
	return state
}

// states is a definition, or a part of one, with one state.
func states(state object) object {
	return object{"StartAt": "Only", "States": object{"Only": state}}
}

// stateMachines names versions in the ways a definition can: two of them only when they run.
func (s *seeder) stateMachines(ctx context.Context) error {
	dynamic := "a state machine names its qualifier at run time"
	s.protectAll(fraudScore, 1, dynamic, "stepFunctions", "dynamicTargets")
	byARN := s.protect(fulfilment, 2, "Resource of a state machine's task", "stepFunctions")
	s.protect(fulfilment, 3, "Qualifier of a state machine's lambda:invoke", "stepFunctions")
	inMap := s.protect(settlement, 2, "inside a Map of a state machine", "stepFunctions")
	inParallel := s.protect(settlement, 4, "inside a Parallel of a state machine", "stepFunctions")
	jsonata := states(task(invoke, object{"Arguments": object{"FunctionName": fraudScore, "Qualifier": "{% $states.input.version %}"}}))
	jsonata["QueryLanguage"] = "JSONata"
	for name, definition := range map[string]object{
		"fulfil-order": states(task(byARN, nil)),
		"pack-order":   states(task(invoke, object{"Parameters": object{"FunctionName": fulfilment, "Qualifier": "3", "Payload.$": "$"}})),
		"settle-day": states(object{"Type": "Map", "End": true, "ItemProcessor": states(object{
			"Type": "Parallel", "End": true, "Branches": []object{
				states(task(inMap, nil)),
				states(task(invoke, object{"Parameters": object{"FunctionName": inParallel}})),
			},
		})}),
		"score-order":  states(task(invoke, object{"Parameters": object{"FunctionName": fraudScore, "Qualifier.$": "$.version"}})),
		"score-refund": jsonata,
	} {
		if err := stateMachine(ctx, s.cfg, name, s.invokerRole, definition); err != nil {
			return err
		}
	}
	return nil
}

// waiting are states that wait for a year before the one.
func waiting(state object) object {
	return object{"StartAt": "Wait", "States": object{
		"Wait": object{"Type": "Wait", "Seconds": 365 * 24 * 60 * 60, "Next": "Only"},
		"Only": state,
	}}
}

// executions leaves one execution running whose state machine was updated since.
func (s *seeder) executions(ctx context.Context) error {
	const name = "remind-customer"
	old := s.protect(fulfilment, 4, "a running execution began before its state machine was updated", "stepFunctionsExecutions")
	if err := stateMachine(ctx, s.cfg, name, s.invokerRole, waiting(task(old, nil))); err != nil {
		return err
	}
	arn := s.machine(name)
	client := sfn.NewFromConfig(s.cfg)
	if _, err := client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &arn, Name: aws.String("order-1")}); err != nil {
		return fmt.Errorf("starting an execution of %s: %w", name, err)
	}
	definition, err := json.Marshal(waiting(task(s.arn(fulfilment, ""), nil)))
	if err == nil {
		_, err = client.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: &arn, Definition: aws.String(string(definition))})
	}
	if err != nil {
		return fmt.Errorf("updating state machine %s: %w", name, err)
	}
	return nil
}

// machine is a state machine's ARN.
func (s *seeder) machine(name string) string {
	return "arn:aws:states:" + s.emulator.Region() + ":" + s.emulator.Account() + ":stateMachine:" + name
}

func stateMachine(ctx context.Context, cfg aws.Config, name, role string, definition object) error {
	text, err := json.Marshal(definition)
	if err == nil {
		_, err = sfn.NewFromConfig(cfg).CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
			Name: &name, RoleArn: &role, Definition: aws.String(string(text)),
		})
	}
	if err != nil {
		return fmt.Errorf("creating state machine %s: %w", name, err)
	}
	return nil
}

// NameAtRunTime adds a state machine whose function is known only when it runs. It may
// name any version of the Region, so a careful janitor deletes nothing afterwards.
func NameAtRunTime(ctx context.Context, e *emulator.Emulator) error {
	role := "arn:aws:iam::" + e.Account() + ":role/" + invokerRole
	return stateMachine(ctx, e.AWS(), "any-function", role, states(task(invoke, object{"Parameters": object{"FunctionName.$": "$.function"}})))
}

// schedules calls versions once a year, by a templated target and by the universal one, and starts
// a state machine with a version in its input.
func (s *seeder) schedules(ctx context.Context) error {
	input, err := json.Marshal(object{"FunctionName": nightlyReport, "Qualifier": "4", "InvocationType": "Event", "Payload": "{}"})
	if err != nil {
		return fmt.Errorf("writing a schedule's input: %w", err)
	}
	s.protect(nightlyReport, 4, "input of a schedule's universal target", "scheduler")
	client := scheduler.NewFromConfig(s.cfg)
	for name, target := range map[string]schedulertypes.Target{
		"report-templated": {Arn: aws.String(s.protect(nightlyReport, 2, "target of a schedule", "scheduler"))},
		"report-started": {
			Arn:   aws.String(s.machine("report")),
			Input: aws.String(`{"step":"` + s.protect(nightlyReport, 3, "input with which a schedule starts a state machine", "scheduler") + `"}`),
		},
		"report-universal": {Arn: aws.String("arn:aws:scheduler:::aws-sdk:lambda:invoke"), Input: aws.String(string(input))},
	} {
		target.RoleArn = &s.invokerRole
		_, err := client.CreateSchedule(ctx, &scheduler.CreateScheduleInput{
			Name: &name, ScheduleExpression: aws.String("cron(30 3 1 1 ? *)"), Target: &target,
			FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
		})
		if err != nil {
			return fmt.Errorf("creating schedule %s: %w", name, err)
		}
	}
	return nil
}

// deliveryStreams transforms a Firehose stream's records on their way into a bucket.
func (s *seeder) deliveryStreams(ctx context.Context) error {
	_, err := firehose.NewFromConfig(s.cfg).CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("audit"), DeliveryStreamType: firehosetypes.DeliveryStreamTypeDirectPut,
		ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			RoleARN: &s.invokerRole, BucketARN: aws.String("arn:aws:s3:::shop-audit"),
			ProcessingConfiguration: &firehosetypes.ProcessingConfiguration{Enabled: aws.Bool(true), Processors: []firehosetypes.Processor{{
				Type: firehosetypes.ProcessorTypeLambda, Parameters: []firehosetypes.ProcessorParameter{{
					ParameterName:  firehosetypes.ProcessorParameterNameLambdaArn,
					ParameterValue: aws.String(s.protect(auditTrail, 4, "transformation of a Firehose stream", "firehose")),
				}},
			}}},
		},
	})
	if err != nil {
		return fmt.Errorf("creating Firehose stream audit: %w", err)
	}
	return nil
}

// pipes reads a queue through one version into another.
func (s *seeder) pipes(ctx context.Context) error {
	source, err := s.queue(ctx, "audit")
	if err != nil {
		return err
	}
	_, err = pipes.NewFromConfig(s.cfg).CreatePipe(ctx, &pipes.CreatePipeInput{
		Name: aws.String("audit"), RoleArn: &s.invokerRole, Source: &source, DesiredState: pipestypes.RequestedPipeStateStopped,
		Enrichment: aws.String(s.protect(auditTrail, 2, "enrichment of a pipe", "pipes")),
		Target:     aws.String(s.protect(auditTrail, 3, "target of a pipe", "pipes")),
		TargetParameters: &pipestypes.PipeTargetParameters{
			InputTemplate: aws.String(`{"next":"` + s.protect(auditTrail, 5, "template of a pipe's input", "pipes") + `"}`),
		},
	})
	if err != nil {
		return fmt.Errorf("creating pipe audit: %w", err)
	}
	return nil
}
