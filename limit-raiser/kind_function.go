package limitraiser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/alarm"
	"caretaker/internal/iam"
	"caretaker/internal/setting"
)

// functions are Lambda functions with reserved concurrency.
type functions struct{ plain }

// KindFunction is a Lambda function.
const KindFunction Kind = "function"

// Concurrency is what is reserved for a function.
const Concurrency Dimension = "concurrency"

// Reserved is a function's reserved concurrency.
const Reserved Means = "reserved concurrency"

type lambdaAPI interface {
	GetAccountSettings(context.Context, *lambdasvc.GetAccountSettingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetAccountSettingsOutput, error)
	GetFunctionConcurrency(context.Context, *lambdasvc.GetFunctionConcurrencyInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetFunctionConcurrencyOutput, error)
	ListTags(context.Context, *lambdasvc.ListTagsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListTagsOutput, error)
	PutFunctionConcurrency(context.Context, *lambdasvc.PutFunctionConcurrencyInput, ...func(*lambdasvc.Options)) (*lambdasvc.PutFunctionConcurrencyOutput, error)
}

func (functions) names(metric alarm.Metric) (string, []Part) {
	name := metric.Dimensions["FunctionName"]
	if metric.Namespace != "AWS/Lambda" || name == "" || !concurrencyMetrics[metric.Name] {
		return "", nil
	}
	return name, []Part{{Dimension: Concurrency}}
}

// concurrencyMetrics speak of how many of a function's runs there are at once.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
var concurrencyMetrics = map[string]bool{"Throttles": true, "ConcurrentExecutions": true, "ClaimedAccountConcurrency": true}

// usualFloor is how much concurrency AWS keeps for the functions that reserve none:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
// An account may have another floor; only the refusal of a reservation tells it.
const usualFloor = 100

// lowestFloor is the lowest that a refusal was seen to name.
const lowestFloor = 10

// read reads a function's reserved concurrency, what is left of the account's, and its load.
func (functions) read(ctx context.Context, r *Raiser, shortage Shortage) (Facts, error) {
	facts := Facts{Resource: shortage.Resource, AlarmAbove: r.cfg.AlarmAbove}
	name := shortage.Resource.Name
	current := Current{Part: Part{Dimension: Concurrency}, Means: Reserved}
	listed := false
	for _, function := range r.cfg.Functions {
		if function.Name == name {
			current.Max, listed = float64(function.MaxConcurrency), true
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
	current.Now = float64(aws.ToInt32(reserved.ReservedConcurrentExecutions))
	switch {
	case reserved.ReservedConcurrentExecutions == nil:
		current.Means, current.Note = NoMeans, "it has no reserved concurrency, and reserving some would cap it"
	case current.Now == 0:
		current.Means, current.Note = NoMeans, "its reserved concurrency is 0: somebody switched it off"
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
	facts.Parts = []Current{current}
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

func (functions) raise(ctx context.Context, r *Raiser, facts Facts, decisions []Decision) error {
	_, err := r.aws.Lambda.PutFunctionConcurrency(ctx, &lambdasvc.PutFunctionConcurrencyInput{
		FunctionName: &facts.Resource.Name, ReservedConcurrentExecutions: aws.Int32(int32(decisions[0].To)),
	}, func(o *lambdasvc.Options) { o.Retryer = retryThrottled() })
	return err
}

// floorText is where the refusal of a reservation tells the account's floor: "... decreases
// account's UnreservedConcurrentExecution below its minimum value of [100].". No field of any
// answer has it, so that this is the one text of AWS that is read here; what cannot be read
// is reported as any other refusal.
var floorText = regexp.MustCompile(`minimum value of \[(\d{1,9})\]`)

func (functions) floor(refusal error) float64 {
	var invalid *lambdatypes.InvalidParameterValueException
	if !errors.As(refusal, &invalid) {
		return 0
	}
	match := floorText.FindStringSubmatch(invalid.ErrorMessage())
	if match == nil {
		return 0
	}
	floor, _ := strconv.ParseFloat(match[1], 64) // nine digits always are a number
	return floor
}

// room is how much of an increase can be reserved without taking what must stay unreserved.
func (functions) room(increase Increase, facts Facts, memory Memory, sizing Sizing) (to float64, note string) {
	floor := cmp.Or(memory.Floor, usualFloor)
	if to = reservable(increase, facts.Unreserved, floor, sizing.Headroom); to <= increase.From && memory.Floor == 0 {
		// An account with little concurrency has a lower floor. Below the usual one AWS either
		// agrees, or its refusal tells the floor.
		asking := reservable(increase, facts.Unreserved, lowestFloor, sizing.Headroom)
		if facts.Unreserved-(asking-increase.From) < usualFloor {
			to, note = asking, fmt.Sprintf("; that leaves less than the usual %d unreserved, if AWS agrees", usualFloor)
		}
	}
	if to <= increase.From {
		return increase.From, fmt.Sprintf("%s concurrency is unreserved, and %s with %s headroom must stay so", units(facts.Unreserved), units(floor), sizing.Headroom)
	}
	return to, note
}

func reservable(increase Increase, unreserved, floor float64, headroom setting.Percent) float64 {
	spare := unreserved - whole(floor*(1+float64(headroom)/100))
	return min(increase.To, increase.From+max(0, spare))
}

func (functions) threshold(metric alarm.Metric, threshold float64) (float64, bool) {
	return threshold, metric.Name == "ConcurrentExecutions"
}

func (functions) link(name, region string) string {
	return "lambda/home?region=" + region + "#/functions/" + name
}

func (functions) statements(cfg Config) []iam.Statement {
	listed := each(cfg.Functions, func(f Function) string { return "arn:${Partition}:lambda:${Region}:${Account}:function:" + f.Name })
	if len(listed) == 0 {
		return nil
	}
	return []iam.Statement{{
		Sid: "RaiseConcurrency", Resources: listed,
		Actions: []string{"lambda:GetFunctionConcurrency", "lambda:ListTags", "lambda:PutFunctionConcurrency"},
	}, {
		Sid: "ReadConcurrency", Resources: []string{anyResource}, Actions: []string{"lambda:GetAccountSettings"},
		WhyStar: "it tells of the whole account and has no narrower resource",
	}}
}
