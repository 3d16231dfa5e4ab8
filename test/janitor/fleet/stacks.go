package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// The stacks. The emulator brings none into UPDATE_ROLLBACK_FAILED: its proxy says it of one.
const (
	soundStack  = "accounting"
	brokenStack = "billing"
)

// resource is one resource of a template.
type resource struct {
	Type       string
	Properties map[string]any
}

// stacks makes the functions that belong to a stack, one of the two with a version.
func (s *seeder) stacks(ctx context.Context) error {
	accounting := map[string]resource{
		"Ledger":        s.stackFunction(ledger),
		"LedgerVersion": {Type: "AWS::Lambda::Version", Properties: map[string]any{"FunctionName": map[string]string{"Ref": "Ledger"}}},
	}
	s.protect(ledger, 1, "resource of stack "+soundStack, "stackResources")
	if err := s.stack(ctx, soundStack, accounting); err != nil {
		return err
	}
	s.protectAll(billingExport, 1, "stack "+brokenStack+" is in UPDATE_ROLLBACK_FAILED", "stackStates")
	if err := s.stack(ctx, brokenStack, map[string]resource{"Export": s.stackFunction(billingExport)}); err != nil {
		return err
	}
	s.emulator.SetStackStatus(brokenStack, "UPDATE_ROLLBACK_FAILED")
	return nil
}

func (s *seeder) stackFunction(name string) resource {
	return resource{Type: "AWS::Lambda::Function", Properties: map[string]any{
		"FunctionName": name, "Role": s.runtimeRole, "Runtime": "python3.12", "Handler": "index.handler",
		"Code": map[string]string{"ZipFile": "def handler(event, context):\n    return {}\n"},
	}}
}

func (s *seeder) stack(ctx context.Context, name string, resources map[string]resource) error {
	template, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		return fmt.Errorf("writing the template of stack %s: %w", name, err)
	}
	client := cloudformation.NewFromConfig(s.cfg)
	_, err = client.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(string(template)),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	if err != nil {
		return fmt.Errorf("creating stack %s: %w", name, err)
	}
	done := cloudformation.NewStackCreateCompleteWaiter(client, func(options *cloudformation.StackCreateCompleteWaiterOptions) {
		options.MinDelay, options.MaxDelay = 50*time.Millisecond, time.Second
	})
	if err := done.Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &name}, time.Minute); err != nil {
		return fmt.Errorf("waiting for stack %s: %w", name, err)
	}
	return nil
}
