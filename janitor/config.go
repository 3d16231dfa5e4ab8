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
	// Enabled says whether the janitor's stack is deployed at all.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// DryRun keeps the deployed function from deleting anything. On the command line the verb decides instead.
	DryRun bool `json:"dryRun" yaml:"dryRun"`
	// Schedule is an EventBridge Scheduler expression: rate(6 hours) or cron(0 3 * * ? *).
	Schedule string `json:"schedule" yaml:"schedule"`
	// TimeZone is the IANA name in which a cron schedule is read, such as Europe/Berlin. Empty means UTC.
	TimeZone string `json:"timeZone" yaml:"timeZone"`
	// Rate is how many Lambda control-plane calls a second the janitor allows itself. AWS gives an account 15 in a Region, deployments included, and does not raise it:
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	Rate float64 `json:"rate" yaml:"rate" bounds:"1 to 15" of:"calls a second"`
	// Function is the deployed function's size.
	Function setting.Function `json:"function" yaml:"function"`
	// Keep says which versions stay although nothing refers to them.
	Keep Keep `json:"keep" yaml:"keep"`
	// Include narrows the janitor to some functions. Empty means all.
	Include Include `json:"include" yaml:"include"`
	// Exclude takes functions out again; it always wins over Include.
	Exclude Exclude `json:"exclude" yaml:"exclude"`
	// Pressure ties the janitor to how full the Region's code storage is.
	Pressure Pressure `json:"pressure" yaml:"pressure"`
	// Belts bound what one run may delete.
	Belts Belts `json:"belts" yaml:"belts"`
	// Checks are the scans for references, each of which can be switched off.
	Checks Checks `json:"checks" yaml:"checks"`
	// QualifiedDelete grants DeleteFunction on function:*:* instead of function:*, which
	// would refuse a deletion without a qualifier if AWS judges the qualified ARN. Whether it
	// does is not verified: if it does not, every deletion is refused.
	QualifiedDelete bool `json:"qualifiedDelete" yaml:"qualifiedDelete"`
}

// Keep holds the rules that keep versions which nothing refers to. All of them
// must allow a deletion.
type Keep struct {
	// Newest is how many of a function's highest version numbers stay.
	Newest int `json:"newest" yaml:"newest" bounds:"1 to 10000"`
	// SupersededFor is how long a version stays after a newer one was published or an
	// alias of its function changed. CloudTrail looks back 90 days.
	SupersededFor setting.Duration `json:"supersededFor" yaml:"supersededFor" bounds:"30m to 90d" zero:"off"`
	// InvokedWithin keeps versions that were invoked by their number so recently. The last two weeks are a list of the Region; more is a metric for each version
	// that would go, at a cent for 1,000 of them in each run.
	InvokedWithin setting.Duration `json:"invokedWithin" yaml:"invokedWithin" bounds:"14d to 455d" zero:"off"`
}

// Include names the functions the janitor looks after. With both fields set a function must match both.
type Include struct {
	// Names are patterns as path.Match has them: checkout-*. Empty means every name.
	Names []string `json:"names" yaml:"names"`
	// Tags must all be on the function; the value * matches any. Empty means no tag is asked for.
	Tags map[string]string `json:"tags" yaml:"tags"`
}

// Exclude names the functions the janitor leaves alone. One match is enough.
type Exclude struct {
	// Names are patterns as path.Match has them. They are a Deny in the function's role as well.
	Names []string `json:"names" yaml:"names"`
	// Tags exclude a function that has any of them; the value * matches any.
	Tags map[string]string `json:"tags" yaml:"tags"`
	// Runtimes are patterns over the runtime's identifier: nodejs*.
	Runtimes []string `json:"runtimes" yaml:"runtimes"`
	// Stacks are patterns over the name of the CloudFormation stack the function belongs to.
	Stacks []string `json:"stacks" yaml:"stacks"`
}

// Pressure ties the janitor to the share of the Region's code storage in use.
type Pressure struct {
	// Above is the share under which a run does nothing. 0%, the default, always runs.
	Above setting.Percent `json:"above" yaml:"above"`
	// TightenAbove is the share over which Newest here replaces keep.newest. 0% never tightens.
	TightenAbove setting.Percent `json:"tightenAbove" yaml:"tightenAbove"`
	// Newest is the keep.newest under pressure; one above keep.newest changes nothing.
	Newest int `json:"newest" yaml:"newest" bounds:"1 to 10000"`
}

