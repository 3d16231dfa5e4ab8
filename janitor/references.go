package janitor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/iam"
)

// scan is one way of looking for references.
type scan struct {
	// key switches it off in caretaker.yaml; empty where nothing does.
	key string
	on  func(Config) bool
	// early scans cost a few pages a Region and help to make the shortlist.
	early bool
	// kinds are what it counts, for the belt. perFunction says that the count depends on
	// which functions are on the shortlist.
	kinds       []Kind
	perFunction bool
	// local scans read what can refer to nothing of another Region.
	local bool
	// calls is how many calls of Lambda's control plane it takes to read one function of the
	// shortlist, for a scan that reads function by function; nil where it reads the Region at once.
	calls  func(Function) int
	grants []iam.Statement
	read   func(*Janitor, context.Context, scope) (Findings, error)
}

// scope is what a scan may look at.
type scope struct {
	// place has the Region and account, so that targets elsewhere are not taken for ours.
	place target
	// functions are all of the Region, shortlist those with versions to protect.
	functions, shortlist []Function
	now                  time.Time
	// own is the scan that is being made.
	own scan
}

// scans is every scan, with its key in the file and the permissions it needs.
var scans = []scan{
	{
		key: "checks.eventSourceMappings", on: func(c Config) bool { return c.Checks.EventSourceMappings },
		early: true, kinds: []Kind{EventSourceMapping}, local: true, read: (*Janitor).readMappings,
		grants: regionWide("ReadMappings", "lambda:ListEventSourceMappings"),
	},
	{
		on: func(Config) bool { return true }, kinds: []Kind{Alias, WeightedAlias}, calls: oneCall,
		read: (*Janitor).readAliases, // its grant is one of every run's: apply reads aliases again
	},
	{
		key: "checks.provisionedConcurrency", on: func(c Config) bool { return c.Checks.ProvisionedConcurrency },
		kinds: []Kind{ProvisionedConcurrency}, calls: oneCall, local: true, read: (*Janitor).readProvisionedConcurrency,
		grants: onFunctions("ReadProvisionedConcurrency", "lambda:ListProvisionedConcurrencyConfigs"),
	},
	{
		key: "checks.scalableTargets", on: func(c Config) bool { return c.Checks.ScalableTargets },
		kinds: []Kind{ScalableTarget}, local: true, read: (*Janitor).readScalableTargets,
		grants: regionWide("ReadScalableTargets", "application-autoscaling:DescribeScalableTargets"),
	},
	{
		key: "checks.managedInstances", on: func(c Config) bool { return c.Checks.ManagedInstances },
		kinds: []Kind{ScalingConfig}, calls: perVersion(managed), local: true, read: (*Janitor).readScalingConfigs,
		grants: onFunctions("ReadScalingConfigs", "lambda:GetFunctionScalingConfig"),
	},
	{
		key: "checks.durableExecutions", on: func(c Config) bool { return c.Checks.DurableExecutions },
		kinds: []Kind{DurableExecution}, calls: perVersion(durable), local: true, read: (*Janitor).readDurableExecutions,
		grants: onFunctions("ReadDurableExecutions", "lambda:ListDurableExecutionsByFunction"),
	},
	{
		key: "checks.asyncDestinations", on: func(c Config) bool { return c.Checks.AsyncDestinations },
		kinds: []Kind{AsyncDestination, AsyncSettings}, read: (*Janitor).readDestinations,
		grants: onFunctions("ReadDestinations", "lambda:ListFunctionEventInvokeConfigs"),
	},
	{
		key: "checks.policies", on: func(c Config) bool { return c.Checks.Policies },
		grants: onFunctions("ReadPolicies", "lambda:GetPolicy"), // read by apply, as the last look
	},
	{
		key: "keep.invokedWithin", on: func(c Config) bool { return c.Keep.InvokedWithin > 0 },
		kinds: []Kind{Invocation}, local: true, read: (*Janitor).readInvocations,
		grants: regionWide("ReadInvocations", "cloudwatch:ListMetrics"),
	},
	{
		key: "checks.aliasHistory", on: func(c Config) bool { return c.Checks.AliasHistory && c.Keep.SupersededFor > 0 },
		local: true, read: (*Janitor).readAliasHistory, grants: regionWide("ReadAliasHistory", "cloudtrail:LookupEvents"),
	},
	{
		key: "checks.stackStates", on: func(c Config) bool { return c.Checks.StackStates },
		local: true, read: (*Janitor).readStackStates, grants: regionWide("ReadStackStates", "cloudformation:ListStacks"),
	},
	{
		key: "checks.stackResources", on: func(c Config) bool { return c.Checks.StackResources },
		kinds: []Kind{StackResource}, perFunction: true, read: (*Janitor).readStackResources,
		grants: append(regionWide("ReadLiveStacks", "cloudformation:ListStacks"), iam.Statement{
			Sid: "ReadStackResources", Actions: []string{"cloudformation:ListStackResources"},
			Resources: []string{"arn:${Partition}:cloudformation:${Region}:${Account}:stack/*"},
		}),
	},
	{
		key: "checks.stepFunctions", on: func(c Config) bool { return c.Checks.StepFunctions },
		kinds: []Kind{StateMachine}, read: (*Janitor).readStateMachines,
		grants: append(regionWide("ListStateMachines", "states:ListStateMachines"), iam.Statement{
			Sid: "ReadStateMachines", Actions: []string{"states:DescribeStateMachine", "states:ListStateMachineVersions"},
			Resources: []string{"arn:${Partition}:states:${Region}:${Account}:stateMachine:*"},
		}),
	},
	{
		// It counts nothing for the belt: executions come and go.
		key: "checks.stepFunctionsExecutions", on: func(c Config) bool { return c.Checks.StepFunctionsExecutions },
		read: (*Janitor).readExecutions,
		grants: append(regionWide("ListRunningStateMachines", "states:ListStateMachines"), iam.Statement{
			Sid: "ListExecutions", Actions: []string{"states:ListExecutions"},
			Resources: []string{"arn:${Partition}:states:${Region}:${Account}:stateMachine:*"},
		}, iam.Statement{
			Sid: "ReadExecutions", Actions: []string{"states:DescribeStateMachineForExecution"},
			Resources: []string{"arn:${Partition}:states:${Region}:${Account}:execution:*"},
		}),
	},
	{
		key: "checks.scheduler", on: func(c Config) bool { return c.Checks.Scheduler },
		kinds: []Kind{Schedule}, read: (*Janitor).readSchedules,
		grants: append(regionWide("ListSchedules", "scheduler:ListSchedules"), iam.Statement{
			Sid: "ReadSchedules", Actions: []string{"scheduler:GetSchedule"},
			Resources: []string{"arn:${Partition}:scheduler:${Region}:${Account}:schedule/*"},
		}),
	},
	{
		key: "checks.pipes", on: func(c Config) bool { return c.Checks.Pipes },
		kinds: []Kind{Pipe}, read: (*Janitor).readPipes,
		grants: append(regionWide("ListPipes", "pipes:ListPipes"), iam.Statement{
			Sid: "ReadPipes", Actions: []string{"pipes:DescribePipe"},
			Resources: []string{"arn:${Partition}:pipes:${Region}:${Account}:pipe/*"},
		}),
	},
	{
		key: "checks.apiGateway", on: func(c Config) bool { return c.Checks.APIGateway },
		kinds: []Kind{API}, read: (*Janitor).readAPIs,
		grants: []iam.Statement{{Sid: "ReadAPIs", Actions: []string{"apigateway:GET"}, Resources: []string{
			"arn:${Partition}:apigateway:${Region}::/restapis", "arn:${Partition}:apigateway:${Region}::/restapis/*",
			"arn:${Partition}:apigateway:${Region}::/apis", "arn:${Partition}:apigateway:${Region}::/apis/*",
		}}},
	},
	{
		key: "checks.apiGatewayStages", on: func(c Config) bool { return c.Checks.APIGatewayStages },
		kinds: []Kind{APIStage}, read: (*Janitor).readAPIStages,
		grants: []iam.Statement{{Sid: "ReadAPIStages", Actions: []string{"apigateway:GET"}, Resources: []string{
			"arn:${Partition}:apigateway:${Region}::/restapis", "arn:${Partition}:apigateway:${Region}::/restapis/*",
			"arn:${Partition}:apigateway:${Region}::/apis", "arn:${Partition}:apigateway:${Region}::/apis/*",
		}}},
	},
	{
		key: "checks.eventBridge", on: func(c Config) bool { return c.Checks.EventBridge },
		kinds: []Kind{Rule}, read: (*Janitor).readRules,
		grants: append(regionWide("ListRules", "events:ListEventBuses", "events:ListRules"), iam.Statement{
			Sid: "ReadRules", Actions: []string{"events:ListTargetsByRule"},
			Resources: []string{"arn:${Partition}:events:${Region}:${Account}:rule/*"},
		}),
	},
	{
		key: "checks.appSync", on: func(c Config) bool { return c.Checks.AppSync },
		kinds: []Kind{DataSource}, read: (*Janitor).readDataSources,
		grants: regionWide("ReadAppSync", "appsync:ListGraphqlApis", "appsync:ListApis", "appsync:ListDataSources"),
	},
	{
		key: "checks.firehose", on: func(c Config) bool { return c.Checks.Firehose },
		kinds: []Kind{DeliveryStream}, read: (*Janitor).readDeliveryStreams,
		grants: append(regionWide("ListDeliveryStreams", "firehose:ListDeliveryStreams"), iam.Statement{
			Sid: "ReadDeliveryStreams", Actions: []string{"firehose:DescribeDeliveryStream"},
			Resources: []string{"arn:${Partition}:firehose:${Region}:${Account}:deliverystream/*"},
		}),
	},
}

