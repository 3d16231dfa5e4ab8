package alerts

import (
	"maps"
	"slices"
	"time"

	"caretaker/internal/setting"
)

// Config is the reconciler's part of the section alerts of caretaker.yaml.
type Config struct {
	// Enabled says whether the reconciler is deployed at all; where it is false, deploying deletes its stack, and the alarms with it.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// DryRun keeps it from changing any alarm: it reports what it would do.
	DryRun bool `json:"dryRun" yaml:"dryRun"`
	// DeleteWithStack has its alarms deleted when its stack is: by cdk destroy, or by Enabled false. Else they stay.
	DeleteWithStack bool `json:"deleteWithStack" yaml:"deleteWithStack"`
	// Schedule is when it runs, rate(...) or cron(...) as EventBridge Scheduler has them.
	Schedule string `json:"schedule" yaml:"schedule"`
	// TimeZone is that of a cron schedule. Empty means UTC.
	TimeZone string `json:"timeZone" yaml:"timeZone"`
	// Function is the deployed function's size.
	Function setting.Function `json:"function" yaml:"function"`
	// Include names what is watched.
	Include Include `json:"include" yaml:"include"`
	// Exclude leaves resources out; it always overrides Include. So does the tag caretaker:alarms=off.
	Exclude Exclude `json:"exclude" yaml:"exclude"`
	// Thresholds are by check, such as function.errors: 2%, or off, or on. Empty leaves the catalogue's.
	Thresholds map[string]string `json:"thresholds" yaml:"thresholds"`
	// LogPatterns are alarms on lines of logs. Empty means none.
	LogPatterns []LogPattern `json:"logPatterns" yaml:"logPatterns"`
	// Quotas are the service quotas of the account that are watched.
	Quotas Quotas `json:"quotas" yaml:"quotas"`
	// Topics are where alarms are told of.
	Topics Topics `json:"topics" yaml:"topics"`
	// Composites are alarms over the critical alarms of a service.
	Composites Composites `json:"composites" yaml:"composites"`
	// TellOK tells of an alarm that is over, too.
	TellOK bool `json:"tellOK" yaml:"tellOK"`
	// TellNoData tells of an alarm that has no data, too.
	TellNoData bool `json:"tellNoData" yaml:"tellNoData"`
	// Dashboards are those of CloudWatch that it makes.
	Dashboards Dashboards `json:"dashboards" yaml:"dashboards"`
	// MaxChanges is how many alarms and dashboards a run makes, changes or deletes at most; the next ones go on.
	MaxChanges int `json:"maxChanges" yaml:"maxChanges" bounds:"1 to 10000"`
	// MostGone is which share of the watched resources of a kind may be gone at once. Where more are, what
	// was read is taken for wrong, and no alarm is deleted. Up to four may always be gone.
	MostGone setting.Percent `json:"mostGone" yaml:"mostGone"`
}

// Include names what is watched. A resource must match all fields.
type Include struct {
	// Names are patterns in which * is any text and ? any one letter. Empty means every name.
	Names []string `json:"names" yaml:"names" form:"^[A-Za-z0-9_/.#*?-]{1,512}$" allowed:"a name with * and ?, such as checkout-*"`
	// Stacks are patterns of the names of CloudFormation stacks. Empty means any, and none.
	Stacks []string `json:"stacks" yaml:"stacks" form:"^[A-Za-z0-9*?-]{1,128}$" allowed:"a stack's name with * and ?, such as shop-*"`
	// Tags must all be on the resource; the value * matches any. Empty means no tag is needed.
	Tags map[string]string `json:"tags" yaml:"tags"`
}

// Exclude names what is not watched. One match is enough.
type Exclude struct {
	// Names are patterns as in Include.
	Names []string `json:"names" yaml:"names" form:"^[A-Za-z0-9_/.#*?-]{1,512}$" allowed:"a name with * and ?, such as checkout-*"`
	// Stacks are patterns as in Include.
	Stacks []string `json:"stacks" yaml:"stacks" form:"^[A-Za-z0-9*?-]{1,128}$" allowed:"a stack's name with * and ?, such as shop-*"`
	// Tags exclude a resource that has any of them; the value * matches any.
	Tags map[string]string `json:"tags" yaml:"tags"`
}

