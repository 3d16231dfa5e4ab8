package limitraiser

import (
	"context"
	"errors"
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// usualFloor is how much concurrency AWS keeps for the functions that reserve none:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
// An account may have another floor; only the refusal of a reservation tells it.
const usualFloor = 100

// lowestFloor is the lowest that a refusal was seen to name.
const lowestFloor = 10

// readFunction reads a function's reserved concurrency, what is left of the account's, and its load.
func (r *Raiser) readFunction(ctx context.Context, shortage Shortage) (Facts, error) {
	facts := Facts{Resource: shortage.Resource, AlarmAbove: r.cfg.AlarmAbove}
	name := shortage.Resource.Name
	have := Have{Part: Part{Dimension: Concurrency}, Means: Reserved}
	listed := false
	for _, function := range r.cfg.Functions {
		if function.Name == name {
			have.Max, listed = float64(function.MaxConcurrency), true
		}
	}
	if !listed {
		return unlisted(facts, shortage.Parts), nil
	}
	reserved, err := r.aws.Lambda.GetFunctionConcurrency(ctx, &lambdasvc.GetFunctionConcurrencyInput{FunctionName: &name})
	var absent *lambdatypes.ResourceNotFoundException
	if errors.As(err, &absent) {
		return facts, nil
	}
	if err != nil {
		return Facts{}, err
	}
	facts.ARN = r.home(ctx).arn("lambda", "function:"+name)
	have.Now = float64(aws.ToInt32(reserved.ReservedConcurrentExecutions))
	switch {
	case reserved.ReservedConcurrentExecutions == nil:
		have.Means, have.Note = NoMeans, "it has no reserved concurrency, and to reserve some would be to cap it"
	case have.Now == 0:
		have.Means, have.Note = NoMeans, "its reserved concurrency is 0: somebody switched it off"
	}
	settings, err := r.aws.Lambda.GetAccountSettings(ctx, &lambdasvc.GetAccountSettingsInput{})
	if err != nil {
		return Facts{}, err
	}
	if limit := settings.AccountLimit; limit != nil {
		facts.Unreserved = float64(aws.ToInt32(limit.UnreservedConcurrentExecutions))
	}
	tags, err := r.aws.Lambda.ListTags(ctx, &lambdasvc.ListTagsInput{Resource: &facts.ARN})
	if err != nil {
		return Facts{}, err
	}
	facts.Tags = tags.Tags
	facts.Parts = []Have{have}
	if err := r.readLoads(ctx, facts.Parts, []load{functionLoad(name)}); err != nil {
		return Facts{}, err
	}
	return facts, nil
}

// functionLoad reckons in concurrent runs. By Little's law a minute's concurrency times its
// seconds, divided by its invocations, is how long one takes, so that a throttled invocation
// weighs what a successful one did.
func functionLoad(name string) load {
	of := map[string]string{"FunctionName": name}
	return load{
		tell: 2,
		series: []series{
			{"AWS/Lambda", "ConcurrentExecutions", "Maximum", of},
			{"AWS/Lambda", "Throttles", "Sum", of},
			{"AWS/Lambda", "Invocations", "Sum", of},
		},
		sample: func(values []float64) Sample {
			return Sample{Consumed: values[0] * 60, Throttled: values[1], Requests: values[2]}
		},
	}
}

func (r *Raiser) reserve(ctx context.Context, name string, concurrency float64) error {
	_, err := r.aws.Lambda.PutFunctionConcurrency(ctx, &lambdasvc.PutFunctionConcurrencyInput{
		FunctionName: &name, ReservedConcurrentExecutions: aws.Int32(int32(concurrency)),
	}, func(o *lambdasvc.Options) { o.Retryer = once() })
	return err
}

// floorText is where the refusal of a reservation tells the account's floor: "... decreases
// account's UnreservedConcurrentExecution below its minimum value of [100].". No field of any
// answer has it, so that this is the one text of AWS that is read here; what cannot be read
// is reported as any other refusal.
var floorText = regexp.MustCompile(`minimum value of \[(\d{1,9})\]`)

// floorOf reads the floor from a refusal.
func floorOf(err error) (float64, bool) {
	var invalid *lambdatypes.InvalidParameterValueException
	if !errors.As(err, &invalid) {
		return 0, false
	}
	match := floorText.FindStringSubmatch(invalid.ErrorMessage())
	if match == nil {
		return 0, false
	}
	floor, err := strconv.ParseFloat(match[1], 64)
	return floor, err == nil
}
