package alerts

import (
	"slices"
	"strings"
	"time"
)

// Kind is a kind of resource that is watched, as it stands in the names of alarms.
type Kind string

// The kinds.
const (
	Function Kind = "function"
	Table    Kind = "table"
	Index    Kind = "index"
	Stream   Kind = "stream"
	Queue    Kind = "queue"
	Topic    Kind = "topic"
	Machine  Kind = "state-machine"
	Rule     Kind = "rule"
	// RestAPI and HTTPAPI are a stage of such an API in API Gateway.
	RestAPI Kind = "rest-api"
	HTTPAPI Kind = "http-api"
	// Delivery is a delivery stream of Firehose.
	Delivery Kind = "delivery-stream"
	// Schedules is a group of schedules in EventBridge Scheduler.
	Schedules Kind = "schedule-group"
	// Account is the account itself in the Region: there is one.
	Account Kind = "account"
	// Quota is a service quota of the account in the Region.
	Quota Kind = "quota"
	// Pattern is a log pattern of the file.
	Pattern Kind = "log-pattern"
)

// Kinds are all of them, in the order of the documentation.
var Kinds = []Kind{Function, Table, Index, Stream, Queue, Topic, Machine, Rule, RestAPI, HTTPAPI, Delivery, Schedules, Account, Quota, Pattern}

// Unit is how a threshold is written.
type Unit string

// The units.
const (
	// Share is a percentage such as 5%.
	Share Unit = "percentage"
	// Count is a number such as 10, in a period.
	Count Unit = "number"
	// Span is a time such as 60s.
	Span Unit = "duration"
	// Deviations is the width of an anomaly band, in standard deviations.
	Deviations Unit = "width of a band"
)

// Measure is a metric that a check reads.
type Measure struct {
	Namespace string
	// Name may have {destination} in it, which is what a delivery stream's metrics are called after.
	Name string
	// Statistic is one of the API's words, or a percentile such as p99.
	Statistic string
	// Operation is the value of the dimension Operation, of metrics that have one. Empty elsewhere.
	Operation string
}

// Check is a line of the catalogue: what is watched at each resource of a kind, and when that is an alarm.
// An alarm is on when the value is at the threshold or above it.
type Check struct {
	Kind Kind
	// Key names it: in caretaker.yaml as function.errors, in a tag as caretaker:alarm.errors.
	Key string
	// Says begins the alarm's description; Why is for the documentation.
	Says, Why string
	// Measures are m1, m2 and so on in Expression. Without an Expression there is one, and it is judged itself.
	Measures   []Measure
	Expression string
	// Label is what an Expression comes to, for people; empty is the names of its metrics.
	Label string
	// Threshold is in Unit: percent, a count, or seconds.
	Threshold float64
	Unit      Unit
	// Band is the comparison by which a band is judged, where the check may be judged by one, and Unusual begins its text then.
	Band, Unusual string
	// Missing is how a gap is judged; empty is as not breaching.
	Missing string
	// Of is what a share is of where that is a property of the resource, such as its timeout.
	Of Whole
	// Millis says that the metric counts milliseconds where the threshold is a time.
	Millis bool
	Period time.Duration
	// Datapoints are M of Periods, N. An Early metric is dated at the start of the invocation, so that N
	// grows until it reaches past the function's timeout: else a late error falls out of the window unseen.
	// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
	Datapoints, Periods int
	Early               bool
	Severity            string
	// Off is a check that is made only where the file or a tag asks for it.
	Off bool
	// Only is which resources of the kind have it.
	Only Only
}

// Whole is what a share is of.
type Whole string

// The wholes.
const (
	OfItself      Whole = ""
	OfTimeout     Whole = "the function's timeout"
	OfConcurrency Whole = "the account's concurrency"
	OfQuota       Whole = "the quota"
)

// Only is which resources of a kind have a check.
type Only string

// The restrictions.
const (
	Every          Only = ""
	WithStream     Only = "functions that read a stream"
	WithDeadLetter Only = "functions with a dead-letter queue or topic"
	DeadLetters    Only = "queues that are the dead letters of another"
	WorkQueues     Only = "queues that are not the dead letters of another"
	// KnownDelivery has Resource.Delivers.
	KnownDelivery Only = "streams whose destination has such a metric"
	CountedQuotas Only = "quotas of what there is, with any use in two weeks"
	RateQuotas    Only = "quotas of calls in a second, minute or hour, with any use in two weeks"
)

// How the sums of metrics that have no datapoint where nothing happened are judged: a gap is a zero. An
// alarm on AWS/DynamoDB stays as it is over a gap, whatever it says of missing data:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
const (
	filled      = "FILL(m1,0)"
	filledTwo   = "FILL(m1,0)+FILL(m2,0)"
	filledThree = "FILL(m1,0)+FILL(m2,0)+FILL(m3,0)"
	filledSix   = "FILL(m1,0)+FILL(m2,0)+FILL(m3,0)+FILL(m4,0)+FILL(m5,0)+FILL(m6,0)"
	// failureRate is the share of calls, or requests, that fail. One of 20 calls is 5 %.
	failureRate = "100*FILL(m1,0)/FILL(m2,1)"
	// failureRateOfMany is the same where more than three calls failed: 1 of 5 is nobody's emergency, nor are 3 of
	// 10; 4 of 10 and 11 of 100 are.
	failureRateOfMany = "IF(FILL(m1,0)>3,100*FILL(m1,0)/FILL(m2,1),0)"
)

// failedShare is what the rates of calls come to.
const failedShare = "percent of calls that fail"

const minute = time.Minute

func lambdaMetric(name, statistic string) Measure { return Measure{"AWS/Lambda", name, statistic, ""} }
func sum(namespace, name string) Measure          { return Measure{namespace, name, "Sum", ""} }

// systemErrors has the dimensions TableName and Operation; by TableName alone nothing is published.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func systemErrors(operation string) Measure {
	return Measure{"AWS/DynamoDB", "SystemErrors", "Sum", operation}
}

// Catalogue is every check there is, by kind, in the order of the documentation.
var Catalogue = slices.Concat(functionChecks, dataChecks, messageChecks, flowChecks, restChecks, httpChecks, deliveryChecks, scheduleChecks, quotaChecks, patternChecks)

// Path names a check in the file: function.errors.
func (c Check) Path() string { return string(c.Kind) + "." + c.Key }

// label is what people read in place of the expression.
func (c Check) label() string {
	if c.Expression == "" || c.Label != "" {
		return c.Label
	}
	var names []string
	for _, measure := range c.Measures {
		if !slices.Contains(names, measure.Name) {
			names = append(names, measure.Name)
		}
	}
	return strings.Join(names, " + ")
}

// checksOf are those of a kind, in the order of the catalogue.
func checksOf(kind Kind) []Check {
	var found []Check
	for _, check := range Catalogue {
		if check.Kind == kind {
			found = append(found, check)
		}
	}
	return found
}
