package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// taggedNewest is what caretaker:keep says on tax-rates.
const taggedNewest = 10

// rules notes what is kept by a rule and needs nothing beside dates, tags and marks.
func (s *seeder) rules(context.Context) error {
	s.protect(recommendations, s.plan.Versions-Newest, "superseded an hour or three ago", "supersededFor")
	s.protectAll(taxRates, s.plan.Versions-taggedNewest+1, "tag caretaker:keep="+strconv.Itoa(taggedNewest), Tag)
	s.protectAll(gdprErase, 1, "tag caretaker:janitor=off", Tag)
	s.protectAll(searchIndex, 1, "tag caretaker:keep-until", Tag)
	s.protectAll(mailSender, 1, "tag caretaker:keep cannot be read", Tag)
	s.protect(geoRedirect, 2, "Lambda@Edge replica", Edge)
	s.emulator.MarkEdge(geoRedirect, "2", s.arn("geo-redirect-master", "2"))
	s.protect(geoRedirect, 3, "Lambda@Edge master", Edge)
	s.emulator.MarkEdge(geoRedirect, "3", "")
	return nil
}

// aliases puts live on the newest version of most functions, and older versions
// behind aliases of their own. Only session-store's is ever changed afterwards.
func (s *seeder) aliases(ctx context.Context) error {
	for index, f := range s.functions {
		if index%3 == 0 || f.name == orderEvents || f.name == sessionStore {
			if err := s.alias(ctx, f.name, "live", f.versions, nil); err != nil {
				return err
			}
		}
	}
	s.protect(checkout, 4, "alias previous", Alias)
	if err := s.alias(ctx, checkout, "previous", 4, nil); err != nil {
		return err
	}
	s.protect(checkout, 3, "a tenth of alias canary", Alias)
	if err := s.alias(ctx, checkout, "canary", s.plan.Versions, map[string]float64{"3": 0.1}); err != nil {
		return err
	}
	return s.moveAlias(ctx)
}

// moveAlias leaves a trace in the event history, an hour old, which is all that keeps a function's old versions.
func (s *seeder) moveAlias(ctx context.Context) error {
	s.protectAll(sessionStore, 1, "alias live was moved an hour ago", "aliasHistory", "supersededFor")
	_, err := s.lambda.UpdateAlias(ctx, &lambdasvc.UpdateAliasInput{
		FunctionName: aws.String(sessionStore), Name: aws.String("live"), FunctionVersion: aws.String(strconv.Itoa(s.plan.Versions - 1)),
	})
	if err != nil {
		return fmt.Errorf("moving alias live of %s: %w", sessionStore, err)
	}
	s.emulator.BackdateAliasChanges(sessionStore, s.now.Add(-time.Hour))
	history, err := cloudtrail.NewFromConfig(s.cfg).LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
	if err != nil {
		return fmt.Errorf("reading the event history: %w", err)
	}
	if len(history.Events) == 0 {
		return errors.New("reading the event history: it is empty: start the emulator with CloudTrail")
	}
	return nil
}

func (s *seeder) alias(ctx context.Context, function, name string, version int, weights map[string]float64) error {
	input := &lambdasvc.CreateAliasInput{FunctionName: &function, Name: &name, FunctionVersion: aws.String(strconv.Itoa(version))}
	if weights != nil {
		input.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
	}
	if _, err := s.lambda.CreateAlias(ctx, input); err != nil {
		return fmt.Errorf("creating alias %s of %s: %w", name, function, err)
	}
	return nil
}

// mappings reads queues in the four forms a mapping's function ARN can have, and a stream.
func (s *seeder) mappings(ctx context.Context) error {
	for queue, function := range map[string]string{
		"orders-unqualified": s.arn(orderEvents, ""),
		"orders-latest":      s.arn(orderEvents, "$LATEST"),
		"orders-alias":       s.arn(orderEvents, "live"),
		"orders-version":     s.protect(orderEvents, 2, "event source mapping of a queue", "eventSourceMappings"),
	} {
		source, err := s.queue(ctx, queue)
		if err != nil {
			return err
		}
		if err := s.mapping(ctx, &lambdasvc.CreateEventSourceMappingInput{FunctionName: &function, EventSourceArn: &source}); err != nil {
			return err
		}
	}
	stream := "arn:aws:kinesis:" + s.emulator.Region() + ":" + s.emulator.Account() + ":stream/stock-levels"
	function := s.protect(inventoryStream, 3, "event source mapping of a stream", "eventSourceMappings")
	return s.mapping(ctx, &lambdasvc.CreateEventSourceMappingInput{
		FunctionName: &function, EventSourceArn: &stream, StartingPosition: types.EventSourcePositionLatest,
	})
}

func (s *seeder) mapping(ctx context.Context, input *lambdasvc.CreateEventSourceMappingInput) error {
	if _, err := s.lambda.CreateEventSourceMapping(ctx, input); err != nil {
		return fmt.Errorf("mapping %s to %s: %w", aws.ToString(input.EventSourceArn), aws.ToString(input.FunctionName), err)
	}
	return nil
}

// queue makes a queue and gives its ARN.
func (s *seeder) queue(ctx context.Context, name string) (string, error) {
	client := sqs.NewFromConfig(s.cfg)
	made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		return "", fmt.Errorf("creating queue %s: %w", name, err)
	}
	attributes, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", fmt.Errorf("reading the ARN of queue %s: %w", name, err)
	}
	return attributes.Attributes["QueueArn"], nil
}

