package janitor

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"caretaker/internal/setting"
)

// Config is the janitor's section of caretaker.yaml.
type Config struct {
	// Enabled says whether the janitor is deployed at all; where it is false, deploying deletes its stack.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// DryRun keeps the deployed function from deleting anything. On the command line the verb decides instead.
	DryRun bool `json:"dryRun" yaml:"dryRun"`
	// Schedule is an EventBridge Scheduler expression: rate(6 hours) or cron(0 3 * * ? *).
	Schedule string `json:"schedule" yaml:"schedule"`
	// TimeZone is the time zone of a cron schedule by its IANA name, such as Europe/Berlin. Empty means UTC.
	TimeZone string `json:"timeZone" yaml:"timeZone"`
	// Rate is how many Lambda control-plane calls a second the janitor makes at most. AWS allows an account 15 in a Region, deployments included, and does not raise that:
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	Rate float64 `json:"rate" yaml:"rate" bounds:"1 to 15" of:"calls a second"`
	// Function is the deployed function's size.
	Function setting.Function `json:"function" yaml:"function"`
	// Keep says which versions to keep even if nothing refers to them.
	Keep Keep `json:"keep" yaml:"keep"`
	// Include limits the janitor to some functions. Empty means all.
	Include Include `json:"include" yaml:"include"`
	// Exclude leaves functions alone; it always overrides Include.
	Exclude Exclude `json:"exclude" yaml:"exclude"`
	// Pressure makes the janitor depend on how full the Region's code storage is.
	Pressure Pressure `json:"pressure" yaml:"pressure"`
	// Belts limit what one run may delete.
	Belts Belts `json:"belts" yaml:"belts"`
	// Checks are the scans for references, each of which can be switched off.
	Checks Checks `json:"checks" yaml:"checks"`
	// QualifiedDelete grants DeleteFunction on function:*:* instead of function:*. AWS would then
	// refuse a deletion without a qualifier, if it checks the qualified ARN. Whether it
	// does is not verified: if it does not, every deletion is refused.
	QualifiedDelete bool `json:"qualifiedDelete" yaml:"qualifiedDelete"`
}

// Keep holds the rules for versions that nothing refers to. A version is deleted
// only if all of them allow it.
type Keep struct {
	// Newest is how many of a function's newest versions, by number, are kept.
	Newest int `json:"newest" yaml:"newest" bounds:"1 to 10000"`
	// SupersededFor is how long a version is kept after a newer one was published or an
	// alias of its function changed. CloudTrail looks back 90 days.
	SupersededFor setting.Duration `json:"supersededFor" yaml:"supersededFor" bounds:"30m to 90d" zero:"off"`
	// InvokedWithin keeps versions that were invoked by number within this time. The last two weeks take one list for the Region; more takes a metric for each version
	// that would be deleted, at a cent for 1,000 of them in each run.
	InvokedWithin setting.Duration `json:"invokedWithin" yaml:"invokedWithin" bounds:"14d to 455d" zero:"off"`
}

// Include names the functions that the janitor looks after. If both fields are set, a function must match both.
type Include struct {
	// Names are patterns for path.Match: checkout-*. Empty means every name.
	Names []string `json:"names" yaml:"names"`
	// Tags must all be on the function; the value * matches any. Empty means no tag is needed.
	Tags map[string]string `json:"tags" yaml:"tags"`
}

// Exclude names the functions the janitor leaves alone. One match is enough.
type Exclude struct {
	// Names are patterns for path.Match. They also become a Deny in the function's role.
	Names []string `json:"names" yaml:"names"`
	// Tags exclude a function that has any of them; the value * matches any.
	Tags map[string]string `json:"tags" yaml:"tags"`
	// Runtimes are patterns for the runtime's identifier: nodejs*.
	Runtimes []string `json:"runtimes" yaml:"runtimes"`
	// Stacks are patterns for the name of the CloudFormation stack that the function belongs to.
	Stacks []string `json:"stacks" yaml:"stacks"`
}

// Pressure makes the janitor depend on the share of the Region's code storage in use.
type Pressure struct {
	// Above is the share below which a run does nothing. 0%, the default, always runs.
	Above setting.Percent `json:"above" yaml:"above"`
	// TightenAbove is the share above which Newest here replaces keep.newest. 0% never does.
	TightenAbove setting.Percent `json:"tightenAbove" yaml:"tightenAbove"`
	// Newest replaces keep.newest under pressure; a value above keep.newest changes nothing.
	Newest int `json:"newest" yaml:"newest" bounds:"1 to 10000"`
}

// Belts limit one run.
type Belts struct {
	// MaxDeletions cuts a run: it deletes this many of the biggest versions, and the rest wait for the next run.
	MaxDeletions int `json:"maxDeletions" yaml:"maxDeletions" bounds:"1 to 1000000"`
	// MaxPercent stops a run before its first deletion if more than this percentage of the Region's
	// numbered versions would be deleted, before maxDeletions cuts it. 100, the default, never does.
	MaxPercent float64 `json:"maxPercent" yaml:"maxPercent" bounds:"1 to 100"`
}

