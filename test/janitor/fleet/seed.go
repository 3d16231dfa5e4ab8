package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/emulator"
)

// invokerRole is the name of the role of whatever calls functions with an identity.
const invokerRole = "shop-invoker"

// seeder carries what all kinds of references need while one fleet is seeded.
type seeder struct {
	emulator *emulator.Emulator
	cfg      aws.Config
	plan     Plan
	now      time.Time

	functions   []function
	lambda      *lambdasvc.Client
	runtimeRole string // that of the functions
	invokerRole string // that of whatever calls them

	mu    sync.Mutex
	cases []Case
}

// Seed puts the plan's fleet into the emulator, which must be empty and keep a history (Options.CloudTrail).
// It takes a second or two.
func Seed(ctx context.Context, e *emulator.Emulator, plan Plan) (Fleet, error) {
	if plan.Versions < 8 {
		return Fleet{}, fmt.Errorf("seeding the fleet: %d versions a function leave no room for the cases: at least 8", plan.Versions)
	}
	now := time.Now().UTC().Truncate(time.Second)
	s := &seeder{
		emulator: e, cfg: e.AWS(), plan: plan, now: now,
		lambda: lambdasvc.NewFromConfig(e.AWS()),
	}
	s.functions = plan.functions(now, s.protect(imageResize, 3, "environment variable of "+paymentsWebhook, Variable))
	for _, step := range []func(context.Context) error{s.roles, s.stacks, s.publish, s.refer} {
		if err := step(ctx); err != nil {
			return Fleet{}, fmt.Errorf("seeding the fleet: %w", err)
		}
	}
	return s.fleet(), nil
}

// refer sets up everything that refers to a version, side by side once the aliases are there, to
// which some of it refers.
func (s *seeder) refer(ctx context.Context) error {
	if err := s.aliases(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, kind := range []func(context.Context) error{
		s.rules, s.mappings, s.provisioned, s.scaled, s.destinations, s.policies, s.durable,
		s.stateMachines, s.executions, s.schedules, s.pipes, s.restAPIs, s.httpAPIs, s.eventRules, s.graphs, s.deliveryStreams, s.invocations,
	} {
		group.Go(func() error { return kind(ctx) })
	}
	return group.Wait()
}

// roles makes what functions and callers run as: with IAM enforced no function can be made without.
func (s *seeder) roles(ctx context.Context) error {
	client := iam.NewFromConfig(s.cfg)
	for name, role := range map[string]struct {
		arn       *string
		principal string
	}{
		"shop-runtime": {&s.runtimeRole, `"lambda.amazonaws.com"`},
		invokerRole:    {&s.invokerRole, `["states.amazonaws.com","scheduler.amazonaws.com","pipes.amazonaws.com","apigateway.amazonaws.com","events.amazonaws.com","appsync.amazonaws.com","firehose.amazonaws.com"]`},
	} {
		out, err := client.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: &name,
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":` +
				role.principal + `}}]}`),
		})
		if err != nil {
			return fmt.Errorf("creating role %s: %w", name, err)
		}
		*role.arn = aws.ToString(out.Role.Arn)
	}
	return nil
}

// arn is a function's ARN; the empty qualifier leaves it unqualified.
func (s *seeder) arn(function, qualifier string) string {
	arn := "arn:aws:lambda:" + s.emulator.Region() + ":" + s.emulator.Account() + ":function:" + function
	if qualifier != "" {
		arn += ":" + qualifier
	}
	return arn
}

// protect notes a case and gives the ARN by which it is to be referred to.
func (s *seeder) protect(function string, version int, why string, checks ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cases = append(s.cases, Case{Function: function, Version: version, Checks: checks, Why: why})
	return s.arn(function, strconv.Itoa(version))
}

// protectAll notes every version of a function from one number on that is not among its newest.
func (s *seeder) protectAll(function string, from int, why string, checks ...string) {
	for _, f := range s.functions {
		for number := max(1, from); f.name == function && number <= f.versions-Newest; number++ {
			s.protect(function, number, why, checks...)
		}
	}
}

func (s *seeder) fleet() Fleet {
	slices.SortFunc(s.cases, func(a, b Case) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Version, b.Version))
	})
	f := Fleet{Cases: s.cases, Versions: map[string][]int{}}
	for _, one := range s.functions {
		for number := 1; number <= one.versions; number++ {
			f.Versions[one.name] = append(f.Versions[one.name], number)
		}
	}
	return f
}
