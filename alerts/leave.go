package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	"github.com/rs/zerolog"
)

// settles is how long nothing may come up before the alarms are taken for gone: a run that began before its
// schedule went may still be making some.
const settles = 15 * time.Second

// wayOut is what a person can do about a deletion that fails, whatever fails in it.
const wayOut = "Delete the stack again once that is mended: it goes on. Or let the alarms stay: aws cloudformation delete-stack --retain-resources AlarmsGoAlong, and caretaker alerts destroy later"

// depart takes the stage's alarms along when its stack is deleted. An error keeps the stack: a person is told
// by it what to do. What cannot be mended is told of, and is no error.
func (r *Reconciler) depart(ctx context.Context, asked StackRequest) (Report, error) {
	status, err := r.stackStatus(ctx, asked.StackID)
	switch {
	case err != nil:
		return Report{}, fmt.Errorf("no alarm was deleted: %w. %s", err, wayOut)
	case status != cloudformationtypes.StackStatusDeleteInProgress:
		// An update that made this resource and is rolled back deletes it again: the alarms are needed.
		zerolog.Ctx(ctx).Warn().Str("stack_status", string(status)).Msg("the stack is not deleted: its alarms stay")
		return Report{}, nil
	case asked.ResourceProperties.DeleteAlarms != "true":
		r.stay(ctx, "alerts.deleteWithStack is false")
		return Report{}, nil
	case r.options.Brake:
		r.stay(ctx, "DRY_RUN is set in the function's environment")
		return Report{}, nil
	}
	done, err := r.empty(ctx)
	report := newReport(done, nil, false)
	var left []Decision
	for _, decision := range done.Decisions {
		if decision.Outcome != Deleted {
			left = append(left, decision)
		}
	}
	alarms, dashboards := report.Outcomes[Deleted], report.Dashboards[Deleted]
	if err != nil {
		return report, fmt.Errorf("%d alarms and %d dashboards were deleted, and not all: %w. %s", alarms, dashboards, err, wayOut)
	}
	text := fmt.Sprintf("The stack of Caretaker's alerts is deleted, and took %d alarms and %d dashboards of stage %s along.", alarms, dashboards, r.options.Stage)
	if filters := report.Filters[Deleted]; filters > 0 {
		text += fmt.Sprintf(" %d metric filters of log groups went too.", filters)
	}
	if len(left) > 0 {
		text += fmt.Sprintf("\n\n%d stay, since AWS does not delete them: mostly an alarm of somebody else's is made of them. They tell a topic that is gone. Take them out of there, and then: caretaker alerts destroy --stage %s\n", len(left), r.options.Stage)
		for _, decision := range left[:min(len(left), mostListed)] {
			text += "\n" + decision.Alarm + ": " + decision.Detail
		}
	}
	if alarms+dashboards+len(left) > 0 {
		r.tell(ctx, text)
	}
	return report, nil
}

// stackStatus is what CloudFormation says of the stack.
func (r *Reconciler) stackStatus(ctx context.Context, id string) (cloudformationtypes.StackStatus, error) {
	found, err := r.aws.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &id})
	if err != nil {
		return "", fmt.Errorf("reading whether the stack is being deleted (cloudformation:DescribeStacks): %w", err)
	}
	if len(found.Stacks) != 1 {
		return "", fmt.Errorf("reading whether the stack is being deleted (cloudformation:DescribeStacks): there are %d stacks of its id", len(found.Stacks))
	}
	return found.Stacks[0].StackStatus, nil
}

// stay tells people of alarms that outlive their stack.
func (r *Reconciler) stay(ctx context.Context, why string) {
	found, err := r.alarms(ctx)
	if err == nil && len(found) == 0 {
		return
	}
	count := fmt.Sprint(len(found))
	if err != nil { // nothing that should keep the stack
		count = "the"
	}
	r.tell(ctx, fmt.Sprintf("The stack of Caretaker's alerts is deleted, and %s alarms of stage %s stay: %s. They tell a topic that is gone. caretaker alerts destroy --stage %s deletes them.", count, r.options.Stage, why, r.options.Stage))
}

// empty deletes the stage's alarms and dashboards until there are none for a while, or only alarms that AWS does not
// delete: those are in the answer, with all that is gone.
func (r *Reconciler) empty(ctx context.Context) (Plan, error) {
	var all Plan
	var left []Decision
	with := func() Plan {
		all.Decisions = append(all.Decisions, left...)
		return all
	}
	for quiet, stuck := 0, 0; quiet < 2 && stuck < 2; {
		plan, err := r.Leave(ctx)
		if err != nil {
			return with(), err
		}
		done, _ := r.Apply(ctx, plan) // each decision has its error
		gone, failures := 0, []error{}
		left = nil
		for _, decision := range done.Decisions {
			switch {
			case decision.Outcome == Deleted:
				all.Decisions = append(all.Decisions, decision)
				gone++
			case decision.Outcome == NotYet:
				failures = append(failures, fmt.Errorf("%s: there was no time for it", decision.Alarm))
			case !needed(decision.failure):
				failures = append(failures, fmt.Errorf("%s: %w", decision.Alarm, decision.failure))
			default:
				left = append(left, decision)
			}
		}
		for _, decision := range done.Filters {
			if decision.Outcome != Deleted {
				failures = append(failures, fmt.Errorf("the metric filter %s of %s: %s %s", decision.Filter, decision.Group, decision.Reason, decision.Detail))
				continue
			}
			all.Filters = append(all.Filters, decision)
			gone++
		}
		for _, decision := range done.Dashboards {
			if decision.Outcome != Deleted {
				failures = append(failures, fmt.Errorf("the dashboard %s: %s %s", decision.Dashboard, decision.Reason, decision.Detail))
				continue
			}
			all.Dashboards = append(all.Dashboards, decision)
			gone++
		}
		if len(failures) > 0 {
			return with(), fmt.Errorf("%d are left: %w", len(failures), summed(failures))
		}
		switch {
		case len(plan.Decisions)+len(plan.Dashboards)+len(plan.Filters) == 0:
			quiet++
		case gone == 0: // once more: what is just being changed by somebody is refused as well
			stuck++
		default:
			quiet, stuck = 0, 0
		}
		select {
		case <-ctx.Done():
			return with(), fmt.Errorf("looking whether more alarms come up: %w", ctx.Err())
		case <-time.After(r.settles):
		}
	}
	return with(), nil
}

// needed tells whether AWS refuses to delete an alarm for what it is, such as one of which another is made:
// trying again, or with other permissions, does not help.
func needed(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && slices.Contains(notValid, refused.ErrorCode())
}

// tell sends people a message. One that does not arrive is no reason to keep the stack.
func (r *Reconciler) tell(ctx context.Context, text string) {
	_, err := r.aws.SNS.Publish(ctx, &sns.PublishInput{
		TopicArn: &r.options.Topic, Message: &text, Subject: aws.String("Caretaker's alerts of stage " + r.options.Stage + " are deleted"),
		MessageAttributes: map[string]snstypes.MessageAttributeValue{
			"part":  {DataType: aws.String("String"), StringValue: aws.String("alerts")},
			"stage": {DataType: aws.String("String"), StringValue: aws.String(r.options.Stage)},
		},
	})
	event := zerolog.Ctx(ctx).Info()
	if err != nil {
		event = zerolog.Ctx(ctx).Error().Err(err)
	}
	event.Str("text", text).Msg("people were told (sns:Publish)")
}
