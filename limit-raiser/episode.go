package limitraiser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/alarm"
)

// Home is the account and Region whose alarms are answered.
type Home struct{ Partition, Account, Region string }

// arn is the ARN of a resource at home.
func (h Home) arn(service, resource string) string {
	return strings.Join([]string{"arn", h.Partition, service, h.Region, h.Account, resource}, ":")
}

// home is the configured one, or that of the function that runs. Without either it is empty,
// and no alarm's.
func (r *Raiser) home(ctx context.Context) Home {
	if r.options.Home != (Home{}) {
		return r.options.Home
	}
	call, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return Home{}
	}
	parts := strings.SplitN(call.InvokedFunctionArn, ":", 6)
	if len(parts) < 6 {
		return Home{}
	}
	return Home{Partition: parts[1], Region: parts[3], Account: parts[4]}
}

const stateAlarm = "ALARM"

// anew is how much later an alarm must have changed for the change to be another one: its own
// event opened another episode.
const anew = time.Minute

// still tells whether an alarm, or its contributor, is in ALARM, and has been since the episode began;
// and whether its actions are suppressed now.
func (r *Raiser) still(ctx context.Context, a alarm.Alarm) (now alarm.Alarm, still bool, err error) {
	if a.Contributor != "" {
		still, err = r.contributes(ctx, a)
		return a, still, err
	}
	found, err := r.describeAlarms(ctx, []string{a.Name})
	if err != nil || len(found) == 0 {
		return a, false, err
	}
	a.SuppressedBy = found[0].SuppressedBy
	return a, found[0].State == stateAlarm && !found[0].ChangedAt.After(a.ChangedAt.Add(anew)), nil
}

// contributes is the same for a contributor: CloudWatch tells of those that are in ALARM. The alarm
// itself is in ALARM for as long as any of them is.
func (r *Raiser) contributes(ctx context.Context, alarm alarm.Alarm) (bool, error) {
	input := &cloudwatch.DescribeAlarmContributorsInput{AlarmName: &alarm.Name}
	for {
		page, err := r.aws.CloudWatch.DescribeAlarmContributors(ctx, input)
		var absent *cloudwatchtypes.ResourceNotFoundException
		if errors.As(err, &absent) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("describing the contributors of %s: %w", alarm.Name, err)
		}
		for _, contributor := range page.AlarmContributors {
			if aws.ToString(contributor.ContributorId) == alarm.Contributor {
				return !aws.ToTime(contributor.StateTransitionedTimestamp).After(alarm.ChangedAt.Add(anew)), nil
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return false, nil
		}
		input.NextToken = page.NextToken
	}
}

// deepest is how many composite alarms may stand on one another.
const deepest = 5

// says is what an alarm says. Of a composite alarm it is what its children say that are in ALARM; more
// may come from the others, of which it says nothing while it is in ALARM. Of one that is over it is
// all that it may have said.
func (r *Raiser) says(ctx context.Context, a alarm.Alarm, over bool) (alarmState, error) {
	account := r.home(ctx).Account
	now := alarmState{over: over}
	var metrics []alarm.Metric
	hear := func(from alarm.Alarm) {
		if over {
			metrics = append(metrics, from.Metrics...)
			return
		}
		short, not := shortBy(from, account, len(r.cfg.Quotas) > 0)
		metrics, now.not = append(metrics, short...), append(now.not, not...)
	}
	hear(a)
	rule := alarm.Children(a.Rule)
	for depth := 0; len(rule) > 0 && depth < deepest; depth++ {
		found, err := r.describeAlarms(ctx, rule)
		if err != nil {
			return alarmState{}, err
		}
		rule = nil
		for _, child := range found {
			if over || child.State == stateAlarm {
				hear(child)
				rule = append(rule, alarm.Children(child.Rule)...)
				continue
			}
			now.more = now.more || child.Rule != "" || slices.ContainsFunc(child.Metrics, func(metric alarm.Metric) bool {
				return r.raisable(metric) && mayBeShort(child, metric, account)
			})
		}
	}
	now.short = shortages(metrics)
	quotas, err := r.quotaShortages(ctx, slices.DeleteFunc(slices.Clone(metrics), func(metric alarm.Metric) bool {
		_, parts := shortageOf(metric)
		return metric.Name == "" || len(parts) > 0
	}))
	now.short = append(now.short, quotas...)
	return now, err
}

// raisable tells whether a metric may be about something that can be raised. Of quotas only AWS
// knows.
func (r *Raiser) raisable(metric alarm.Metric) bool {
	_, parts := shortageOf(metric)
	return len(parts) > 0 || len(r.cfg.Quotas) > 0 && metric.Namespace == usageNamespace
}
