package limitraiser

import (
	"cmp"
	"time"

	"caretaker/internal/setting"
)

// Config is the limit-raiser's section of caretaker.yaml.
type Config struct {
	// Enabled says whether the limit-raiser is deployed at all; where it is false, deploying deletes its stack.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// DryRun keeps the deployed function from raising anything: it reports what it would raise.
	DryRun bool `json:"dryRun" yaml:"dryRun"`
	// Function is the deployed function's size.
	Function setting.Function `json:"function" yaml:"function"`
	// Sizing says how far one raise goes.
	Sizing Sizing `json:"sizing" yaml:"sizing"`
	// Limits restrict what all raises together may do.
	Limits Limits `json:"limits" yaml:"limits"`
	// AlarmAbove is the share of a table's or quota's capacity above which its alarms call the
	// raiser, unless the table or quota sets its own. 0% deploys no alarms at all, not for streams and
	// functions either: then your own alarms call it.
	AlarmAbove setting.Percent `json:"alarmAbove" yaml:"alarmAbove"`
	// Tables are the DynamoDB tables that may be raised, each with its maximum: without one
	// nothing is raised. Empty means none.
	Tables []Table `json:"tables" yaml:"tables"`
	// Streams are the Kinesis streams that may be raised, each with its maximum. Empty means none.
	Streams []Stream `json:"streams" yaml:"streams"`
	// Functions are the Lambda functions whose reserved concurrency may be raised, each with its
	// maximum. Empty means none.
	Functions []Function `json:"functions" yaml:"functions"`
	// Quotas are the service quotas that may be raised by request, each with its maximum. Empty means none.
	Quotas []Quota `json:"quotas" yaml:"quotas"`
	// ByTag also raises tables with a tag such as caretaker:raise=max:4000, when one of your alarms for
	// them arrives.
	ByTag bool `json:"byTag" yaml:"byTag"`
	// Ceiling limits the maximum that a tag may give a table, in units a second, since people who may
	// set tags may not be allowed to spend. 0 allows none, and is refused together with ByTag.
	Ceiling int64 `json:"ceiling" yaml:"ceiling" bounds:"0 (never) to 1000000"`
}

// Sizing says how far one raise goes: the largest of percent, units and demand wins.
type Sizing struct {
	// Percent is a raise as a percentage of the present capacity. 0 is off, but a raise without any metrics then uses 50.
	Percent float64 `json:"percent" yaml:"percent" bounds:"0 (off) to 1000"`
	// Units are added: a table's units a second, shards, concurrent runs, whatever a quota counts.
	Units float64 `json:"units" yaml:"units" bounds:"0 (off) to 1000000"`
	// ToDemand raises straight to the estimated demand plus Headroom.
	ToDemand bool `json:"toDemand" yaml:"toDemand"`
	// Headroom is the share added to the estimated demand. 0% adds none.
	Headroom setting.Percent `json:"headroom" yaml:"headroom"`
	// RetryFactor is how often a client sends a throttled request in all, 1 to 20: that many throttled
	// requests are counted as one. 1 counts every throttled request as demand. Most of AWS's
	// SDKs send three times, boto3 sends DynamoDB requests ten times. Whatever the value, only a
	// raise by Units goes further than 1.9 times the demand at ten.
	RetryFactor float64 `json:"retryFactor" yaml:"retryFactor" bounds:"1 to 20"`
	// MaxFactor limits one raise to this many times the present capacity.
	MaxFactor float64 `json:"maxFactor" yaml:"maxFactor" bounds:"1.1 to 100"`
}

