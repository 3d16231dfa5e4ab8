package warmer

import (
	"time"

	"caretaker/internal/setting"
)

// Config is the warmer's section of caretaker.yaml.
type Config struct {
	// Enabled says whether the warmer is deployed at all; where it is false, deploying deletes its stack.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// DryRun keeps the deployed function from invoking anything: it reports what it would keep warm.
	DryRun bool `json:"dryRun" yaml:"dryRun"`
	// Schedule is when it runs, rate(...) or cron(...) as EventBridge Scheduler has them.
	Schedule string `json:"schedule" yaml:"schedule"`
	// TimeZone is that of a cron schedule. Empty means UTC.
	TimeZone string `json:"timeZone" yaml:"timeZone"`
	// Function is the deployed function's size.
	Function setting.Function `json:"function" yaml:"function"`
	// Windows are times of the week by their names, for which Functions and tags give counts. Empty means none.
	Windows map[string]Window `json:"windows" yaml:"windows"`
	// Functions are what is kept warm. Empty means none.
	Functions []Function `json:"functions" yaml:"functions"`
	// ByTag also keeps functions warm that have the tag caretaker:warm, such as 5 or always=2 office=20.
	ByTag bool `json:"byTag" yaml:"byTag"`
	// LongestInterval is how long a target may be left out while no ping of it meets a cold environment: after each such
	// round it is longer by the time between two runs, and the first cold one ends that. 0 pings in each run.
	LongestInterval setting.Duration `json:"longestInterval" yaml:"longestInterval" bounds:"5m to 30m" zero:"every run"`
	// OnDeployment also runs it for a function as soon as its code changes or an alias of it moves. That is known
	// only where a trail of CloudTrail logs management events.
	OnDeployment bool `json:"onDeployment" yaml:"onDeployment"`
	// MaxConcurrency is the most environments that are kept warm of one function, whatever is asked for.
	MaxConcurrency int `json:"maxConcurrency" yaml:"maxConcurrency" bounds:"1 to 500"`
	// MaxInFlight is the most pings that are on their way at once. Those of one function are never split.
	MaxInFlight int `json:"maxInFlight" yaml:"maxInFlight" bounds:"1 to 900"`
	// ShareOfUnreserved is how much of the account's unreserved concurrency pings may take at once. At
	// least one ping is allowed whatever it comes to; 0% is refused.
	ShareOfUnreserved setting.Percent `json:"shareOfUnreserved" yaml:"shareOfUnreserved"`
	// PingTimeout is how long an answer may take beyond its hold, an init included.
	PingTimeout setting.Duration `json:"pingTimeout" yaml:"pingTimeout" bounds:"1s to 1m" of:"whole seconds" step:"1s"`
}

// Function is a Lambda function, or several, to keep warm.
type Function struct {
	// Name is the function's name, not its ARN; with * it stands for several.
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
	Name string `json:"name" yaml:"name" form:"^[A-Za-z0-9_*-]{1,64}$" allowed:"a function's name, not its ARN: up to 64 letters, digits and _-, and * for any of them"`
	// Qualifier is what callers call it by: an alias, a version's number, or $LATEST. Empty calls it
	// without one, as such callers do.
	Qualifier string `json:"qualifier" yaml:"qualifier" form:"^([A-Za-z0-9_-]{0,128}|[$]LATEST)$" allowed:"an alias, a version's number or $LATEST, or nothing to call it without a qualifier"`
	// Warm is how many environments to keep warm, always and in each window: {always: 2, office: 20}. Of
	// several that hold at a time the highest counts.
	Warm map[string]int `json:"warm" yaml:"warm" bounds:"1 to 500"`
	// Provisioned is how much provisioned concurrency its alias has, always and in each window: {office: 5}. The warmer
	// takes away what it set itself, and nothing else: {always: 0} has it take away all of that. Empty means none.
	Provisioned map[string]int `json:"provisioned" yaml:"provisioned" bounds:"0 (none) to 500"`
	// Library is another warmer's that the function has in place of Caretaker's middleware: it is pinged as that
	// library expects. Its answers tell nothing of environments, so they are counted and prove nothing. Empty is Caretaker's.
	Library string `json:"library" yaml:"library" choices:"lambda-warmer, lambda-warmer-go, lambda-warmer-py, opennext, serverless-plugin-lambda-warmup, serverless-plugin-warmup, thundra-lambda-warmup" zero:"Caretaker's own middleware"`
}

// Window is a time of the week.
type Window struct {
	// Days are those that it begins on, such as mon-fri or sat,sun. Empty means every day.
	Days string `json:"days" yaml:"days" form:"^((mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?(,(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?)*)?$" allowed:"days such as mon-fri or sat,sun, or nothing for every day"`
	// From is the time of day at which it begins, like 07:45.
	From string `json:"from" yaml:"from" form:"^([01][0-9]|2[0-3]):[0-5][0-9]$" allowed:"a time of day such as 07:45, in quotes"`
	// To is the time of day at which it is over; not after From means that of the next day.
	To string `json:"to" yaml:"to" form:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" allowed:"a time of day such as 18:00, in quotes, up to 24:00"`
	// TimeZone is the IANA name of the zone that From and To are in. Empty means UTC.
	TimeZone string `json:"timeZone" yaml:"timeZone"`
}

// Always is the name under which a count holds at any time; no window may have it.
const Always = "always"

// Default is the policy that ships: what applies if caretaker.yaml sets nothing. It is
// switched off, since there is nothing to keep warm until somebody lists it.
func Default() Config {
	return Config{
		DryRun: true, Schedule: "rate(5 minutes)", TimeZone: "UTC",
		Function:       setting.Function{Memory: 1024, Timeout: setting.Duration(2 * time.Minute), LogRetentionDays: 30},
		MaxConcurrency: 50, MaxInFlight: 500, ShareOfUnreserved: 25, PingTimeout: setting.Duration(20 * time.Second),
	}
}
