package groups

import (
	"time"

	"caretaker/internal/setting"
)

// Config is the key logShipper.subscribe of caretaker.yaml: which log groups are shipped.
type Config struct {
	// Schedule is an EventBridge Scheduler expression. New groups are subscribed at once where a
	// CloudTrail trail logs management events, and by the next run elsewhere.
	Schedule string `json:"schedule" yaml:"schedule"`
	// TimeZone is the time zone of a cron schedule by its IANA name, such as Europe/Berlin. Empty means UTC.
	TimeZone string `json:"timeZone" yaml:"timeZone"`
	// Include names the groups that are shipped.
	Include Include `json:"include" yaml:"include"`
	// Exclude leaves groups out; it always overrides Include. So does the tag caretaker:logs=off at a group.
	Exclude Exclude `json:"exclude" yaml:"exclude"`
	// Through is what the filters write to: function is the shipper itself, stream is source.stream,
	// which must then be one of the same account.
	Through string `json:"through" yaml:"through" choices:"function, stream"`
	// RetentionDays is how long the groups that are chosen keep their lines where they have no
	// retention yet: one of the numbers that CloudWatch Logs allows. 0 sets none. Whatever is set
	// already stays.
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
	RetentionDays int `json:"retentionDays" yaml:"retentionDays" choices:"1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653" zero:"none set"`
	// Rate is how many calls a second of each kind the subscriber makes at most. AWS allows an account
	// 5 in a Region for most of them, deployments included.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
	Rate float64 `json:"rate" yaml:"rate" bounds:"1 to 50" of:"calls a second"`
	// Function is the size of the deployed subscriber.
	Function setting.Function `json:"function" yaml:"function"`
}

// Include names the groups that are shipped. A group must match both fields.
type Include struct {
	// Names are patterns in which * is any text, slashes too, and ? any one letter. Empty means every name.
	Names []string `json:"names" yaml:"names" form:"^[A-Za-z0-9_/.#*?-]{1,512}$" allowed:"a log group's name with * and ?, such as /aws/lambda/checkout-*"`
	// Tags must all be on the group; the value * matches any. Empty means no tag is needed.
	Tags map[string]string `json:"tags" yaml:"tags"`
}

// Exclude names the groups that are left out. One match is enough.
type Exclude struct {
	// Names are patterns as in Include.
	Names []string `json:"names" yaml:"names" form:"^[A-Za-z0-9_/.#*?-]{1,512}$" allowed:"a log group's name with * and ?, such as /aws/lambda/checkout-*"`
	// Tags exclude a group that has any of them; the value * matches any.
	Tags map[string]string `json:"tags" yaml:"tags"`
}

// The values of Config.Through.
const (
	Function = "function"
	Stream   = "stream"
)

// Default is what applies if caretaker.yaml sets nothing: the logs of all functions, hourly.
func Default() Config {
	return Config{
		Schedule: "rate(1 hour)",
		TimeZone: "UTC",
		Include:  Include{Names: []string{"/aws/lambda/*"}},
		Through:  Function,
		Rate:     4,
		Function: setting.Function{Memory: 256, Timeout: setting.Duration(15 * time.Minute), LogRetentionDays: 30},
	}
}
