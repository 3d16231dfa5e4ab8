package limitraiser

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

func TestShortages_areWhatARaiseCanCure(t *testing.T) {
	metric := func(namespace, name string, dimensions ...string) alarm.Metric {
		m := alarm.Metric{Namespace: namespace, Name: name, Dimensions: map[string]string{}}
		for pair := range slices.Chunk(dimensions, 2) {
			m.Dimensions[pair[0]] = pair[1]
		}
		return m
	}
	of := func(key Resource, parts ...Part) []Shortage { return []Shortage{{key, parts}} }
	orders := Resource{KindTable, "orders"}
	for name, c := range map[string]struct {
		metrics []alarm.Metric
		want    []Shortage
	}{
		"consumed writes":      {[]alarm.Metric{metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "orders")}, of(orders, Part{"", Write})},
		"throttled reads":      {[]alarm.Metric{metric("AWS/DynamoDB", "ReadThrottleEvents", "TableName", "orders")}, of(orders, Part{"", Read})},
		"of an index":          {[]alarm.Metric{metric("AWS/DynamoDB", "ReadThrottleEvents", "TableName", "orders", "GlobalSecondaryIndexName", "by-day")}, of(orders, Part{"by-day", Read})},
		"an index being built": {[]alarm.Metric{metric("AWS/DynamoDB", "OnlineIndexThrottleEvents", "TableName", "orders", "GlobalSecondaryIndexName", "by-day")}, of(orders, Part{"by-day", Write})},
		"throttled queries":    {[]alarm.Metric{metric("AWS/DynamoDB", "ThrottledRequests", "TableName", "orders", "Operation", "Query")}, of(orders, Part{"", Read})},
		"throttled puts":       {[]alarm.Metric{metric("AWS/DynamoDB", "ThrottledRequests", "TableName", "orders", "Operation", "PutItem")}, of(orders, Part{"", Write})},
		"throttled statements": {[]alarm.Metric{metric("AWS/DynamoDB", "ThrottledRequests", "TableName", "orders", "Operation", "ExecuteStatement")}, of(orders, Part{"", Read}, Part{"", Write})},
		"a ratio": {[]alarm.Metric{
			{ID: "share", Expression: "100 * used / there"},
			metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "orders"), metric("AWS/DynamoDB", "ProvisionedWriteCapacityUnits", "TableName", "orders"),
		}, of(orders, Part{"", Write})},
		"two tables": {[]alarm.Metric{metric("AWS/DynamoDB", "ReadThrottleEvents", "TableName", "orders"), metric("AWS/DynamoDB", "ReadThrottleEvents", "TableName", "carts")}, []Shortage{
			{Resource{KindTable, "carts"}, []Part{{"", Read}}}, {orders, []Part{{"", Read}}},
		}},
		"a stream":            {[]alarm.Metric{metric("AWS/Kinesis", "IncomingBytes", "StreamName", "clicks")}, of(Resource{KindStream, "clicks"}, Part{"", Shards})},
		"a function":          {[]alarm.Metric{metric("AWS/Lambda", "Throttles", "FunctionName", "checkout")}, of(Resource{KindFunction, "checkout"}, Part{"", Concurrency})},
		"a hot key":           {[]alarm.Metric{metric("AWS/DynamoDB", "WriteKeyRangeThroughputThrottleEvents", "TableName", "orders")}, nil},
		"an account's limit":  {[]alarm.Metric{metric("AWS/DynamoDB", "WriteAccountLimitThrottleEvents", "TableName", "orders")}, nil},
		"a slow consumer":     {[]alarm.Metric{metric("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", "clicks")}, nil},
		"a function's errors": {[]alarm.Metric{metric("AWS/Lambda", "Errors", "FunctionName", "checkout")}, nil},
		"the whole account":   {[]alarm.Metric{metric("AWS/Lambda", "ConcurrentExecutions")}, nil},
		"another namespace":   {[]alarm.Metric{metric("Mine", "ConsumedWriteCapacityUnits", "TableName", "orders")}, nil},
		"nothing":             {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			want.Equal(t, "what is short", shortages(c.metrics), c.want)
			slices.Reverse(c.metrics)
			want.Equal(t, "what is short, the metrics in another order", shortages(c.metrics), c.want)
		})
	}
}

func TestBusyTable_looksAtTheIndexesToo(t *testing.T) {
	table := &dynamodbtypes.TableDescription{
		TableStatus:            dynamodbtypes.TableStatusActive,
		GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndexDescription{{IndexName: aws.String("by-day"), IndexStatus: dynamodbtypes.IndexStatusActive}},
	}
	if got := busyTable(table); got != "" {
		t.Errorf("an active table is busy as %q, want not busy", got)
	}
	table.GlobalSecondaryIndexes[0].IndexStatus = dynamodbtypes.IndexStatusUpdating
	want.Equal(t, "why it is busy", busyTable(table), "the index by-day is UPDATING")
	table.TableStatus = dynamodbtypes.TableStatusUpdating
	want.Equal(t, "why it is busy", busyTable(table), "the table is UPDATING")
}

func TestUpdateTable_leavesOutWhatStaysAsItIs(t *testing.T) {
	current := func(index string, dimension Dimension, now float64) Current {
		return Current{Part: Part{index, dimension}, Means: Provisioned, Now: now}
	}
	facts := Facts{Resource: Resource{KindTable, "orders"}, Parts: []Current{
		current("", Read, 5), current("", Write, 50), current("by-day", Read, 6), current("by-day", Write, 60),
		{Part: Part{"by-customer", Read}, Means: AutoScaled, Now: 900, InUse: 7},
		current("by-customer", Write, 70),
	}}
	raise := func(index string, dimension Dimension, to float64) Decision {
		return Decision{Part: Part{index, dimension}, Means: Provisioned, To: to}
	}
	input := updateTable(facts, []Decision{raise("by-customer", Write, 140)})
	want.Equal(t, "the table itself is updated", input.ProvisionedThroughput != nil, false)
	if len(input.GlobalSecondaryIndexUpdates) != 1 {
		t.Fatalf("indexes that are updated: %d, want 1", len(input.GlobalSecondaryIndexUpdates))
	}
	units := input.GlobalSecondaryIndexUpdates[0].Update.ProvisionedThroughput
	want.Equal(t, "the index's reads, which auto scaling provides", *units.ReadCapacityUnits, 7)
	want.Equal(t, "the index's writes", *units.WriteCapacityUnits, 140)
	input = updateTable(facts, []Decision{raise("", Write, 100), raise("by-day", Read, 12), raise("by-day", Write, 120)})
	want.Equal(t, "the table's reads", *input.ProvisionedThroughput.ReadCapacityUnits, 5)
	want.Equal(t, "the table's writes", *input.ProvisionedThroughput.WriteCapacityUnits, 100)
	want.Equal(t, "indexes that are updated", len(input.GlobalSecondaryIndexUpdates), 1)
}
