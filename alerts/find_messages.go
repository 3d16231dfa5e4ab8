package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/paged"
)

// inFlight is how many tables or queues are asked side by side.
const inFlight = 8

// each asks for each name, some side by side, and puts together what was found.
func each(ctx context.Context, names []string, ask func(context.Context, string) ([]Resource, error)) ([]Resource, error) {
	var mutex sync.Mutex
	var all []Resource
	asking, askingCtx := errgroup.WithContext(ctx)
	asking.SetLimit(inFlight)
	for _, name := range names {
		asking.Go(func() error {
			found, err := ask(askingCtx, name)
			mutex.Lock()
			defer mutex.Unlock()
			all = append(all, found...)
			return err
		})
	}
	err := asking.Wait()
	return all, err
}

// queues lists the queues, and asks each how long a message stays invisible and where its dead letters go.
func (r *Reconciler) queues(ctx context.Context) ([]Resource, error) {
	var urls []string
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.SQS.ListQueues(ctx, &sqs.ListQueuesInput{MaxResults: aws.Int32(1000), NextToken: token})
		if err != nil {
			return nil, err
		}
		urls = append(urls, page.QueueUrls...)
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing queues (sqs:ListQueues): %w", err)
	}
	return each(ctx, urls, func(ctx context.Context, url string) ([]Resource, error) {
		name := url[strings.LastIndex(url, "/")+1:]
		answer, err := r.aws.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameVisibilityTimeout, sqstypes.QueueAttributeNameRedrivePolicy},
		})
		var gone *sqstypes.QueueDoesNotExist
		switch {
		case errors.As(err, &gone):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("reading the queue %s (sqs:GetQueueAttributes): %w", name, err)
		}
		queue := Resource{Kind: Queue, Name: name, ARN: r.arn("sqs", name)}
		if visible, err := strconv.ParseInt(answer.Attributes[string(sqstypes.QueueAttributeNameVisibilityTimeout)], 10, 32); err == nil {
			queue.Visibility = seconds(int32(visible))
		}
		var redrive struct {
			DeadLetterTargetARN string `json:"deadLetterTargetArn"`
		}
		if text := answer.Attributes[string(sqstypes.QueueAttributeNameRedrivePolicy)]; text != "" {
			if err := json.Unmarshal([]byte(text), &redrive); err != nil {
				return nil, fmt.Errorf("reading the redrive policy of %s: %w", name, err)
			}
		}
		queue.deadLetters = redrive.DeadLetterTargetARN
		return []Resource{queue}, nil
	})
}

// topics lists the topics.
func (r *Reconciler) topics(ctx context.Context) ([]Resource, error) {
	var found []Resource
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.SNS.ListTopics(ctx, &sns.ListTopicsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, topic := range page.Topics {
			arn := aws.ToString(topic.TopicArn)
			found = append(found, Resource{Kind: Topic, Name: arn[strings.LastIndex(arn, ":")+1:], ARN: arn})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return found, fmt.Errorf("listing topics (sns:ListTopics): %w", err)
	}
	return found, nil
}

// rules lists the rules of every bus of EventBridge, but not those that a service of AWS keeps for itself.
func (r *Reconciler) rules(ctx context.Context) ([]Resource, error) {
	var buses []string
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Events.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, bus := range page.EventBuses {
			buses = append(buses, aws.ToString(bus.Name))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing event buses (events:ListEventBuses): %w", err)
	}
	var found []Resource
	for _, bus := range buses {
		err := paged.Every(func(token *string) (*string, error) {
			page, err := r.aws.Events.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: &bus, NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, rule := range page.Rules {
				if aws.ToString(rule.ManagedBy) == "" {
					found = append(found, Resource{Kind: Rule, Name: bus + "/" + aws.ToString(rule.Name), ARN: aws.ToString(rule.Arn)})
				}
			}
			return page.NextToken, nil
		})
		if err != nil {
			return found, fmt.Errorf("listing the rules of %s (events:ListRules): %w", bus, err)
		}
	}
	return found, nil
}
