package alerts

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

// putComposite makes a composite alarm, or makes it as it should be.
func (r *Reconciler) putComposite(ctx context.Context, decision Decision) error {
	wanted, there := decision.wanted, decision.there
	input := &cloudwatch.PutCompositeAlarmInput{
		AlarmName: &wanted.Name, AlarmDescription: &wanted.Description, AlarmRule: &wanted.Rule, ActionsEnabled: aws.Bool(!there.ActionsOff),
		AlarmActions: wanted.Actions, OKActions: wanted.OKActions, InsufficientDataActions: wanted.NoDataActions,
	}
	if decision.Outcome == ToCreate {
		input.Tags = tagList(wanted.Tags)
	}
	if _, err := r.aws.CloudWatch.PutCompositeAlarm(ctx, input, bearingOthers); err != nil {
		return fmt.Errorf("cloudwatch:PutCompositeAlarm: %w", err)
	}
	return nil
}

// without is a child of a composite alarm that this run should have made before it, and did not; empty where there
// is none. AWS takes no rule over an alarm that is not there.
func without(decision Decision, decisions []Decision) string {
	if decision.wanted.Rule == "" {
		return "" // there may be ten thousand of them
	}
	for _, child := range decisions {
		absent := child.Outcome == Failed || child.Outcome == NotYet || child.Outcome == ToCreate
		if absent && child.there.Name == "" && child.wanted.Name != "" && strings.Contains(decision.wanted.Rule, inAlarm(child.wanted.Name)) {
			return child.wanted.Name
		}
	}
	return ""
}
