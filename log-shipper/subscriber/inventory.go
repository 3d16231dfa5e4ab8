package subscriber

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/paged"
	"caretaker/log-shipper/groups"
)

// inventory is the groups without their filters: all of the Region, or the one that an event tells
// of. Tags that could not be read may hold a caretaker:logs=off, so that is an error.
func (r *run) inventory(ctx context.Context, event Event) ([]groups.Group, error) {
	switch {
	case event.Failed != "":
		return nil, nil
	case event.Group != "":
		return r.single(ctx, event.Group)
	case r.options.Leaving:
		return r.list(ctx)
	}
	var all []groups.Group
	var tags map[string]map[string]string
	reading, readingCtx := errgroup.WithContext(ctx)
	reading.Go(func() (err error) {
		all, err = r.list(readingCtx)
		return err
	})
	reading.Go(func() (err error) {
		tags, err = r.tags(readingCtx)
		return err
	})
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	for position := range all {
		all[position].Tags = tags[all[position].Name]
	}
	return all, nil
}

// list lists the log groups of the Region, 50 a call.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
func (r *run) list(ctx context.Context) ([]groups.Group, error) {
	var all []groups.Group
	input := &cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(50)}
	err := paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := r.aws.Logs.DescribeLogGroups(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, group := range page.LogGroups {
			all = append(all, groupOf(group))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing log groups (logs:DescribeLogGroups): %w", err)
	}
	return all, nil
}

func groupOf(group logstypes.LogGroup) groups.Group {
	return groups.Group{
		Name: aws.ToString(group.LogGroupName), ARN: strings.TrimSuffix(aws.ToString(group.Arn), ":*"), Class: string(group.LogGroupClass), RetentionDays: int(aws.ToInt32(group.RetentionInDays)),
		Created: time.UnixMilli(aws.ToInt64(group.CreationTime)).UTC(),
	}
}

// tags are those of all groups, a hundred groups a call: asking group by group would take as many
// calls as there are groups.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (r *run) tags(ctx context.Context) (map[string]map[string]string, error) {
	tags := map[string]map[string]string{}
	input := &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"logs:log-group"}, ResourcesPerPage: aws.Int32(100)}
	err := paged.Every(func(token *string) (*string, error) {
		input.PaginationToken = token
		page, err := r.aws.Tagging.GetResources(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, resource := range page.ResourceTagMappingList {
			name := nameIn(aws.ToString(resource.ResourceARN))
			if name == "" { // whose tags these are nobody would heed
				return nil, fmt.Errorf("the list holds the ARN %q, which is not a log group's", aws.ToString(resource.ResourceARN))
			}
			ofGroup := make(map[string]string, len(resource.Tags))
			for _, tag := range resource.Tags {
				ofGroup[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
			tags[name] = ofGroup
		}
		return page.PaginationToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the log groups' tags (tag:GetResources): %w", err)
	}
	return tags, nil
}

// nameIn is the group's name in its ARN, which some of AWS's APIs write with :* behind it; empty where it
// is none of a log group.
func nameIn(text string) string {
	parsed, err := arn.Parse(text)
	name, is := strings.CutPrefix(parsed.Resource, "log-group:")
	if err != nil || !is {
		return ""
	}
	return strings.TrimSuffix(name, ":*")
}

// single is one group with its tags; none where it is gone again.
func (r *run) single(ctx context.Context, name string) ([]groups.Group, error) {
	group, there, err := r.look(ctx, name)
	if err != nil || !there {
		return nil, err
	}
	if group.Tags, err = r.tagsNow(ctx, group); gone(err) {
		return nil, nil
	}
	r.fresh = true
	return []groups.Group{group}, err
}

// tagsNow reads the tags of one group. CloudWatch Logs knows them at once, the tagging API after a while.
func (r *run) tagsNow(ctx context.Context, group groups.Group) (map[string]string, error) {
	listed, err := r.aws.Logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &group.ARN})
	if err != nil {
		return nil, fmt.Errorf("reading the tags of %s (logs:ListTagsForResource): %w", group.Name, err)
	}
	return listed.Tags, nil
}

// look reads one group as it is now, if it is there. Of all groups that begin with its name it is the
// first.
func (r *run) look(ctx context.Context, name string) (found groups.Group, there bool, err error) {
	input := &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name, Limit: aws.Int32(1)}
	err = paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := r.aws.Logs.DescribeLogGroups(ctx, input)
		if err != nil {
			return nil, err
		}
		if len(page.LogGroups) == 0 {
			return page.NextToken, nil // an empty page is not the end
		}
		found = groupOf(page.LogGroups[0])
		there = found.Name == name
		return nil, nil
	})
	if err != nil {
		return groups.Group{}, false, fmt.Errorf("looking at %s (logs:DescribeLogGroups): %w", name, err)
	}
	return found, there, nil
}

// filters reads the subscription filters of a group into it. A class that has none is not asked.
func (r *run) filters(ctx context.Context, group groups.Group) (groups.Group, error) {
	if !groups.Subscribes(group.Class) {
		group.Read = true
		return group, nil
	}
	input := &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: &group.Name}
	err := paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := r.aws.Logs.DescribeSubscriptionFilters(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, filter := range page.SubscriptionFilters {
			group.Filters = append(group.Filters, groups.Filter{
				Name: aws.ToString(filter.FilterName), Pattern: aws.ToString(filter.FilterPattern),
				Destination: aws.ToString(filter.DestinationArn), Role: aws.ToString(filter.RoleArn),
			})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return group, fmt.Errorf("reading the filters of %s (logs:DescribeSubscriptionFilters): %w", group.Name, err)
	}
	group.Read = true
	return group, nil
}

// gone tells whether AWS says that there is no such group.
func gone(err error) bool {
	var absent *logstypes.ResourceNotFoundException
	return errors.As(err, &absent)
}