// provisioned warms a version, and an alias: the version behind that is kept by the alias already.
func (s *seeder) provisioned(ctx context.Context) error {
	if err := s.alias(ctx, pricing, "warm", 5, nil); err != nil {
		return err
	}
	s.protect(pricing, 5, "alias warm, with provisioned concurrency", Alias)
	s.protect(pricing, 4, "provisioned concurrency", "provisionedConcurrency")
	for _, qualifier := range []string{"4", "warm"} {
		_, err := s.lambda.PutProvisionedConcurrencyConfig(ctx, &lambdasvc.PutProvisionedConcurrencyConfigInput{
			FunctionName: aws.String(pricing), Qualifier: &qualifier, ProvisionedConcurrentExecutions: aws.Int32(1),
		})
		if err != nil {
			return fmt.Errorf("provisioning %s:%s: %w", pricing, qualifier, err)
		}
	}
	return nil
}

// scaled bounds a version on Lambda Managed Instances, and has the provisioned concurrency of another
// one managed, of which there is none just now.
func (s *seeder) scaled(ctx context.Context) error {
	s.protect(orderEvents, 3, "a scaling configuration of its own on Lambda Managed Instances", "managedInstances")
	_, err := s.lambda.PutFunctionScalingConfig(ctx, &lambdasvc.PutFunctionScalingConfigInput{
		FunctionName: aws.String(orderEvents), Qualifier: aws.String("3"),
		FunctionScalingConfig: &types.FunctionScalingConfig{MinExecutionEnvironments: aws.Int32(4), MaxExecutionEnvironments: aws.Int32(40)},
	})
	if err != nil {
		return fmt.Errorf("bounding %s:3: %w", orderEvents, err)
	}
	s.protect(pricing, 3, "managed by Application Auto Scaling, down to nothing", "scalableTargets")
	_, err = applicationautoscaling.NewFromConfig(s.cfg).RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceLambda, ResourceId: aws.String("function:" + pricing + ":3"),
		ScalableDimension: autoscalingtypes.ScalableDimensionLambdaFunctionProvisionedConcurrency, MinCapacity: aws.Int32(0), MaxCapacity: aws.Int32(5),
	})
	if err != nil {
		return fmt.Errorf("registering %s:3 as a scalable target: %w", pricing, err)
	}
	return nil
}

// destinations sends the failures of one function to a version of another, and gives a version
// settings of its own for asynchronous invocations.
func (s *seeder) destinations(ctx context.Context) error {
	target := s.protect(invoiceRetry, 2, "on-failure destination of "+invoice, "asyncDestinations")
	_, err := s.lambda.PutFunctionEventInvokeConfig(ctx, &lambdasvc.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String(invoice), DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &target}},
	})
	if err != nil {
		return fmt.Errorf("setting the destination of %s: %w", invoice, err)
	}
	s.protect(invoice, 3, "settings of its own for asynchronous invocations", "asyncDestinations")
	_, err = s.lambda.PutFunctionEventInvokeConfig(ctx, &lambdasvc.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String(invoice), Qualifier: aws.String("3"), MaximumRetryAttempts: aws.Int32(0),
	})
	if err != nil {
		return fmt.Errorf("setting the retries of %s:3: %w", invoice, err)
	}
	return nil
}

// policies lets a topic call one version, as every push trigger has to be let.
func (s *seeder) policies(ctx context.Context) error {
	s.protect(paymentsWebhook, 3, "resource policy on the version", "policies")
	_, err := s.lambda.AddPermission(ctx, &lambdasvc.AddPermissionInput{
		FunctionName: aws.String(paymentsWebhook), Qualifier: aws.String("3"), StatementId: aws.String("payments-topic"),
		Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("sns.amazonaws.com"),
	})
	if err != nil {
		return fmt.Errorf("permitting calls of %s:3: %w", paymentsWebhook, err)
	}
	return nil
}

// durable starts an execution on an old version that stays under way: the function answers that it waits.
func (s *seeder) durable(ctx context.Context) error {
	s.protect(refundSaga, 2, "a durable execution runs on it", "durableExecutions")
	_, err := s.lambda.Invoke(ctx, &lambdasvc.InvokeInput{FunctionName: aws.String(refundSaga), Qualifier: aws.String("2"), Payload: []byte(`{"refund":17}`)})
	if err != nil {
		return fmt.Errorf("starting a durable execution of %s:2: %w", refundSaga, err)
	}
	return nil
}

// enableDurable stands for a difference of the emulator: it asks for a field Enabled in DurableConfig
// that AWS's API does not have, and holds no executions without.
func enableDurable(options *lambdasvc.Options) {
	options.APIOptions = append(options.APIOptions, func(stack *middleware.Stack) error {
		return stack.Build.Add(middleware.BuildMiddlewareFunc("EnableDurable", func(
			ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler,
		) (middleware.BuildOutput, middleware.Metadata, error) {
			request, body := in.Request.(*smithyhttp.Request), map[string]any{}
			text, err := io.ReadAll(request.GetStream())
			if err == nil {
				err = json.Unmarshal(text, &body)
			}
			if err == nil {
				body["DurableConfig"].(map[string]any)["Enabled"] = true
				text, err = json.Marshal(body)
			}
			if err == nil {
				request, err = request.SetStream(bytes.NewReader(text))
			}
			if err != nil {
				return middleware.BuildOutput{}, middleware.Metadata{}, fmt.Errorf("enabling durable executions: %w", err)
			}
			in.Request = request
			return next.HandleBuild(ctx, in)
		}), middleware.After)
	})
}