// candidates are the shortlisted versions that something holds of, each by itself.
func (s scope) candidates(holds func(Version) bool) []Function {
	var some []Function
	for _, function := range s.shortlist {
		for _, version := range function.Versions {
			if holds(version) {
				some = append(some, Function{Name: function.Name, Versions: []Version{version}})
			}
		}
	}
	return some
}

func regionWide(sid string, actions ...string) []iam.Statement {
	return []iam.Statement{{
		Sid: sid, Actions: actions, Resources: []string{anyResource},
		WhyStar: "listing a whole Region has no narrower resource",
	}}
}

func onFunctions(sid, action string) []iam.Statement {
	return []iam.Statement{{Sid: sid, Actions: []string{action}, Resources: []string{anyFunction}}}
}

func oneCall(Function) int { return 1 }

// perVersion is a call for each version that something holds of.
func perVersion(holds func(Version) bool) func(Function) int {
	return func(function Function) int { return len(scope{shortlist: []Function{function}}.candidates(holds)) }
}

func durable(v Version) bool { return v.Durable }
func managed(v Version) bool { return v.Managed }

// references runs the early scans, or the others of the whole Region, side by side. A scan that fails
// is not the end: what it could have protected is kept, and the run goes on with the rest.
func (j *Janitor) references(ctx context.Context, in scope, early bool) (Findings, error) {
	var found gathered
	var group errgroup.Group
	var begun, ended atomic.Int64
	for _, one := range scans {
		if one.read == nil || one.calls != nil || one.early != early || !one.on(j.cfg) {
			continue
		}
		begun.Add(1)
		in := in // each scan has a scope of its own, since they run side by side
		in.own = one
		group.Go(func() error {
			findings, err := one.read(j, ctx, in)
			if ends(err) || ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			if err != nil {
				findings.Unread = append(findings.Unread, unread(one, "", err))
			}
			findings.FunctionsRead = one.counted(in)
			found.with(func(all *Findings) { all.add(findings) })
			j.options.Observer.Progress(ReadingReferences, int(ended.Add(1)), int(begun.Load()))
			return nil
		})
	}
	err := group.Wait()
	return found.Findings, err
}

