package alerts

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"caretaker/internal/paged"
)

// scheduleGroups lists the groups of EventBridge Scheduler. Its metrics are by the group, never by the schedule; what
// is in no group is in the one called default.
func (r *Reconciler) scheduleGroups(ctx context.Context) ([]Resource, error) {
	var found []Resource
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Scheduler.ListScheduleGroups(ctx, &scheduler.ListScheduleGroupsInput{MaxResults: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, group := range page.ScheduleGroups {
			found = append(found, Resource{Kind: Schedules, Name: aws.ToString(group.Name), ARN: aws.ToString(group.Arn)})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return found, fmt.Errorf("listing schedule groups (scheduler:ListScheduleGroups): %w", err)
	}
	return found, nil
}
