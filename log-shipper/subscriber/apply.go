package subscriber

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/rs/zerolog"

	"caretaker/log-shipper/groups"
)

// apply does what is decided for a group. Filter and retention are two things: one that fails does
// not keep the other from being done.
func (r *run) apply(ctx context.Context, decision groups.Decision) (groups.Decision, error) {
	var failed, unretained error
	switch decision.Outcome {
	case groups.ToSubscribe:
		decision, failed = r.put(ctx, decision, groups.Made)
	case groups.ToChange:
		decision, failed = r.put(ctx, decision, groups.Changed)
	case groups.ToRemove:
		decision, failed = r.remove(ctx, decision)
	}
	if decision.Retention > 0 && decision.Outcome != groups.Gone {
		decision, unretained = r.retain(ctx, decision)
	}
	zerolog.Ctx(ctx).Info().Str("log_group", decision.Group).Str("outcome", string(decision.Outcome)).Str("reason", string(decision.Reason)).
		Str("detail", decision.Detail).Bool("retention_set", decision.RetentionSet).Msg("log group visited")
	return decision, errors.Join(failed, unretained)
}

// put makes the stage's filter, or changes it: AWS goes by its name.
func (r *run) put(ctx context.Context, decision groups.Decision, done groups.Outcome) (groups.Decision, error) {
	input := &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: &decision.Group, FilterName: aws.String(groups.FilterName(r.options.Stage)), FilterPattern: aws.String(""),
		DestinationArn: &r.options.Target.Destination,
	}
	if role := r.options.Target.Role; role != "" {
		input.RoleArn = &role
	}
	_, err := r.aws.Logs.PutSubscriptionFilter(ctx, input, r.patience.forPermission)
	var full *logstypes.LimitExceededException
	switch {
	case err == nil:
		decision.Outcome = done
		return decision, nil
	case errors.As(err, &full):
		decision.Outcome, decision.Reason = groups.Full, groups.LimitReached
		return decision, nil
	}
	r.patience.learn(err)
	return r.failed(ctx, decision, "subscribing", "logs:PutSubscriptionFilter", err)
}

// remove takes the stage's filter away. One that is gone already is as good.
func (r *run) remove(ctx context.Context, decision groups.Decision) (groups.Decision, error) {
	_, err := r.aws.Logs.DeleteSubscriptionFilter(ctx, &cloudwatchlogs.DeleteSubscriptionFilterInput{
		LogGroupName: &decision.Group, FilterName: aws.String(groups.FilterName(r.options.Stage)),
	})
	if err == nil || gone(err) {
		decision.Outcome = groups.Removed
		return decision, nil
	}
	return r.failed(ctx, decision, "unsubscribing", "logs:DeleteSubscriptionFilter", err)
}

// retain sets the retention, if the group still has none: somebody may have set one since the list
// was read, and a shorter one would delete what they keep.
func (r *run) retain(ctx context.Context, decision groups.Decision) (groups.Decision, error) {
	group, there, err := r.look(ctx, decision.Group)
	if err == nil && (!there || group.RetentionDays != 0) {
		decision.Retention = 0
		return decision, nil
	}
	if err == nil {
		_, err = r.aws.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
			LogGroupName: &decision.Group, RetentionInDays: aws.Int32(int32(decision.Retention)), // #nosec G115 -- one of AWS's numbers
		})
	}
	switch {
	case err == nil:
		decision.RetentionSet = true
		return decision, nil
	case gone(err):
		decision.Retention = 0
		return decision, nil
	case outOfTime(ctx, err):
		return decision, nil
	}
	return decision, fmt.Errorf("setting the retention of %s (logs:PutRetentionPolicy): %w", decision.Group, err)
}

// failed sorts an error. AWS says that something is not found of a group and of a destination
// alike: only a look at the group tells which.
func (r *run) failed(ctx context.Context, decision groups.Decision, doing, action string, err error) (groups.Decision, error) {
	if outOfTime(ctx, err) {
		decision.Reason = groups.OutOfTime
		return decision, nil
	}
	if gone(err) {
		if _, there, looking := r.look(ctx, decision.Group); looking == nil && !there {
			decision.Outcome, decision.Reason, decision.Detail = groups.Gone, groups.NoLonger, ""
			return decision, nil
		}
	}
	decision.Outcome, decision.Reason, decision.Detail = groups.Failed, groups.CallFailed, err.Error()
	return decision, fmt.Errorf("%s %s (%s): %w", doing, decision.Group, action, err)
}
