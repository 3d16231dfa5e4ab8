package janitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"caretaker/internal/paged"
)

// readSchedules reads the targets of all schedules. The list has a templated target's ARN; a
// universal one, which calls any AWS API, has its function in the schedule's input, and so may
// whatever starts something else.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
func (j *Janitor) readSchedules(ctx context.Context, in scope) (Findings, error) {
	var found gathered
	var whole []schedulertypes.ScheduleSummary
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.Scheduler.ListSchedules(ctx, &scheduler.ListSchedulesInput{MaxResults: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, schedule := range page.Schedules {
			if schedule.Target == nil || !hands(aws.ToString(schedule.Target.Arn)) {
				whole = append(whole, schedule)
				continue
			}
			found.arn(in, Schedule, aws.ToString(schedule.Name), aws.ToString(schedule.Target.Arn))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing schedules: %w", err)
	}
	err = each(ctx, whole, func(ctx context.Context, schedule schedulertypes.ScheduleSummary) error {
		called, err := j.scheduleCalls(ctx, schedule)
		if err != nil {
			return fmt.Errorf("reading schedule %s: %w", aws.ToString(schedule.Name), err)
		}
		found.with(func(all *Findings) { all.named(in, Schedule, aws.ToString(schedule.Name), called) })
		return nil
	})
	return found.Findings, err
}

// hands says whether a target only hands a message to a function, a queue, a topic or a stream. Of
// these there may be hundreds of thousands, for a reminder each: the list is all that is read of them.
func hands(target string) bool {
	parsed, err := arn.Parse(target)
	return err == nil && slices.Contains([]string{"lambda", "sqs", "sns", "kinesis", "firehose"}, parsed.Service)
}

// universal says whether a target, in small letters, calls Lambda's API by itself.
func universal(arn string) bool { return strings.Contains(arn, ":aws-sdk:lambda:") }

func (j *Janitor) scheduleCalls(ctx context.Context, schedule schedulertypes.ScheduleSummary) (calls, error) {
	whole, err := j.aws.Scheduler.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: schedule.Name, GroupName: schedule.GroupName})
	var gone *schedulertypes.ResourceNotFoundException
	if errors.As(err, &gone) {
		return calls{}, nil
	}
	if err != nil {
		return calls{}, err
	}
	if whole.Target == nil {
		return calls{dynamic: []DynamicTarget{{Prefix: true}}}, nil
	}
	static, err := arnsAnywhere(whole.Target)
	if err != nil {
		return calls{}, err
	}
	called := requestCalls(strings.ToLower(aws.ToString(whole.Target.Arn)), []byte(aws.ToString(whole.Target.Input)))
	called.static = append(called.static, static...)
	return called, nil
}

// requestCalls reads the input of a universal target, in small letters, as a request to Lambda's API.
func requestCalls(arn string, input []byte) calls {
	if !universal(arn) {
		return calls{}
	}
	if !strings.Contains(arn, ":aws-sdk:lambda:invoke") {
		var request map[string]any
		_ = json.Unmarshal(input, &request) // whatever cannot be read names no version
		return calls{static: requestTargets(request)}
	}
	var request struct{ FunctionName, Qualifier string }
	if json.Unmarshal(input, &request) != nil {
		return calls{dynamic: []DynamicTarget{{Prefix: true}}}
	}
	return callOf(template(request.FunctionName, "<aws."), template(request.Qualifier, "<aws."))
}
