package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/rs/zerolog"
)

// applyFilters carries out what is decided about metric filters, one after the other.
func (r *Reconciler) applyFilters(ctx context.Context, decisions []FilterDecision, progress func()) ([]FilterDecision, []error) {
	decisions = slices.Clone(decisions)
	var failures []error
	for at := range decisions {
		decision := &decisions[at]
		doing := decision.Outcome
		failure, visited := decision.carryOut(ctx,
			func() error { return r.removeFilter(ctx, *decision) },
			func() error { return r.putFilter(ctx, decision.wanted) })
		if !visited {
			continue
		}
		if failure != nil {
			failures = append(failures, fmt.Errorf("%s the metric filter %s of %s: %w", doing, decision.Filter, decision.Group, failure))
		}
		zerolog.Ctx(ctx).Info().Str("filter", decision.Filter).Str("group", decision.Group).EmbedObject(decision.Fate).Any("changes", decision.Changes).Msg("metric filter visited")
		progress()
	}
	return decisions, failures
}

// putFilter makes a filter, or makes it as it should be.
func (r *Reconciler) putFilter(ctx context.Context, wanted Filter) error {
	_, err := r.aws.Logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: &wanted.Group, FilterName: &wanted.Name, FilterPattern: &wanted.Pattern,
		MetricTransformations: []logtypes.MetricTransformation{{
			MetricNamespace: &wanted.Namespace, MetricName: &wanted.Metric, MetricValue: &wanted.Value, DefaultValue: aws.Float64(0),
		}},
	}, bearingOtherFilters)
	if err != nil {
		return fmt.Errorf("logs:PutMetricFilter, pattern %s: %w", wanted.Pattern, err)
	}
	return nil
}

// removeFilter deletes a filter. One that is gone, or whose group is, is deleted.
func (r *Reconciler) removeFilter(ctx context.Context, decision FilterDecision) error {
	_, err := r.aws.Logs.DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: &decision.Group, FilterName: &decision.Filter}, bearingOtherFilters)
	var gone *logtypes.ResourceNotFoundException
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("logs:DeleteMetricFilter: %w", err)
	}
	return nil
}

// bearingOtherFilters tries again where somebody else changes the same log group at the moment.
func bearingOtherFilters(o *cloudwatchlogs.Options) {
	o.Retryer = retry.AddWithErrorCodes(o.Retryer, "OperationAbortedException")
}

// filterLeft says whether a filter that is to go is still there: its alarm then stays, since it is by the alarm that the next
// run knows that there are filters.
func filterLeft(decisions []FilterDecision) bool {
	return slices.ContainsFunc(decisions, func(d FilterDecision) bool {
		return d.Outcome == Failed || d.Outcome == NotYet
	})
}

// holdPatterns keeps the alarms on patterns, where they were to go.
func holdPatterns(decisions []Decision, stage string) {
	for at, decision := range decisions {
		if _, kind, _ := parts(stage, decision.Alarm); decision.Outcome == ToDelete && kind == Pattern {
			decisions[at].postpone(FilterLeft)
		}
	}
}
