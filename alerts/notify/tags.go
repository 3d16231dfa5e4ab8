package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"caretaker/alerts/label"
	"caretaker/internal/alarm"
	"caretaker/internal/tag"
)

const (
	// keepTags is for how long tags are not read again.
	keepTags = 10 * time.Minute
	// mostARNs is what one call looks up:
	// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
	mostARNs = 100
)

// labels remembers the tags of resources.
type labels struct {
	known map[string]map[string]string // by ARN
	read  time.Time
}

// tagsOf looks up the tags of what alarms watch, and of the alarms themselves, by the alarms' keys. What is
// not in this account and Region, or says itself what it belongs to, is not looked up. What cannot be
// read is unknown: the alarm is told of all the same.
func (n *Notifier) tagsOf(ctx context.Context, alarms []alarm.Alarm) (tags map[string]map[string]string, err error) {
	if now := n.now(); now.Sub(n.labels.read) > keepTags {
		n.labels = labels{known: map[string]map[string]string{}, read: now}
	}
	wanted := map[string][]string{} // the ARNs by the alarm's key
	var unknown []string
	for _, a := range alarms {
		if said, _ := label.Parse(a.Description); said.Service != "" || a.Tags[tag.Service] != "" || a.Account != n.options.Place.Account || a.Region != n.options.Place.Region {
			continue
		}
		wanted[a.Key()] = arns(a, n.options.Partition)
		for _, arn := range wanted[a.Key()] {
			if _, known := n.labels.known[arn]; !known && !slices.Contains(unknown, arn) {
				unknown = append(unknown, arn)
			}
		}
	}
	for chunk := range slices.Chunk(unknown, mostARNs) {
		if err = n.lookUp(ctx, chunk); err != nil {
			break
		}
	}
	tags = map[string]map[string]string{}
	for key, candidates := range wanted {
		for _, arn := range candidates {
			if found := n.labels.known[arn]; len(found) > 0 {
				tags[key] = found
				break
			}
		}
	}
	return tags, err
}

// lookUp reads the tags of some resources. One that never had tags, or is not there, is not in the answer.
func (n *Notifier) lookUp(ctx context.Context, arns []string) error {
	output, err := n.aws.Tagging.GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{ResourceARNList: arns})
	if err != nil {
		return fmt.Errorf("reading tags (tag:GetResources): %w", err)
	}
	for _, arn := range arns {
		n.labels.known[arn] = nil
	}
	for _, resource := range output.ResourceTagMappingList {
		found := map[string]string{}
		for _, pair := range resource.Tags {
			found[aws.ToString(pair.Key)] = aws.ToString(pair.Value)
		}
		n.labels.known[aws.ToString(resource.ResourceARN)] = found
	}
	return nil
}

// arns are the resources that an alarm watches, and the alarm itself last.
func arns(a alarm.Alarm, partition string) []string {
	var list []string
	for _, metric := range a.Metrics {
		for _, one := range taggable {
			name := metric.Dimensions[one.dimension]
			if name == "" || metric.Account != "" && metric.Account != a.Account {
				continue
			}
			if !strings.HasPrefix(name, "arn:") {
				name = "arn:" + partition + ":" + strings.NewReplacer("{here}", a.Region+":"+a.Account, "{name}", name).Replace(one.arn)
			}
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	if a.ARN != "" {
		list = append(list, a.ARN)
	}
	return list
}

// taggable are the dimensions that lead to the ARN of a resource.
var taggable = []struct{ dimension, arn string }{
	{"FunctionName", "lambda:{here}:function:{name}"},
	{"TableName", "dynamodb:{here}:table/{name}"},
	{"QueueName", "sqs:{here}:{name}"},
	{"StreamName", "kinesis:{here}:stream/{name}"},
	{"TopicName", "sns:{here}:{name}"},
	{"StateMachineArn", ""},
	{"DeliveryStreamName", "firehose:{here}:deliverystream/{name}"},
	{"RuleName", "events:{here}:rule/{name}"},
	{"DBInstanceIdentifier", "rds:{here}:db:{name}"},
}
