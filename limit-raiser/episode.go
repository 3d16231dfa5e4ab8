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

// still tells whether an alarm, or its contributor, is in ALARM, and has been since the episode began.
func (r *Raiser) still(ctx context.Context, alarm alarm.Alarm) (bool, error) {
	if alarm.Contributor != "" {
		return r.contributes(ctx, alarm)
	}
	found, err := r.describeAlarms(ctx, []string{alarm.Name})
	if err != nil || len(found) == 0 {
		return false, err
	}
	return found[0].state == stateAlarm && !found[0].changed.After(alarm.ChangedAt.Add(anew)), nil
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

// described is an alarm as CloudWatch describes it.
type described struct {
	state   string
	changed time.Time
	metrics []alarm.Metric
	rule    string
}

// mostNames is how many alarms one call describes:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const mostNames = 100

func (r *Raiser) describeAlarms(ctx context.Context, names []string) ([]described, error) {
	pages := cloudwatch.NewDescribeAlarmsPaginator(r.aws.CloudWatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names[:min(len(names), mostNames)],
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	})
	var found []described
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describing alarms: %w", err)
		}
		for _, alarm := range page.MetricAlarms {
			found = append(found, described{
				state: string(alarm.StateValue), changed: aws.ToTime(alarm.StateTransitionedTimestamp), metrics: alarmMetrics(alarm),
			})
		}
		for _, alarm := range page.CompositeAlarms {
			found = append(found, described{
				state: string(alarm.StateValue), changed: aws.ToTime(alarm.StateTransitionedTimestamp), rule: aws.ToString(alarm.AlarmRule),
			})
		}
	}
	return found, nil
}

func alarmMetrics(a cloudwatchtypes.MetricAlarm) []alarm.Metric {
	if a.MetricName != nil {
		return []alarm.Metric{{
			Namespace: aws.ToString(a.Namespace), Name: aws.ToString(a.MetricName),
			Dimensions: dimensionsOf(a.Dimensions), Stat: string(a.Statistic),
		}}
	}
	var list []alarm.Metric
	for _, query := range a.Metrics {
		metric := alarm.Metric{ID: aws.ToString(query.Id), Expression: aws.ToString(query.Expression)}
		if stat := query.MetricStat; stat != nil && stat.Metric != nil {
			metric.Namespace, metric.Name = aws.ToString(stat.Metric.Namespace), aws.ToString(stat.Metric.MetricName)
			metric.Dimensions, metric.Stat = dimensionsOf(stat.Metric.Dimensions), aws.ToString(stat.Stat)
		}
		list = append(list, metric)
	}
	return list
}

func dimensionsOf(list []cloudwatchtypes.Dimension) map[string]string {
	found := map[string]string{}
	for _, dimension := range list {
		found[aws.ToString(dimension.Name)] = aws.ToString(dimension.Value)
	}
	return found
}

// deepest is how many composite alarms may stand on one another.
const deepest = 5

// shortages are what an alarm says is short. Of a composite alarm it is what its children say
// that are in ALARM, or were; more may come from the others, of which it says nothing while it is in ALARM.
// What is found stands beside an error.
func (r *Raiser) shortages(ctx context.Context, a alarm.Alarm, over bool) (short []Shortage, more bool, err error) {
	metrics := a.Metrics
	rule := alarm.Children(a.Rule)
	for depth := 0; len(rule) > 0 && depth < deepest; depth++ {
		found, err := r.describeAlarms(ctx, rule)
		if err != nil {
			return nil, false, err
		}
		rule = nil
		for _, child := range found {
			if over || child.state == stateAlarm {
				metrics = append(metrics, child.metrics...)
				rule = append(rule, alarm.Children(child.rule)...)
				continue
			}
			more = more || child.rule != "" || slices.ContainsFunc(child.metrics, r.raisable)
		}
	}
	short = shortages(metrics)
	quotas, err := r.quotaShortages(ctx, slices.DeleteFunc(slices.Clone(metrics), func(metric alarm.Metric) bool {
		_, parts := shortageOf(metric)
		return metric.Name == "" || len(parts) > 0
	}))
	return append(short, quotas...), more, err
}

// raisable tells whether a metric may be about something that can be raised. Of quotas only AWS
// knows.
func (r *Raiser) raisable(metric alarm.Metric) bool {
	_, parts := shortageOf(metric)
	return len(parts) > 0 || len(r.cfg.Quotas) > 0 && metric.Namespace == "AWS/Usage"
}
