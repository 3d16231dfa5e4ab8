package alerts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/paged"
)

// find is the listing of a kind of resource, or of some that one list tells of. What it found before
// an error is good, but is not all.
type find struct {
	kinds []Kind
	list  func(context.Context) ([]Resource, error)
}

func (r *Reconciler) finds() []find {
	return []find{
		{[]Kind{Function}, r.functions},
		{[]Kind{Account}, r.concurrency},
		{[]Kind{Table, Index}, r.tables},
		{[]Kind{Stream}, r.streams},
		{[]Kind{Queue}, r.queues},
		{[]Kind{Topic}, r.topics},
		{[]Kind{Machine}, r.machines},
		{[]Kind{Rule}, r.rules},
		{[]Kind{Quota}, r.quotas},
		{[]Kind{RestAPI}, r.restAPIs},
		{[]Kind{HTTPAPI}, r.httpAPIs},
		{[]Kind{Delivery}, r.deliveries},
		{[]Kind{Schedules}, r.scheduleGroups},
	}
}

// inventory reads everything, side by side. A list that fails is noted, and keeps deletions back; without the
// tags or the alarms nothing can be decided, and that is an error.
func (r *Reconciler) inventory(ctx context.Context) (Facts, error) {
	facts := Facts{
		Stage: r.options.Stage, Topics: r.topicARNs(), ServiceTopic: r.serviceTopic(), Runbook: r.options.Runbook, Unread: map[Kind]string{},
		Place: Place{Partition: r.home.Partition, Region: r.home.Region, Account: r.home.AccountID},
	}
	var tags map[string]map[string]string
	var mutex sync.Mutex
	reading, readingCtx := errgroup.WithContext(ctx)
	for _, find := range r.finds() {
		reading.Go(func() error {
			found, err := find.list(readingCtx)
			mutex.Lock()
			defer mutex.Unlock()
			facts.Resources = append(facts.Resources, found...)
			if err != nil {
				for _, kind := range find.kinds {
					facts.Unread[kind] = err.Error()
				}
			}
			return nil
		})
	}
	reading.Go(func() (err error) {
		facts.Alarms, err = r.alarms(readingCtx)
		return err
	})
	reading.Go(func() error {
		found, others, err := r.dashboards(readingCtx)
		if err != nil { // alarms do not wait for dashboards
			facts.DashboardsUnread = err.Error()
		}
		facts.Dashboards, facts.OtherDashboards = found, others
		return nil
	})
	reading.Go(func() (err error) {
		tags, err = r.tags(readingCtx)
		return err
	})
	if err := reading.Wait(); err != nil {
		return Facts{}, err
	}
	if err := ctx.Err(); err != nil { // lists that ended with the time are no lists
		return Facts{}, err
	}
	groups, filters, err := r.logs(ctx, facts.Alarms)
	if err != nil {
		facts.Unread[Pattern] = err.Error()
	}
	facts.LogGroups, facts.Filters = withGroupTags(groups, tags), filters
	for at := range facts.Resources {
		facts.Resources[at].Tags = tagsOfResource(facts.Resources[at], tags)
	}
	facts.Resources = withDeadLetters(facts.Resources)
	return facts, nil
}

// tagsOfResource are a resource's own, and those of what it is part of.
func tagsOfResource(r Resource, tags map[string]map[string]string) map[string]string {
	own, whole := tags[r.ARN], tags[r.partOf]
	switch {
	case len(whole) == 0:
		return own
	case len(own) == 0:
		return whole
	}
	both := maps.Clone(whole)
	maps.Copy(both, own)
	return both
}

// withDeadLetters marks the queues that others name as the place for what they could not handle.
func withDeadLetters(resources []Resource) []Resource {
	named := map[string]bool{}
	for _, resource := range resources {
		named[resource.deadLetters] = true
	}
	for at, resource := range resources {
		resources[at].TakesDeadLetters = resource.Kind == Queue && named[resource.ARN]
	}
	return resources
}

// taggedTypes are the kinds as the tagging API calls them. An index has no tags of its own.
var taggedTypes = []string{
	"lambda:function", "dynamodb:table", "kinesis:stream", "sqs", "sns", "states:stateMachine", "events:rule",
	"apigateway", "firehose:deliverystream", "scheduler:schedule-group",
}

// taggedTypes are the types whose tags are read: those of log groups only where a log pattern may ask for them.
func (r *Reconciler) taggedTypes() []string {
	if len(r.cfg.LogPatterns) > 0 {
		return append(slices.Clone(taggedTypes), "logs:log-group")
	}
	return taggedTypes
}

// tags are those of all resources by ARN, a hundred resources a call: asking one by one would take as many
// calls as there are resources.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (r *Reconciler) tags(ctx context.Context) (map[string]map[string]string, error) {
	tags := map[string]map[string]string{}
	input := &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: r.taggedTypes(), ResourcesPerPage: aws.Int32(100)}
	err := paged.Every(func(token *string) (*string, error) {
		input.PaginationToken = token
		page, err := r.aws.Tagging.GetResources(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, resource := range page.ResourceTagMappingList {
			of := make(map[string]string, len(resource.Tags))
			for _, tag := range resource.Tags {
				of[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
			tags[aws.ToString(resource.ResourceARN)] = of
		}
		return page.PaginationToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading tags (tag:GetResources): %w", err)
	}
	return tags, nil
}

// arn is that of a resource whose list names it without one.
func (r *Reconciler) arn(service, resource string) string {
	return strings.Join([]string{"arn", r.home.Partition, service, r.home.Region, r.home.AccountID, resource}, ":")
}

// topicARNs are the topics of the file, or of the stack where it names none.
func (r *Reconciler) topicARNs() Topics {
	of := func(topic string) string {
		if topic == "" {
			return r.options.Topic
		}
		return r.topicARN(topic)
	}
	return Topics{of(r.cfg.Topics.Critical), of(r.cfg.Topics.Warning)}
}

// serviceTopic is the topic that composite alarms tell; empty where they tell nobody.
func (r *Reconciler) serviceTopic() string {
	if r.cfg.Composites.Topic == "" {
		return ""
	}
	return r.topicARN(r.cfg.Composites.Topic)
}

// topicARN is that of a topic by its name or ARN.
func (r *Reconciler) topicARN(topic string) string {
	if strings.HasPrefix(topic, "arn:") {
		return topic
	}
	return r.arn("sns", topic)
}

func seconds(count int32) time.Duration { return time.Duration(count) * time.Second }