// Limits restrict raises.
type Limits struct {
	// Cooldown is how long a resource is left alone after a raise. 0s means not at all.
	Cooldown setting.Duration `json:"cooldown" yaml:"cooldown" bounds:"0s to 1d"`
	// RaisesADay is how often one resource may be raised in a UTC day.
	RaisesADay int `json:"raisesADay" yaml:"raisesADay" bounds:"1 to 100"`
	// AddedCostAMonth is how much all raises of a UTC month together may add to the monthly bill, in
	// US dollars at list prices. 0 allows only raises that cost nothing. A raise that costs more
	// than is left is cut to that.
	AddedCostAMonth float64 `json:"addedCostAMonth" yaml:"addedCostAMonth" bounds:"0 to 10000000" of:"US dollars"`
	// Prices overrides the list prices, in US dollars an hour: readUnitHour and writeUnitHour of
	// DynamoDB, infrequentReadUnitHour and infrequentWriteUnitHour of its infrequent access
	// class, shardHour of Kinesis. Empty overrides none.
	Prices map[string]float64 `json:"prices" yaml:"prices" bounds:"0 to 10000000" of:"US dollars"`
}

// Capacity is the limit for one dimension of a resource.
type Capacity struct {
	// Max is the highest value that it is ever raised to, in units a second. 0 never raises it, and
	// deploys no alarm for it.
	Max int64 `json:"max" yaml:"max" bounds:"0 (never) to 1000000"`
}

// Table is a DynamoDB table: its provisioned units or, on demand, the maximum throughput set for it.
type Table struct {
	// Name is the table's name, not its ARN.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
	Name string `json:"name" yaml:"name" form:"^[A-Za-z0-9_.-]{3,255}$" allowed:"a name, not an ARN: 3 to 255 letters, digits and _.-"`
	// Read limits its read units.
	Read Capacity `json:"read" yaml:"read"`
	// Write limits its write units.
	Write Capacity `json:"write" yaml:"write"`
	// Indexes are its global secondary indexes that may be raised too. Empty means none.
	Indexes []Index `json:"indexes" yaml:"indexes"`
	// AlarmAbove is the share of the provisioned units, the table's and its indexes', above which
	// alarms call the raiser. 0% or left out means limitRaiser.alarmAbove.
	AlarmAbove setting.Percent `json:"alarmAbove" yaml:"alarmAbove"`
}

// Index is a global secondary index of a table.
type Index struct {
	// Name is the index's name.
	Name string `json:"name" yaml:"name" form:"^[A-Za-z0-9_.-]{3,255}$" allowed:"a name, not an ARN: 3 to 255 letters, digits and _.-"`
	// Read limits its read units.
	Read Capacity `json:"read" yaml:"read"`
	// Write limits its write units.
	Write Capacity `json:"write" yaml:"write"`
}

// Stream is a Kinesis data stream. Its alarm calls when a shard refuses records: CloudWatch
// has no metric that says how many shards there are, so there is no share to watch.
type Stream struct {
	// Name is the stream's name, not its ARN.
	// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
	Name string `json:"name" yaml:"name" form:"^[A-Za-z0-9_.-]{1,128}$" allowed:"a stream's name: up to 128 letters, digits and _.-"`
	// MaxShards is the most shards that it is raised to. 0 never raises it, and deploys no alarm for it.
	MaxShards int64 `json:"maxShards" yaml:"maxShards" bounds:"0 (never) to 10000"`
}

// Function is a Lambda function with reserved concurrency. Its alarm calls when Lambda
// refuses to run it: CloudWatch has no metric that says how much is reserved.
type Function struct {
	// Name is the function's name, not its ARN.
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
	Name string `json:"name" yaml:"name" form:"^[A-Za-z0-9_-]{1,64}$" allowed:"a function's name, not its ARN: up to 64 letters, digits and _-"`
	// MaxConcurrency is the most that is reserved for it. 0 never raises it, and deploys no alarm
	// for it.
	MaxConcurrency int64 `json:"maxConcurrency" yaml:"maxConcurrency" bounds:"0 (never) to 1000000"`
}

