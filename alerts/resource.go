package alerts

import (
	"strings"
	"time"
)

// Resource is something that can be watched, as it was found.
type Resource struct {
	Kind Kind
	// Name is unique among its kind: of an index table/index, of a rule bus/rule, of the account account, of a REST API
	// name/stage, of an HTTP API, whose name need not be its own, name/id/stage.
	Name string
	ARN  string
	Tags map[string]string
	// partOf is the ARN of what it is part of, whose tags hold where it has none of its own; empty is of nothing.
	partOf string
	// Timeout is a function's.
	Timeout time.Duration
	// Memory is a function's, in MB; ARM says that it runs on arm64, which costs less.
	Memory int
	ARM    bool
	// ReadsStream is true of a function that an event source mapping feeds from a stream, HasDeadLetters of
	// one with a dead-letter queue or topic.
	ReadsStream, HasDeadLetters bool
	// TakesDeadLetters is true of a queue to which the failures of another one or of a function go.
	TakesDeadLetters bool
	// Visibility is a queue's visibility timeout.
	Visibility time.Duration
	// deadLetters is the ARN that a queue or function sends to what could not be handled.
	deadLetters string
	// Delivers is what the metrics of a delivery stream call its destination; empty where they call it nothing.
	Delivers string
	// Concurrency is the account's limit.
	Concurrency int
	// Quota is what is known of a service quota; nil of all else.
	Quota *QuotaFacts
	// Pattern is a log pattern of the file; nil of all else.
	Pattern *PatternFacts
}

// Title is kind and name: function/checkout.
func (r Resource) Title() string { return string(r.Kind) + "/" + r.Name }

// stackTag is the tag that CloudFormation puts on what it makes.
const stackTag = "aws:cloudformation:stack-name"

// stack is the CloudFormation stack that a resource belongs to; empty where none.
func (r Resource) stack() string { return r.Tags[stackTag] }

// Dimension is one of a metric.
type Dimension struct{ Name, Value string }

// dimensions are those that AWS publishes a metric of the resource by, sorted by name.
func dimensions(r Resource, m Measure) []Dimension {
	switch r.Kind {
	case Function:
		return []Dimension{{"FunctionName", r.Name}}
	case Table:
		if m.Operation != "" {
			return []Dimension{{"Operation", m.Operation}, {"TableName", r.Name}}
		}
		return []Dimension{{"TableName", r.Name}}
	case Index:
		table, index, _ := strings.Cut(r.Name, "/")
		return []Dimension{{"GlobalSecondaryIndexName", index}, {"TableName", table}}
	case Stream:
		return []Dimension{{"StreamName", r.Name}}
	case Queue:
		return []Dimension{{"QueueName", r.Name}}
	case Topic:
		return []Dimension{{"TopicName", r.Name}}
	case Machine:
		return []Dimension{{"StateMachineArn", r.ARN}}
	case Rule:
		// A partner's bus has slashes in its name, a rule has none. Those of the default bus have no bus.
		at := strings.LastIndex(r.Name, "/")
		bus, rule := r.Name[:max(at, 0)], r.Name[at+1:]
		if bus == DefaultBus || bus == "" {
			return []Dimension{{"RuleName", rule}}
		}
		return []Dimension{{"EventBusName", bus}, {"RuleName", rule}}
	case Quota:
		if r.Quota != nil {
			return r.Quota.Dimensions
		}
	case RestAPI:
		at := strings.LastIndex(r.Name, "/")
		return []Dimension{{"ApiName", r.Name[:max(at, 0)]}, {"Stage", r.Name[at+1:]}}
	case HTTPAPI:
		_, id, stage := apiParts(r.Name)
		return []Dimension{{"ApiId", id}, {"Stage", stage}}
	case Delivery:
		return []Dimension{{"DeliveryStreamName", r.Name}}
	case Schedules:
		return []Dimension{{"ScheduleGroup", r.Name}}
	}
	return nil // the account's
}

// apiParts are what is in the name of an HTTP API's stage. An API's own name may have slashes.
func apiParts(name string) (api, id, stage string) {
	at := strings.LastIndex(name, "/")
	rest, stage := name[:max(at, 0)], name[at+1:]
	at = strings.LastIndex(rest, "/")
	return rest[:max(at, 0)], rest[at+1:], stage
}

// called is the measure as it is called at a resource.
func (m Measure) called(r Resource) Measure {
	m.Name = strings.ReplaceAll(m.Name, "{destination}", r.Delivers)
	return m
}

// DefaultBus is the name of EventBridge's own bus.
const DefaultBus = "default"

// has says whether a resource has a check of its kind.
func (r Resource) has(c Check) bool {
	switch c.Only {
	case WithStream:
		return r.ReadsStream
	case WithDeadLetter:
		return r.HasDeadLetters
	case DeadLetters:
		return r.TakesDeadLetters
	case WorkQueues:
		return !r.TakesDeadLetters
	case CountedQuotas:
		return r.countsWhatIs()
	case RateQuotas:
		return r.countsCalls()
	case KnownDelivery:
		return r.Delivers != ""
	}
	return c.Of != OfTimeout || r.Timeout > 0
}