// Belts bound one run.
type Belts struct {
	// MaxDeletions cuts a run: the biggest so many go, the rest waits for the next.
	MaxDeletions int `json:"maxDeletions" yaml:"maxDeletions" bounds:"1 to 1000000"`
	// MaxPercent stops a run before its first deletion when a larger share of the Region's
	// numbered versions would go, maxDeletions aside. 100, the default, never does.
	MaxPercent float64 `json:"maxPercent" yaml:"maxPercent" bounds:"1 to 100"`
}

// Checks switches the scans for references on and off. A scan that is off is
// named in every report as not checked.
type Checks struct {
	EventSourceMappings    bool `json:"eventSourceMappings" yaml:"eventSourceMappings"`
	ProvisionedConcurrency bool `json:"provisionedConcurrency" yaml:"provisionedConcurrency"`
	// ScalableTargets reads what Application Auto Scaling manages, be it scaled to nothing just now.
	ScalableTargets bool `json:"scalableTargets" yaml:"scalableTargets"`
	// ManagedInstances reads which versions on Lambda Managed Instances somebody gave bounds of their own.
	ManagedInstances  bool `json:"managedInstances" yaml:"managedInstances"`
	DurableExecutions bool `json:"durableExecutions" yaml:"durableExecutions"`
	// AsyncDestinations reads which versions get other functions' results, and which have
	// settings of their own for asynchronous invocations.
	AsyncDestinations bool `json:"asyncDestinations" yaml:"asyncDestinations"`
	Policies          bool `json:"policies" yaml:"policies"`
	AliasHistory      bool `json:"aliasHistory" yaml:"aliasHistory"`
	StackResources    bool `json:"stackResources" yaml:"stackResources"`
	StackStates       bool `json:"stackStates" yaml:"stackStates"`
	StepFunctions     bool `json:"stepFunctions" yaml:"stepFunctions"`
	// StepFunctionsExecutions reads what running executions go on with after their state machine
	// was updated.
	StepFunctionsExecutions bool `json:"stepFunctionsExecutions" yaml:"stepFunctionsExecutions"`
	Scheduler               bool `json:"scheduler" yaml:"scheduler"`
	Pipes                   bool `json:"pipes" yaml:"pipes"`
	APIGateway              bool `json:"apiGateway" yaml:"apiGateway"`
	// APIGatewayStages reads what each stage of a REST API, and of an HTTP API that is not deployed
	// with each change, was deployed with. That differs from what APIGateway reads when the API was
	// edited since.
	APIGatewayStages bool `json:"apiGatewayStages" yaml:"apiGatewayStages"`
	EventBridge      bool `json:"eventBridge" yaml:"eventBridge"`
	AppSync          bool `json:"appSync" yaml:"appSync"`
	Firehose         bool `json:"firehose" yaml:"firehose"`
	// DynamicTargets says what a target does that is only known when it runs: protect, the
	// default, keeps every version it may name; ignore does not, and the report lists it.
	DynamicTargets string `json:"dynamicTargets" yaml:"dynamicTargets" choices:"protect, ignore"`
	// LookedAt are patterns, as path.Match has them, over the names of state machines, APIs and
	// schedules that somebody has looked at: what these may name when they run is not protected.
	// An API's name stands for its stages too, one of which is shop/prod. Empty means none.
	LookedAt []string `json:"lookedAt" yaml:"lookedAt"`
}

// The values of Checks.DynamicTargets.
const (
	ProtectDynamic = "protect"
	IgnoreDynamic  = "ignore"
)

// Default is the policy that ships: what caretaker.yaml says when it says nothing.
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

// longestInvoked is how long CloudWatch keeps a metric:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
const longestInvoked = 455 * setting.Day

// nameLetters are those of a function's name:
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
const nameLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Validate says everything that is wrong, each with its key, its value and what is allowed.
// The schedule is not among it: the running function has no use for it.
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