// Quotas are the service quotas that are watched: those of which AWS counts the usage, as far as anything of them is used.
// From which share on that is an alarm, the checks quota.resources and quota.calls say.
type Quotas struct {
	// Enabled has them watched. Each that is used costs an alarm on one metric.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// Services are those whose quotas are read, by their codes in Service Quotas. One that the Region does not have is left out.
	Services []string `json:"services" yaml:"services" form:"^[A-Za-z][A-Za-z0-9-]{1,62}$" allowed:"a service's code in Service Quotas, such as lambda: aws service-quotas list-services"`
	// Most is how many get an alarm: those that AWS raises for nobody first, then those that have one.
	Most int `json:"most" yaml:"most" bounds:"1 to 500"`
}

// Topics are where alarms are told of. Each is a topic's ARN, or its name in the account and Region.
type Topics struct {
	// Critical is told what somebody has to look at now. Empty means the topic of the stack.
	Critical string `json:"critical" yaml:"critical" form:"^((arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:)?[A-Za-z0-9_-]{1,256})?$" allowed:"a topic's name such as oncall, or its ARN; not a FIFO topic, to which no alarm can publish"`
	// Warning is told the rest. Empty means the topic of the stack.
	Warning string `json:"warning" yaml:"warning" form:"^((arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:)?[A-Za-z0-9_-]{1,256})?$" allowed:"a topic's name such as oncall, or its ARN; not a FIFO topic, to which no alarm can publish"`
}

// Composites are one alarm a service, which is ALARM while any critical alarm of the service is: for what takes one
// alarm, such as the rollback of a deployment or a pager. Each costs $0.50 a month.
type Composites struct {
	// Enabled has them made.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// Topic is told of them. Empty tells nobody, since the alarms that they are about tell already.
	Topic string `json:"topic" yaml:"topic" form:"^((arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:)?[A-Za-z0-9_-]{1,256})?$" allowed:"a topic's name such as oncall, or its ARN; not a FIFO topic, to which no alarm can publish"`
}

// Dashboards are those that the reconciler makes in CloudWatch. An account has three for nothing, each more
// costs $3 a month.
type Dashboards struct {
	// Fleet makes one for all functions of the Region.
	Fleet bool `json:"fleet" yaml:"fleet"`
	// Services says which services get one of their own: those that the tag caretaker:service names, those and
	// CloudFormation stacks, or none.
	Services string `json:"services" yaml:"services" choices:"none, tagged, stacks"`
	// Most is how many services get one: those that have one, then the largest.
	Most int `json:"most" yaml:"most" bounds:"1 to 100"`
}

// The choices of Dashboards.Services.
const (
	NoServices     = "none"
	TaggedServices = "tagged"
	StackServices  = "stacks"
)

// Deployed is what the deployed function is given: config.json beside its binary.
type Deployed struct {
	Config
	// Runbook is the file's runbook.
	Runbook string `json:"runbook"`
}

// Default is what applies where caretaker.yaml sets nothing. It is switched off, and in dry run, since its
// alarms cost money.
func Default() Config {
	return Config{
		DryRun: true, DeleteWithStack: true, Schedule: "rate(15 minutes)", TimeZone: "UTC",
		Function: setting.Function{Memory: 512, Timeout: setting.Duration(14 * time.Minute), LogRetentionDays: 30},
		Quotas: Quotas{Enabled: true, Most: 50, Services: []string{
			"lambda", "dynamodb", "kinesis", "sqs", "sns", "states", "events", "scheduler", "apigateway", "firehose", "logs", "monitoring", "cloudformation", "kms",
			"secretsmanager", "ssm",
		}},
		TellOK: true, MaxChanges: 2000, MostGone: 30,
		Dashboards: Dashboards{Fleet: true, Services: StackServices, Most: 20},
	}
}

// section is where the keys stand in the file.
const section = "alerts"

// Validate says everything that is wrong with the values.
func (c Config) Validate() []setting.Problem {
	problems := setting.Check(section, c)
	for _, path := range slices.Sorted(maps.Keys(c.Thresholds)) {
		key, text := section+".thresholds."+path, c.Thresholds[path]
		check, known := checkAt(path)
		if !known {
			problems = append(problems, setting.Problem{Key: key, Value: path, Allowed: "one of " + paths("")})
			continue
		}
		if _, allowed := check.parse(text); allowed != "" {
			problems = append(problems, setting.Problem{Key: key, Value: text, Allowed: allowed})
		}
	}
	problems = append(problems, c.validatePatterns()...)
	if c.MostGone <= 0 {
		problems = append(problems, setting.Problem{Key: section + ".mostGone", Value: c.MostGone.String(), Allowed: "over 0%, up to 100%, which holds nothing back"})
	}
	return problems
}