// Checks switches the scans for references on and off. A scan that is off is
// named in every report as not checked.
type Checks struct {
	EventSourceMappings    bool `json:"eventSourceMappings" yaml:"eventSourceMappings"`
	ProvisionedConcurrency bool `json:"provisionedConcurrency" yaml:"provisionedConcurrency"`
	// ScalableTargets reads what Application Auto Scaling manages, even if it is scaled to zero at the moment.
	ScalableTargets bool `json:"scalableTargets" yaml:"scalableTargets"`
	// ManagedInstances reads which versions on Lambda Managed Instances have limits of their own.
	ManagedInstances  bool `json:"managedInstances" yaml:"managedInstances"`
	DurableExecutions bool `json:"durableExecutions" yaml:"durableExecutions"`
	// AsyncDestinations reads which versions receive other functions' results, and which have
	// settings of their own for asynchronous invocations.
	AsyncDestinations bool `json:"asyncDestinations" yaml:"asyncDestinations"`
	Policies          bool `json:"policies" yaml:"policies"`
	AliasHistory      bool `json:"aliasHistory" yaml:"aliasHistory"`
	StackResources    bool `json:"stackResources" yaml:"stackResources"`
	StackStates       bool `json:"stackStates" yaml:"stackStates"`
	StepFunctions     bool `json:"stepFunctions" yaml:"stepFunctions"`
	// StepFunctionsExecutions reads the definitions that running executions continue with after their
	// state machine was updated.
	StepFunctionsExecutions bool `json:"stepFunctionsExecutions" yaml:"stepFunctionsExecutions"`
	Scheduler               bool `json:"scheduler" yaml:"scheduler"`
	Pipes                   bool `json:"pipes" yaml:"pipes"`
	APIGateway              bool `json:"apiGateway" yaml:"apiGateway"`
	// APIGatewayStages reads what each stage of a REST API was deployed with, and of an HTTP API that
	// is not deployed with each change. If the API was edited since, this differs from what APIGateway
	// reads.
	APIGatewayStages bool `json:"apiGatewayStages" yaml:"apiGatewayStages"`
	EventBridge      bool `json:"eventBridge" yaml:"eventBridge"`
	AppSync          bool `json:"appSync" yaml:"appSync"`
	Firehose         bool `json:"firehose" yaml:"firehose"`
	// DynamicTargets says what happens with a target that is only known when it runs: protect, the
	// default, keeps every version that it may name; ignore keeps none. The report lists it either way.
	DynamicTargets string `json:"dynamicTargets" yaml:"dynamicTargets" choices:"protect, ignore"`
	// LookedAt are patterns for path.Match, for the names of state machines, APIs and
	// schedules that somebody has reviewed: what these may name only when they run is not protected.
	// An API's name covers its stages too; one stage is written shop/prod. Empty means none.
	LookedAt []string `json:"lookedAt" yaml:"lookedAt"`
}

// The values of Checks.DynamicTargets.
const (
	ProtectDynamic = "protect"
	IgnoreDynamic  = "ignore"
)

// Default is the policy that ships: what applies if caretaker.yaml sets nothing.
func Default() Config {
	return Config{
		Enabled:  true,
		DryRun:   true,
		Schedule: "rate(6 hours)",
		TimeZone: "UTC",
		Rate:     8,
		Function: setting.Function{Memory: 512, Timeout: setting.Duration(15 * time.Minute), LogRetentionDays: 30},
		Keep: Keep{
			Newest:        3,
			SupersededFor: setting.Duration(24 * time.Hour),
			InvokedWithin: setting.Duration(invokedWindow),
		},
		Pressure: Pressure{TightenAbove: 80, Newest: 2},
		Belts:    Belts{MaxDeletions: 5000, MaxPercent: 100},
		Checks: Checks{
			EventSourceMappings: true, ProvisionedConcurrency: true, ScalableTargets: true, ManagedInstances: true, DurableExecutions: true,
			AsyncDestinations: true, Policies: true, AliasHistory: true, StackResources: true,
			StackStates: true, StepFunctions: true, StepFunctionsExecutions: true, Scheduler: true, Pipes: true,
			APIGateway: true, APIGatewayStages: true, EventBridge: true, AppSync: true, Firehose: true, DynamicTargets: ProtectDynamic,
		},
	}
}

// mostRate is how many calls a second AWS allows an account in a Region, deployments included:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
const mostRate = 15.0

// invokedWindow is how far back ListMetrics sees:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
const invokedWindow = 14 * setting.Day

// nameLetters are those of a function's name:
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
const nameLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Validate says everything that is wrong, each with its key, its value and what is allowed.
// It does not check the schedule, which the running function does not need.
func (c Config) Validate() []setting.Problem {
	problems := setting.Check("janitor", c)
	wrong := func(key string, value any, allowed string) {
		problems = append(problems, setting.Problem{Key: "janitor." + key, Value: fmt.Sprint(value), Allowed: allowed})
	}
	if c.Pressure.TightenAbove != 0 && c.Pressure.TightenAbove < c.Pressure.Above {
		wrong("pressure.tightenAbove", c.Pressure.TightenAbove, "0% for never, or at least pressure.above")
	}
	for key, patterns := range map[string][]string{
		"include.names": c.Include.Names, "exclude.names": c.Exclude.Names,
		"exclude.runtimes": c.Exclude.Runtimes, "exclude.stacks": c.Exclude.Stacks, "checks.lookedAt": c.Checks.LookedAt,
	} {
		for index, pattern := range patterns {
			if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
				wrong(key+"["+strconv.Itoa(index)+"]", pattern, "a pattern with * and ? such as checkout-*")
			}
		}
	}
	// The names are a Deny in IAM as well, and IAM knows * and ? but no character classes.
	for index, pattern := range c.Exclude.Names {
		if strings.Trim(pattern, nameLetters+"*?") != "" {
			wrong("exclude.names["+strconv.Itoa(index)+"]", pattern, "a function's name, not its ARN: letters, digits and _- with * and ? only, since it becomes an IAM statement too")
		}
	}
	for index, pattern := range c.Checks.LookedAt {
		if pattern != "" && strings.Trim(pattern, "*?") == "" {
			wrong("checks.lookedAt["+strconv.Itoa(index)+"]", pattern, "a name, or a pattern with a part of one; for all of them there is checks.dynamicTargets: ignore")
		}
	}
	return problems
}
