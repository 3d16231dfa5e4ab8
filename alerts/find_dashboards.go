package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go"

	"caretaker/internal/paged"
)

// dashboards reads those of the stage in this Region, and counts the others of the account: three of all
// are free. One call lists a thousand; each of the stage's is then read by itself.
func (r *Reconciler) dashboards(ctx context.Context) (found []ExistingDashboard, others int, err error) {
	prefix := DashboardPrefix(r.options.Stage, r.home.Region)
	var names []string
	err = paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.CloudWatch.ListDashboards(ctx, &cloudwatch.ListDashboardsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, entry := range page.DashboardEntries {
			if name := aws.ToString(entry.DashboardName); strings.HasPrefix(name, prefix) {
				names = append(names, name)
			} else {
				others++
			}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("listing dashboards (cloudwatch:ListDashboards): %w", err)
	}
	for _, name := range names {
		answer, err := r.aws.CloudWatch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &name})
		switch {
		case isAbsent(err): // gone since it was listed
		case err != nil:
			return nil, 0, fmt.Errorf("reading the dashboard %s (cloudwatch:GetDashboard): %w", name, err)
		default:
			found = append(found, ExistingDashboard{name, aws.ToString(answer.DashboardBody)})
		}
	}
	return found, others, nil
}

// isAbsent tells whether AWS says that there is no such dashboard: by another name than its documentation's,
// as it is seen.
func isAbsent(err error) bool {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.ErrorCode() {
	case "ResourceNotFound", "ResourceNotFoundException", "DashboardNotFoundError":
		return true
	}
	return false
}
