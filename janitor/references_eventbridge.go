package janitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"caretaker/internal/paged"
)

// readRules reads the targets of every rule on every bus. One with a role calls its function
// without a policy on it; one that starts something else may do so with a version's ARN in its input.
func (j *Janitor) readRules(ctx context.Context, in scope) (Findings, error) {
	var rules []eventbridgetypes.Rule
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.EventBridge.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{Limit: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, bus := range page.EventBuses {
			onBus, err := j.rulesOn(ctx, aws.ToString(bus.Name))
			if err != nil {
				return nil, err
			}
			rules = append(rules, onBus...)
		}
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing event rules: %w", err)
	}
	var found gathered
	err = each(ctx, rules, func(ctx context.Context, rule eventbridgetypes.Rule) error {
		err := j.readTargets(ctx, in, rule, &found)
		var gone *eventbridgetypes.ResourceNotFoundException
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("listing targets of rule %s: %w", aws.ToString(rule.Name), err)
		}
		return nil
	})
	return found.Findings, err
}

func (j *Janitor) rulesOn(ctx context.Context, bus string) ([]eventbridgetypes.Rule, error) {
	var rules []eventbridgetypes.Rule
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.EventBridge.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: &bus, Limit: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, rule := range page.Rules {
			rule.EventBusName = &bus
			rules = append(rules, rule)
		}
		return page.NextToken, nil
	})
	var gone *eventbridgetypes.ResourceNotFoundException
	if errors.As(err, &gone) {
		return nil, nil
	}
	return rules, err
}

func (j *Janitor) readTargets(ctx context.Context, in scope, rule eventbridgetypes.Rule, found *gathered) error {
	return paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.EventBridge.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{
			Rule: rule.Name, EventBusName: rule.EventBusName, NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		found.with(func(all *Findings) { err = all.anywhere(in, Rule, aws.ToString(rule.Name), page.Targets) })
		return page.NextToken, err
	})
}
