package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/rs/zerolog"
)

// mostNames is how many alarms one call deletes:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
const mostNames = 100

// Apply carries a plan out, one write after the other: AWS refuses two at once, even of different alarms. One
// that fails does not stop the rest; what there is no time for is left to the next run.
func (r *Reconciler) Apply(ctx context.Context, plan Plan) (Plan, []error) {
	var failures []error
	plan.Decisions = slices.Clone(plan.Decisions)
	var deletions []int
	made, all := 0, plan.Changes()
	progress := func() {
		made++
		r.options.Progress(made, all)
	}
	filters, failed := r.applyFilters(ctx, plan.Filters, progress)
	plan.Filters, failures = filters, append(failures, failed...)
	if filterLeft(filters) {
		holdPatterns(plan.Decisions, r.options.Stage)
	}
	positions := order(plan.Decisions)
	for number, at := range positions {
		decision := &plan.Decisions[at]
		if decision.Outcome == ToDelete {
			deletions = positions[number:]
			break
		}
		if child := without(*decision, plan.Decisions); child != "" {
			decision.Outcome, decision.Reason, decision.Detail = NotYet, ChildMissing, child
			progress()
			continue
		}
		err := ctx.Err()
		if err == nil {
			err = r.put(ctx, *decision)
		}
		failures = append(failures, settle(ctx, decision, err)...)
		progress()
	}
	for _, batch := range batches(plan.Decisions, deletions) {
		failures = append(failures, r.remove(ctx, plan.Decisions, batch)...)
		made += len(batch)
	}
	dashboards, failed := r.applyDashboards(ctx, plan.Dashboards, progress)
	plan.Dashboards = dashboards
	return plan, append(failures, failed...)
}

// settle notes what became of a decision, and says so in the log.
func settle(ctx context.Context, decision *Decision, err error) []error {
	doing := decision.Outcome
	failure, visited := decision.settle(ctx, err)
	if !visited {
		return nil
	}
	decision.failure = failure
	zerolog.Ctx(ctx).Info().Str("alarm", decision.Alarm).EmbedObject(decision.Fate).Any("changes", decision.Changes).Msg("alarm visited")
	if failure != nil {
		return []error{fmt.Errorf("%s %s: %w", doing, decision.Alarm, failure)}
	}
	return nil
}

// settle notes what became of what was to be done, and answers why it failed. It is not visited where there was no time
// for it: the next run does it.
func (f *Fate) settle(ctx context.Context, err error) (failure error, visited bool) {
	switch {
	case err == nil:
		f.Outcome = became[f.Outcome]
	case outOfTime(ctx, err):
		f.postpone(OutOfTime)
		return nil, false
	default:
		*f = Fate{Failed, CallFailed, err.Error()}
	}
	return err, true
}

// carryOut does what is to be done: it removes what is to go, and puts all else. What is not to be done is not visited.
func (f *Fate) carryOut(ctx context.Context, remove, put func() error) (failure error, visited bool) {
	if !f.Acts() {
		return nil, false
	}
	err := ctx.Err()
	switch {
	case err != nil:
	case f.Outcome == ToDelete:
		err = remove()
	default:
		err = put()
	}
	return f.settle(ctx, err)
}

// MarshalZerologObject writes it into the line of the log about whatever it is of.
func (f Fate) MarshalZerologObject(line *zerolog.Event) {
	line.Str("outcome", string(f.Outcome)).Str("reason", string(f.Reason)).Str("detail", f.Detail)
}

// put makes an alarm, or makes it as it should be. AWS takes tags with a new alarm alone; those of another
// change first, so that a run which ends in between does both again.
func (r *Reconciler) put(ctx context.Context, decision Decision) error {
	wanted, there := decision.wanted, decision.there
	if decision.Outcome != ToCreate && retag(there, wanted) {
		if _, err := r.aws.CloudWatch.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: &there.ARN, Tags: tagList(wanted.Tags)}); err != nil {
			return fmt.Errorf("cloudwatch:TagResource: %w", err)
		}
	}
	if wanted.Rule != "" {
		return r.putComposite(ctx, decision)
	}
	input := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &wanted.Name, AlarmDescription: &wanted.Description, ActionsEnabled: aws.Bool(!there.ActionsOff),
		ComparisonOperator: cloudwatchtypes.ComparisonOperator(wanted.Comparison), Threshold: &wanted.Threshold,
		DatapointsToAlarm: count(wanted.Datapoints), EvaluationPeriods: count(wanted.Periods), TreatMissingData: &wanted.Missing,
		AlarmActions: wanted.Actions, OKActions: wanted.OKActions, InsufficientDataActions: wanted.NoDataActions,
	}
	reads(wanted, input)
	if decision.Outcome == ToCreate {
		input.Tags = tagList(wanted.Tags)
	}
	if _, err := r.aws.CloudWatch.PutMetricAlarm(ctx, input, bearingOthers); err != nil {
		return fmt.Errorf("cloudwatch:PutMetricAlarm: %w", err)
	}
	return nil
}

// putTries are so many attempts of a write that AWS refuses as not valid.
const putTries = 3

