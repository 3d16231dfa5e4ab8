package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"golang.org/x/sync/errgroup"

	"caretaker/cmd/caretaker/command"
	"caretaker/internal/config"
	"caretaker/internal/tag"
)

// Unread is a Region that could not be read, or not all of it.
type Unread struct {
	Region string `json:"region"`
	Error  string `json:"error"`
	// listed says that its stacks are known all the same: only something about one of them is not.
	listed bool
}

// regionsAtOnce are read side by side.
const regionsAtOnce = 8

// look reads all Regions. One that fails does not keep the others from being read.
func look(ctx context.Context, account command.Account, regions []string) (found []stack, unread []Unread) {
	unread = []Unread{}
	var group errgroup.Group
	var mutex sync.Mutex
	group.SetLimit(regionsAtOnce)
	for _, region := range regions {
		group.Go(func() error {
			here, err := stacksIn(ctx, account.In(region))
			listed := err == nil
			for at := range here {
				err = errors.Join(err, here[at].fill(ctx, account.In(region)))
			}
			mutex.Lock()
			defer mutex.Unlock()
			found = append(found, here...)
			if err != nil {
				unread = append(unread, Unread{region, err.Error(), listed})
			}
			return nil
		})
	}
	_ = group.Wait() // each error is with its Region
	slices.SortFunc(unread, func(a, b Unread) int { return strings.Compare(a.Region, b.Region) })
	return found, unread
}

// stacksIn are a Region's stacks of Caretaker.
func stacksIn(ctx context.Context, cfg aws.Config) ([]stack, error) {
	var stacks []stack
	pages := cloudformation.NewDescribeStacksPaginator(cloudformation.NewFromConfig(cfg), &cloudformation.DescribeStacksInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return stacks, fmt.Errorf("describing stacks: %w", command.Innermost(err))
		}
		for _, one := range page.Stacks {
			if s, ours := ours(cfg.Region, one); ours {
				stacks = append(stacks, s)
			}
		}
	}
	return stacks, nil
}

// ours says whether a stack is one of Caretaker's: both its name and its tag say so, since what is
// shown is a command that deletes it.
func ours(region string, one cloudformationtypes.Stack) (stack, bool) {
	s := stack{region: region, name: aws.ToString(one.StackName), state: string(one.StackStatus)}
	for _, label := range one.Tags {
		if aws.ToString(label.Key) == tag.Stage {
			s.stage = aws.ToString(label.Value)
		}
	}
	part, named := strings.CutPrefix(s.name, config.StackPrefix(s.stage))
	if s.stage == "" || !named || part == "" || strings.Contains(part, "-") || one.ParentId != nil || one.StackStatus == cloudformationtypes.StackStatusDeleteComplete {
		return stack{}, false
	}
	for _, output := range one.Outputs {
		key, value := aws.ToString(output.OutputKey), aws.ToString(output.OutputValue)
		switch {
		case key == config.DryRunOutput:
			s.dryRun = value
		case key == config.DeployedOutput:
			s.configuration = value
		case strings.HasSuffix(key, "FunctionName"):
			s.functions = append(s.functions, Function{Name: value})
		}
	}
	slices.SortFunc(s.functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return s, true
}

// fill reads what is in a stack.
func (s *stack) fill(ctx context.Context, cfg aws.Config) error {
	var problems []error
	for at := range s.functions {
		problems = append(problems, s.functions[at].read(ctx, cfg), s.functions[at].readLog(ctx, cfg))
	}
	s.alarms = []string{}
	for _, function := range s.functions {
		red, err := redAlarms(ctx, cfg, function.Name)
		problems = append(problems, err)
		s.alarms = append(s.alarms, red...)
	}
	slices.Sort(s.alarms)
	s.alarms = slices.Compact(s.alarms) // the name of one function may begin that of another
	return errors.Join(problems...)
}