// Quota is a service quota by its codes.
type Quota struct {
	// Service is the service's code, such as lambda.
	// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
	Service string `json:"service" yaml:"service" form:"^[A-Za-z][A-Za-z0-9-]{1,62}$" allowed:"a service's code such as lambda"`
	// Code is the quota's code, such as L-B99A9384.
	Code string `json:"code" yaml:"code" form:"^[A-Za-z][A-Za-z0-9-]{1,127}$" allowed:"a quota's code such as L-B99A9384"`
	// Max is the highest value ever asked for. 0 never asks.
	Max float64 `json:"max" yaml:"max" bounds:"0 (never) to 10000000000"`
	// SupportCase allows AWS to open a support case for the request.
	SupportCase bool `json:"supportCase" yaml:"supportCase"`
	// AlarmAbove is the share of the quota above which its alarm calls the raiser. 0% or left out
	// means limitRaiser.alarmAbove.
	AlarmAbove setting.Percent `json:"alarmAbove" yaml:"alarmAbove"`
	// Usage is the quota's metric, which its alarm watches. Without a resource or a metric there is
	// no alarm.
	Usage Usage `json:"usage" yaml:"usage"`
}

// Usage is a quota's metric, as the field UsageMetric of aws service-quotas get-service-quota shows
// it: most are in AWS/Usage, with four dimensions.
type Usage struct {
	// Namespace is the metric's namespace. Empty means AWS/Usage; in any other namespace the metric has no dimensions.
	Namespace string `json:"namespace" yaml:"namespace" form:"^[A-Za-z0-9 _./:#-]{0,255}$" allowed:"a metric's namespace such as AWS/Lambda"`
	// Metric is its name. Empty means ResourceCount of AWS/Usage, or CallCount for the type API.
	Metric string `json:"metric" yaml:"metric" form:"^[A-Za-z0-9 _./:#-]{0,255}$" allowed:"a metric's name such as ConcurrentExecutions"`
	// Service is spelled as in the metric: Lambda, not lambda.
	Service string `json:"service" yaml:"service"`
	// Resource is what is counted, such as vCPU. Empty means no alarm, unless Namespace names another.
	Resource string `json:"resource" yaml:"resource"`
	// Type is Resource for existing resources (ResourceCount), API for calls a second
	// (CallCount). Empty means Resource.
	Type string `json:"type" yaml:"type" choices:"Resource, API" zero:"Resource"`
	// Class is the class of the resource, such as Standard/OnDemand for EC2 instances. Empty means
	// None, which AWS uses if there are no classes.
	Class string `json:"class" yaml:"class"`
}

// The values of Usage.Type.
const (
	UsageOfResource = "Resource"
	UsageOfAPI      = "API"
)

// UsageMetric is a metric as CloudWatch names it.
type UsageMetric struct {
	Namespace, Name string
	Dimensions      [][2]string
}

// Watched is the metric that the file names; false if it names none.
func (u Usage) Watched() (UsageMetric, bool) {
	if u.Namespace != "" && u.Namespace != usageNamespace {
		return UsageMetric{Namespace: u.Namespace, Name: u.Metric}, true
	}
	kind, name := cmp.Or(u.Type, UsageOfResource), "ResourceCount"
	if kind == UsageOfAPI {
		name = "CallCount"
	}
	return UsageMetric{usageNamespace, cmp.Or(u.Metric, name), [][2]string{
		{"Service", u.Service}, {"Type", kind}, {"Resource", u.Resource}, {"Class", cmp.Or(u.Class, "None")},
	}}, u.Resource != ""
}

// An alarm that calls for a table, an index, a stream or a function is on while this many of the last
// minutes were above its threshold, and off otherwise. A single minute may be a burst that is over
// when the raiser looks.
const (
	CallsOfMinutes = 2
	CallsInMinutes = 5
)

// Default is the policy that ships: what applies if caretaker.yaml sets nothing. It is
// switched off, since there is nothing to raise until somebody lists it.
func Default() Config {
	return Config{
		DryRun:   true,
		Function: setting.Function{Memory: 512, Timeout: setting.Duration(time.Minute), LogRetentionDays: 90},
		Sizing: Sizing{
			Percent: 50, ToDemand: true, Headroom: 30, RetryFactor: 3, MaxFactor: 8,
		},
		Limits: Limits{
			Cooldown: setting.Duration(5 * time.Minute), RaisesADay: 20, AddedCostAMonth: 500,
		},
		AlarmAbove: 80,
	}
}