// bearingOthers tries again where somebody else writes an alarm at the same moment, another run or a deployment:
// AWS refuses one of the two with the code of a request that is not valid.
func bearingOthers(o *cloudwatch.Options) {
	o.Retryer = retry.AddWithErrorCodes(retry.AddWithMaxAttempts(o.Retryer, max(o.Retryer.MaxAttempts(), putTries)), notValid...)
}

// notValid are the codes of a request that is not valid.
var notValid = []string{"ValidationError", "ValidationException"}

// reads says what the alarm reads.
func reads(wanted Alarm, input *cloudwatch.PutMetricAlarmInput) {
	if wanted.Band > 0 {
		readsBand(wanted, input)
		return
	}
	if wanted.Expression == "" {
		metric := wanted.Metrics[0]
		input.Namespace, input.MetricName, input.Dimensions, input.Period = &metric.Namespace, &metric.Name, dimensionList(metric), count(metric.Seconds)
		statistic := cloudwatchtypes.Statistic(metric.Statistic)
		if slices.Contains(statistic.Values(), statistic) {
			input.Statistic = statistic
		} else {
			input.ExtendedStatistic = &metric.Statistic
		}
		return
	}
	for at, metric := range wanted.Metrics {
		input.Metrics = append(input.Metrics, cloudwatchtypes.MetricDataQuery{
			Id: aws.String(metricID(at)), ReturnData: aws.Bool(false),
			MetricStat: &cloudwatchtypes.MetricStat{
				Metric: &cloudwatchtypes.Metric{Namespace: &metric.Namespace, MetricName: &metric.Name, Dimensions: dimensionList(metric)},
				Period: count(metric.Seconds), Stat: &metric.Statistic,
			},
		})
	}
	input.Metrics = append(input.Metrics, cloudwatchtypes.MetricDataQuery{Id: aws.String("value"), Expression: &wanted.Expression, Label: &wanted.Label, ReturnData: aws.Bool(true)})
}

// readsBand says what an alarm on a band reads: the metric and the band are both returned, and the band is the threshold.
func readsBand(wanted Alarm, input *cloudwatch.PutMetricAlarmInput) {
	metric := wanted.Metrics[0]
	input.Threshold, input.ThresholdMetricId = nil, aws.String(bandID)
	input.Metrics = []cloudwatchtypes.MetricDataQuery{
		{
			Id: aws.String(metricID(0)), ReturnData: aws.Bool(true),
			MetricStat: &cloudwatchtypes.MetricStat{
				Metric: &cloudwatchtypes.Metric{Namespace: &metric.Namespace, MetricName: &metric.Name, Dimensions: dimensionList(metric)},
				Period: count(metric.Seconds), Stat: &metric.Statistic,
			},
		},
		{Id: aws.String(bandID), Expression: aws.String(bandExpression(wanted.Band)), Label: &wanted.Label, ReturnData: aws.Bool(true)},
	}
}

// batches are the deletions in calls of a hundred, after those of composite alarms, of which AWS takes one a call:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
func batches(decisions []Decision, deletions []int) [][]int {
	plain := slices.IndexFunc(deletions, func(at int) bool { return !decisions[at].there.Composite })
	if plain < 0 {
		plain = len(deletions)
	}
	all := slices.Collect(slices.Chunk(deletions[:plain], 1))
	return slices.AppendSeq(all, slices.Chunk(deletions[plain:], mostNames))
}

// remove deletes some alarms. One that cannot be deleted, since somebody's composite alarm is about it, has
// the whole call refused: then each half is tried by itself, down to the one.
func (r *Reconciler) remove(ctx context.Context, decisions []Decision, batch []int) []error {
	names := make([]string, 0, len(batch))
	for _, at := range batch {
		names = append(names, decisions[at].Alarm)
	}
	var err error
	if err = ctx.Err(); err == nil {
		_, err = r.aws.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: names})
	}
	if len(batch) == 1 || !needed(err) || outOfTime(ctx, err) {
		var failures []error
		for _, at := range batch {
			failures = append(failures, settle(ctx, &decisions[at], err)...)
		}
		return failures
	}
	half := len(batch) / 2
	return append(r.remove(ctx, decisions, batch[:half]), r.remove(ctx, decisions, batch[half:])...)
}

// outOfTime tells whether a call was not made, or not waited for, since the run ends: no failure,
// the next run does it.
func outOfTime(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, errNoTime))
}

func count(number int) *int32 { return aws.Int32(int32(number)) } // #nosec G115 -- the catalogue's, all small

func dimensionList(metric Metric) []cloudwatchtypes.Dimension {
	var list []cloudwatchtypes.Dimension
	for _, dimension := range metric.Dimensions {
		list = append(list, cloudwatchtypes.Dimension{Name: &dimension.Name, Value: &dimension.Value})
	}
	return list
}

func tagList(tags map[string]string) []cloudwatchtypes.Tag {
	var list []cloudwatchtypes.Tag
	for _, key := range slices.Sorted(keysOf(tags)) {
		list = append(list, cloudwatchtypes.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}
