package alerts

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"caretaker/internal/paged"
)

// logs lists the log groups and all metric filters, where the file has patterns. Where it has none it lists filters as long
// as an alarm on a pattern stands: filters go before their alarm, so that there is one while there is anything to take away.
func (r *Reconciler) logs(ctx context.Context, alarms []Existing) (groups []LogGroup, filters []ExistingFilter, err error) {
	asked := len(r.cfg.LogPatterns) > 0
	for _, alarm := range alarms {
		_, kind, _ := parts(r.options.Stage, alarm.Name)
		asked = asked || kind == Pattern
	}
	if !asked {
		return nil, nil, nil
	}
	if len(r.cfg.LogPatterns) > 0 {
		if groups, err = r.logGroups(ctx); err != nil {
			return nil, nil, err
		}
	}
	filters, err = r.filters(ctx)
	return groups, filters, err
}

// logGroups lists the log groups, fifty a call.
func (r *Reconciler) logGroups(ctx context.Context) ([]LogGroup, error) {
	var found []LogGroup
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{NextToken: token, Limit: aws.Int32(50)})
		if err != nil {
			return nil, err
		}
		for _, group := range page.LogGroups {
			// An infrequent-access group takes no metric filter.
			// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
			if group.LogGroupClass != "" && group.LogGroupClass != logtypes.LogGroupClassStandard {
				continue
			}
			name := aws.ToString(group.LogGroupName)
			found = append(found, LogGroup{Name: name, ARN: r.arn("logs", "log-group:"+name)})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing log groups (logs:DescribeLogGroups): %w", err)
	}
	return found, nil
}

// filters lists the metric filters of all log groups, fifty a call: AWS knows no list of those whose names begin so.
func (r *Reconciler) filters(ctx context.Context) ([]ExistingFilter, error) {
	var found []ExistingFilter
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Logs.DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{NextToken: token, Limit: aws.Int32(50)})
		if err != nil {
			return nil, err
		}
		for _, filter := range page.MetricFilters {
			found = append(found, existingFilter(filter))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing metric filters (logs:DescribeMetricFilters): %w", err)
	}
	return found, nil
}

func existingFilter(filter logtypes.MetricFilter) ExistingFilter {
	e := ExistingFilter{Filter: Filter{Group: aws.ToString(filter.LogGroupName), Name: aws.ToString(filter.FilterName), Pattern: aws.ToString(filter.FilterPattern)}}
	var foreign []string
	for at, metric := range filter.MetricTransformations {
		if at > 0 || len(metric.Dimensions) > 0 || metric.Unit != "" && metric.Unit != logtypes.StandardUnitNone {
			foreign = append(foreign, "more metrics, dimensions or a unit")
		}
		e.Namespace, e.Metric, e.Value = aws.ToString(metric.MetricNamespace), aws.ToString(metric.MetricName), aws.ToString(metric.MetricValue)
		if metric.DefaultValue != nil {
			e.Default = number(*metric.DefaultValue)
		}
	}
	if filter.ApplyOnTransformedLogs || len(filter.EmitSystemFieldDimensions) > 0 || aws.ToString(filter.FieldSelectionCriteria) != "" {
		foreign = append(foreign, "transformed logs, or system fields")
	}
	e.Foreign = strings.Join(foreign, "; ")
	return e
}

// withGroupTags gives the log groups their tags.
func withGroupTags(groups []LogGroup, tags map[string]map[string]string) []LogGroup {
	for at, group := range groups {
		groups[at].Tags = maps.Clone(tags[group.ARN])
	}
	return groups
}
