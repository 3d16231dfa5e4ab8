package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/rs/zerolog"
)

// applyDashboards carries out what is decided about dashboards, one after the other, like alarms.
func (r *Reconciler) applyDashboards(ctx context.Context, decisions []DashboardDecision, progress func()) ([]DashboardDecision, []error) {
	decisions = slices.Clone(decisions)
	var failures []error
	for at := range decisions {
		decision := &decisions[at]
		doing := decision.Outcome
		failure, visited := decision.carryOut(ctx,
			func() error { return r.removeDashboard(ctx, decision.Dashboard) },
			func() error { return r.putDashboard(ctx, decision.wanted) })
		if !visited {
			continue
		}
		if failure != nil {
			failures = append(failures, fmt.Errorf("%s the dashboard %s: %w", doing, decision.Dashboard, failure))
		}
		zerolog.Ctx(ctx).Info().Str("dashboard", decision.Dashboard).EmbedObject(decision.Fate).Any("changes", decision.Changes).Msg("dashboard visited")
		progress()
	}
	return decisions, failures
}

// putDashboard makes a dashboard, or makes it as it should be. AWS takes some that it has something to say
// about, and parts of those are then empty: that is a failure.
func (r *Reconciler) putDashboard(ctx context.Context, wanted Dashboard) error {
	answer, err := r.aws.CloudWatch.PutDashboard(ctx, &cloudwatch.PutDashboardInput{DashboardName: &wanted.Name, DashboardBody: &wanted.Body})
	var refused *cloudwatchtypes.DashboardInvalidInputError
	switch {
	case errors.As(err, &refused) && len(refused.DashboardValidationMessages) > 0:
		return fmt.Errorf("cloudwatch:PutDashboard: %w: %s", err, messages(refused.DashboardValidationMessages))
	case err != nil:
		return fmt.Errorf("cloudwatch:PutDashboard: %w", err)
	case len(answer.DashboardValidationMessages) > 0:
		return fmt.Errorf("cloudwatch:PutDashboard took it, and says: %s", messages(answer.DashboardValidationMessages))
	}
	return nil
}

// messages are the first that AWS has about a dashboard.
func messages(all []cloudwatchtypes.DashboardValidationMessage) (text string) {
	const most = 3
	for _, message := range all[:min(len(all), most)] {
		if text != "" {
			text += "; "
		}
		text += aws.ToString(message.DataPath) + ": " + aws.ToString(message.Message)
	}
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// removeDashboard deletes one. One that is gone already is as good.
func (r *Reconciler) removeDashboard(ctx context.Context, name string) error {
	_, err := r.aws.CloudWatch.DeleteDashboards(ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{name}})
	if err != nil && !isAbsent(err) {
		return fmt.Errorf("cloudwatch:DeleteDashboards: %w", err)
	}
	return nil
}
