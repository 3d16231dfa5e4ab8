package limitraiser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/alarm"
)

// mostNames is how many alarms one call describes:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const mostNames = 100

// describeAlarms are alarms as CloudWatch describes them, without account and Region.
func (r *Raiser) describeAlarms(ctx context.Context, names []string) ([]alarm.Alarm, error) {
	pages := cloudwatch.NewDescribeAlarmsPaginator(r.aws.CloudWatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names[:min(len(names), mostNames)],
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	})
	var found []alarm.Alarm
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describing alarms: %w", err)
		}
		for _, metric := range page.MetricAlarms {
			found = append(found, metricAlarm(metric))
		}
		for _, composite := range page.CompositeAlarms {
			found = append(found, alarm.Alarm{
				Name: aws.ToString(composite.AlarmName), State: string(composite.StateValue), ChangedAt: aws.ToTime(composite.StateTransitionedTimestamp),
				Rule: aws.ToString(composite.AlarmRule), SuppressedBy: string(composite.ActionsSuppressedBy),
			})
		}
	}
	return found, nil
}

func metricAlarm(described cloudwatchtypes.MetricAlarm) alarm.Alarm {
	found := alarm.Alarm{
		Name: aws.ToString(described.AlarmName), State: string(described.StateValue), ChangedAt: aws.ToTime(described.StateTransitionedTimestamp),
		Comparison: string(described.ComparisonOperator), Threshold: described.Threshold, Band: aws.ToString(described.ThresholdMetricId),
	}
	_, found.Recent = alarm.ReasonData(aws.ToString(described.StateReasonData))
	if described.MetricName != nil {
		found.Metrics = []alarm.Metric{{
			Namespace: aws.ToString(described.Namespace), Name: aws.ToString(described.MetricName), Dimensions: dimensionsOf(described.Dimensions),
			Stat: cmp.Or(string(described.Statistic), aws.ToString(described.ExtendedStatistic)), Period: seconds(described.Period), Compared: true,
		}}
		return found
	}
	for _, query := range described.Metrics {
		metric := alarm.Metric{
			ID: aws.ToString(query.Id), Expression: aws.ToString(query.Expression), Period: seconds(query.Period),
			Account: aws.ToString(query.AccountId), Compared: query.ReturnData == nil || *query.ReturnData,
		}
		if stat := query.MetricStat; stat != nil && stat.Metric != nil {
			metric.Namespace, metric.Name = aws.ToString(stat.Metric.Namespace), aws.ToString(stat.Metric.MetricName)
			metric.Dimensions, metric.Stat, metric.Period = dimensionsOf(stat.Metric.Dimensions), aws.ToString(stat.Stat), seconds(stat.Period)
		}
		found.Metrics = append(found.Metrics, metric)
	}
	return found
}

func seconds(period *int32) time.Duration { return time.Duration(aws.ToInt32(period)) * time.Second }

func dimensionsOf(list []cloudwatchtypes.Dimension) map[string]string {
	found := map[string]string{}
	for _, dimension := range list {
		found[aws.ToString(dimension.Name)] = aws.ToString(dimension.Value)
	}
	return found
}

// learn adds what the event did not say of an alarm that may ask for a raise: how it compares, and which
// way it left its band. Only messages of SNS say the first, only other events the second. What it
// finds goes along in the looks, which ask no more.
func (r *Raiser) learn(ctx context.Context, a alarm.Alarm) (alarm.Alarm, error) {
	unsaid := a.Comparison == "" || a.Comparison == alarm.BothWays && len(a.Recent.Upper) == 0
	asks := slices.ContainsFunc(a.Metrics, func(metric alarm.Metric) bool {
		return r.raisable(metric) || len(r.cfg.Quotas) > 0 && metric.Name != ""
	})
	if !unsaid || !asks {
		return a, nil
	}
	found, err := r.describeAlarms(ctx, []string{a.Name})
	if err != nil || len(found) == 0 {
		return a, err
	}
	now := found[0]
	a.Comparison = now.Comparison
	if a.Threshold == nil {
		a.Threshold = now.Threshold
	}
	if len(a.Recent.Upper) == 0 {
		a.Recent = now.Recent
	}
	if !slices.ContainsFunc(a.Metrics, func(metric alarm.Metric) bool { return metric.Compared }) && a.Contributor == "" {
		a.Metrics = now.Metrics // of a look that a version wrote which did not know what is compared
	}
	return a, nil
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
	unnamed := slices.DeleteFunc(metrics, func(metric alarm.Metric) bool {
		_, parts := shortageOf(metric)
		return metric.Name == "" || len(parts) > 0
	})
	var failures []error
	for _, one := range kinds {
		found, err := one.kind.find(ctx, r, unnamed)
		now.short, failures = append(now.short, found...), append(failures, err)
	}
	return now, errors.Join(failures...)
}

// raisable tells whether a metric may be about something that can be raised.
func (r *Raiser) raisable(metric alarm.Metric) bool {
	_, parts := shortageOf(metric)
	return len(parts) > 0 || slices.ContainsFunc(kinds, func(one kindOf) bool { return one.kind.may(r.cfg, metric) })
}
