package logshipper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/internal/setting"
	logshipper "caretaker/log-shipper"
)

// redriveCommand sends dead letters again.
type redriveCommand struct {
	Target command.Target `embed:""`
	// Destination narrows what is sent again.
	Destination string           `placeholder:"NAME" help:"Only what this one of logShipper.destinations refused."`
	Wait        setting.Duration `default:"1m" placeholder:"TIME" help:"How long to wait for what becomes of them (${default}); 0s does not wait."`
}

// Run asks the deployed shipper of each Region meant for its dead letters, and tells what became of them.
func (r *redriveCommand) Run(j *command.Job) error {
	_, account, err := r.Target.Begin(j, false)
	if err != nil {
		return err
	}
	left := 0
	for position, region := range account.Regions {
		if j.Stopping.Err() != nil {
			return fmt.Errorf("%s was not looked at", strings.Join(account.Regions[position:], ", "))
		}
		one, err := r.region(j, account.In(region))
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		left += one
	}
	if left > 0 {
		return console.Ending{Code: console.WorkLeft}
	}
	return nil
}

// region redrives what is in one Region, and says how many objects are left.
func (r *redriveCommand) region(j *command.Job, cfg aws.Config) (left int, err error) {
	redriver, err := deployedIn(j, cfg)
	if err != nil {
		return 0, err
	}
	before, err := redriver.Letters(j.Stopping)
	if err != nil {
		return 0, err
	}
	maps.DeleteFunc(before, func(key string, _ time.Time) bool {
		return r.Destination != "" && logshipper.OwnerOf(key) != r.Destination
	})
	if len(before) == 0 {
		j.Say("%s: there are no dead letters.", cfg.Region)
		return 0, nil
	}
	j.Deletes()
	asked := 0
	for key, written := range before {
		if j.Stopping.Err() != nil {
			return 0, fmt.Errorf("the shipper sends %d of %d objects of dead letters again; the same command hands it the rest", asked, len(before))
		}
		if err := redriver.Ask(context.WithoutCancel(j.Stopping), key, written); err != nil {
			return 0, err
		}
		asked++
	}
	j.Say("%s: the shipper sends %d objects of dead letters again%s.", cfg.Region, len(before), shared(before))
	gone, again, waiting, err := r.became(j, redriver, before)
	if err != nil {
		return 0, err
	}
	goesOn := ""
	if waiting > 0 && j.Stopping.Err() != nil {
		goesOn = "; the shipper goes on with them"
	}
	j.Say("%s: %d are delivered, %d were refused again, %d still wait%s.", cfg.Region, gone, again, waiting, goesOn)
	return again + waiting, nil
}

// shared says for how many destinations something is, where they have names.
func shared(before map[string]time.Time) string {
	counts := map[string]int{}
	for key := range before {
		counts[logshipper.OwnerOf(key)]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if name != "" {
			parts = append(parts, fmt.Sprintf("%d of %s", counts[name], name))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// became looks until nothing waits any more, the time is up, or somebody stops it: the shipper goes on all the same.
func (r *redriveCommand) became(j *command.Job, redriver logshipper.Redriver, before map[string]time.Time) (gone, again, waiting int, err error) {
	waiting = len(before)
	for end := j.Now().Add(r.Wait.Std()); ; {
		after, err := redriver.Letters(j.Stopping)
		if j.Stopping.Err() != nil {
			return gone, again, waiting, nil
		}
		if err != nil {
			return 0, 0, 0, err
		}
		maps.DeleteFunc(after, func(key string, _ time.Time) bool {
			return r.Destination != "" && logshipper.OwnerOf(key) != r.Destination
		})
		if gone, again, waiting = logshipper.Compare(before, after); waiting == 0 || !j.Now().Before(end) {
			return gone, again, waiting, nil
		}
		select {
		case <-j.Stopping.Done():
			return gone, again, waiting, nil
		case <-time.After(time.Second):
		}
	}
}

// deployedIn finds the bucket and the queue of the stage's stack.
func deployedIn(j *command.Job, cfg aws.Config) (logshipper.Redriver, error) {
	name := config.StackPrefix(j.Stage()) + "LogShipper"
	given, err := cloudformation.NewFromConfig(cfg).DescribeStacks(j.Stopping, &cloudformation.DescribeStacksInput{StackName: &name})
	if refused, is := errors.AsType[smithy.APIError](err); is && refused.ErrorCode() == "ValidationError" || err == nil && len(given.Stacks) == 0 {
		return logshipper.Redriver{}, fmt.Errorf("there is no stack %s: the log-shipper is not deployed there, or under another --stage", name)
	}
	if err != nil {
		return logshipper.Redriver{}, fmt.Errorf("looking for the stack %s: %w", name, err)
	}
	outputs := given.Stacks[0].Outputs
	return logshipper.Redriver{
		S3: s3.NewFromConfig(cfg), SQS: sqs.NewFromConfig(cfg), Bucket: output(outputs, "BucketName"), Queue: output(outputs, "QueueUrl"),
	}, nil
}

func output(outputs []cloudformationtypes.Output, key string) string {
	for _, one := range outputs {
		if aws.ToString(one.OutputKey) == key {
			return aws.ToString(one.OutputValue)
		}
	}
	return ""
}