func (s scan) counted(in scope) map[Kind]int {
	counted := map[Kind]int{}
	for _, kind := range s.kinds {
		counted[kind] = 0
		if s.perFunction {
			counted[kind] = len(in.shortlist)
		}
	}
	return counted
}

// ends says whether an error ends the whole reading: whatever comes next would fail as well.
func ends(err error) bool { return errors.Is(err, errNoTime) || causeOf(err) == expiry }

// unread names the check and what to do about it.
func unread(one scan, function string, err error) Unread {
	check := "aliases"
	if one.key != "" {
		check = "janitor." + one.key
	}
	return Unread{Check: check, Function: function, Cause: one.needs(err).explain(err)}
}

// needs is what the call that failed needs, or the whole scan when its error does not say which it was.
func (s scan) needs(err error) need {
	grants := s.grants
	if s.key == "" {
		grants = onFunctions("", "lambda:ListAliases")
	}
	var found need
	if s.key != "" {
		found.key = "janitor." + s.key
	}
	var operation *smithy.OperationError
	named := errors.As(err, &operation)
	var actions, resources []string
	for _, statement := range grants {
		for _, action := range statement.Actions {
			if named && strings.HasSuffix(action, ":"+operation.Operation()) {
				found.action, found.resource = action, strings.Join(statement.Resources, ", ")
				return found
			}
		}
		actions, resources = append(actions, statement.Actions...), append(resources, statement.Resources...)
	}
	found.action, found.resource = strings.Join(actions, ", "), strings.Join(resources, ", ")
	return found
}

