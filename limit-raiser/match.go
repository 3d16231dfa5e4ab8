package limitraiser

import (
	"cmp"
	"slices"
	"strings"

	"caretaker/internal/alarm"
)

// Kind is a kind of resource.
type Kind string

// The kinds of resources.
const (
	KindTable    Kind = "table"
	KindStream   Kind = "stream"
	KindFunction Kind = "function"
	KindQuota    Kind = "quota"
)

// Resource is something that is raised as a whole: a table with its indexes, a stream, a
// function, a quota.
type Resource struct {
	Kind Kind `json:"kind"`
	// Name is that of the table, stream or function; of a quota it is like lambda/L-B99A9384.
	Name string `json:"name"`
}

// Key names the resource in the ledger and in messages: table/orders.
func (r Resource) Key() string { return string(r.Kind) + "/" + r.Name }

// resourceOf is the resource of a key.
func resourceOf(key string) Resource {
	kind, name, _ := strings.Cut(key, "/")
	return Resource{Kind(kind), name}
}

// Dimension is what of a resource can be short.
type Dimension string

// The dimensions: of a table and its indexes, and of the other kinds one each.
const (
	Read        Dimension = "read"
	Write       Dimension = "write"
	Shards      Dimension = "shards"
	Concurrency Dimension = "concurrency"
	QuotaValue  Dimension = "value"
)

// Part is one capacity of a resource.
type Part struct {
	// Index is the global secondary index; empty for the table itself and for all other kinds.
	Index     string    `json:"index,omitempty"`
	Dimension Dimension `json:"dimension"`
}

// String names the part as messages do: read, or write of the index by-customer.
func (p Part) String() string {
	if p.Index == "" {
		return string(p.Dimension)
	}
	return string(p.Dimension) + " of the index " + p.Index
}

func (p Part) compare(other Part) int {
	return cmp.Or(strings.Compare(p.Index, other.Index), strings.Compare(string(p.Dimension), string(other.Dimension)))
}

// Shortage is a resource of which an alarm says that something is short.
type Shortage struct {
	Resource Resource
	// Parts are what is short, sorted, each once.
	Parts []Part
}

// shortages are what an alarm's metrics say is short, sorted. Metrics that a raise cures nothing
// of, such as errors, latency or a single hot key, say nothing. Quotas are not among them:
// only AWS knows which metric is theirs.
func shortages(metrics []alarm.Metric) []Shortage {
	found := map[Resource][]Part{}
	for _, metric := range metrics {
		resource, parts := shortageOf(metric)
		found[resource] = append(found[resource], parts...)
	}
	var list []Shortage
	for resource, parts := range found {
		if len(parts) > 0 {
			slices.SortFunc(parts, Part.compare)
			list = append(list, Shortage{resource, slices.Compact(parts)})
		}
	}
	slices.SortFunc(list, func(a, b Shortage) int { return strings.Compare(a.Resource.Key(), b.Resource.Key()) })
	return list
}

func shortageOf(metric alarm.Metric) (Resource, []Part) {
	name := func(dimension string) string { return metric.Dimensions[dimension] }
	switch {
	case metric.Namespace == "AWS/DynamoDB" && name("TableName") != "":
		var parts []Part
		for _, dimension := range tableDimensions(metric) {
			parts = append(parts, Part{Index: name("GlobalSecondaryIndexName"), Dimension: dimension})
		}
		return Resource{KindTable, name("TableName")}, parts
	case metric.Namespace == "AWS/Kinesis" && name("StreamName") != "" && shardMetrics[metric.Name]:
		return Resource{KindStream, name("StreamName")}, []Part{{Dimension: Shards}}
	case metric.Namespace == "AWS/Lambda" && name("FunctionName") != "" && concurrencyMetrics[metric.Name]:
		return Resource{KindFunction, name("FunctionName")}, []Part{{Dimension: Concurrency}}
	}
	return Resource{}, nil
}

// tableDimensions are what a DynamoDB metric is about:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
// A key range that is throttled is a hot key, and an account limit is a quota: more capacity
// for the table cures neither.
func tableDimensions(metric alarm.Metric) []Dimension {
	switch metric.Name {
	case "ConsumedReadCapacityUnits", "ProvisionedReadCapacityUnits", "ReadThrottleEvents",
		"ReadProvisionedThroughputThrottleEvents", "ReadMaxOnDemandThroughputThrottleEvents", "OnDemandMaxReadRequestUnits":
		return []Dimension{Read}
	case "ConsumedWriteCapacityUnits", "ProvisionedWriteCapacityUnits", "WriteThrottleEvents",
		"WriteProvisionedThroughputThrottleEvents", "WriteMaxOnDemandThroughputThrottleEvents", "OnDemandMaxWriteRequestUnits",
		onlineIndexThrottles, onlineIndexConsumed:
		return []Dimension{Write}
	case "ThrottledRequests":
		operation := metric.Dimensions["Operation"]
		switch {
		case slices.Contains(readOperations, operation):
			return []Dimension{Read}
		case slices.Contains(writeOperations, operation):
			return []Dimension{Write}
		}
		return []Dimension{Read, Write}
	}
	return nil
}

// What is written while an index is being built, DynamoDB counts apart:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
const (
	onlineIndexConsumed  = "OnlineIndexConsumedWriteCapacity"
	onlineIndexThrottles = "OnlineIndexThrottleEvents"
)

// The operations by which DynamoDB counts requests.
var (
	readOperations  = []string{"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}
	writeOperations = []string{"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
)

// shardMetrics speak of how full a stream's shards are. The age of records is not among them: a
// consumer that is slow by itself gets no faster with more shards.
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
var shardMetrics = map[string]bool{
	"IncomingBytes": true, "IncomingRecords": true, "WriteProvisionedThroughputExceeded": true,
	"PutRecord.Bytes": true, "PutRecords.Bytes": true, "PutRecords.Records": true, "PutRecords.ThrottledRecords": true,
	"GetRecords.Bytes": true, "GetRecords.Records": true, "ReadProvisionedThroughputExceeded": true,
}

// concurrencyMetrics speak of how many of a function's runs there are at once.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
var concurrencyMetrics = map[string]bool{"Throttles": true, "ConcurrentExecutions": true, "ClaimedAccountConcurrency": true}