// notChecked are the keys of the scans that are off.
func notChecked(cfg Config) []string {
	var keys []string
	for _, one := range scans {
		if !one.on(cfg) {
			keys = append(keys, "janitor."+one.key)
		}
	}
	if cfg.Checks.DynamicTargets == IgnoreDynamic {
		keys = append(keys, "janitor.checks.dynamicTargets")
	}
	slices.Sort(keys)
	return keys
}

// perFunction reads something of each function; one that cannot be read is unread alone, and
// one that is gone has nothing to protect any more.
func perFunction(ctx context.Context, own scan, functions []Function, read func(context.Context, Function) (Findings, error)) (Findings, error) {
	var found gathered
	err := each(ctx, functions, func(ctx context.Context, function Function) error {
		findings, err := read(ctx, function)
		var gone *lambdatypes.ResourceNotFoundException
		switch {
		case errors.As(err, &gone):
		case ends(err):
			return err
		case err != nil:
			found.with(func(all *Findings) { all.Unread = append(all.Unread, unread(own, function.Name, err)) })
		default:
			found.with(func(all *Findings) { all.add(findings) })
		}
		return ctx.Err()
	})
	return found.Findings, err
}

// named adds what a piece of configuration calls, if it is in this place or in another Region.
func (f *Findings) named(in scope, kind Kind, by string, what calls) {
	for _, called := range what.static {
		reference := Reference{called.function, called.qualifier, kind, by}
		switch {
		case called.at(in.place):
			f.References = append(f.References, reference)
		case called.elsewhere(in.place):
			f.elsewhere(called.region, Findings{References: []Reference{reference}})
		}
	}
	for _, called := range what.dynamic {
		called.Kind, called.By = kind, by
		if region := called.Region; region != "" && region != in.place.region {
			f.elsewhere(region, Findings{Dynamic: []DynamicTarget{called}})
			continue
		}
		called.Region = ""
		f.Dynamic = append(f.Dynamic, called)
	}
}

// arn adds a target given by its full ARN; one of another service is none of ours.
func (f *Findings) arn(in scope, kind Kind, by, text string) {
	if called, ok := parseTarget(text); ok {
		f.named(in, kind, by, calls{static: []target{called}})
	}
}
