package alerts

import "caretaker/alerts/label"

var dataChecks = []Check{
	{
		Kind: Table, Key: "throttles", Says: "Reads or writes of {name} are throttled, at least {threshold} a minute.",
		Why:      "The SDKs retry a few; five minutes of them are too little capacity, or a hot key.",
		Measures: []Measure{sum("AWS/DynamoDB", "ReadThrottleEvents"), sum("AWS/DynamoDB", "WriteThrottleEvents")}, Expression: filledTwo,
		Threshold: 10, Unit: Count, Period: minute, Datapoints: 5, Periods: 5, Severity: label.Warning,
	},
	{
		Kind: Table, Key: "system-errors", Says: "DynamoDB answers requests to {name} with errors of its own, at least {threshold} a minute.",
		Why: "Published by table and operation only: by table alone an alarm never fires. Off, since the SDKs retry these, " +
			"nobody but AWS can do anything about them, and the six operations are six metrics to pay for.",
		Measures: []Measure{
			systemErrors("GetItem"), systemErrors("BatchGetItem"), systemErrors("Query"), systemErrors("PutItem"), systemErrors("UpdateItem"), systemErrors("BatchWriteItem"),
		},
		Expression: filledSix, Threshold: 10, Unit: Count, Period: minute, Datapoints: 3, Periods: 5, Severity: label.Warning, Off: true,
	},
	{
		Kind: Index, Key: "throttles", Says: "Reads or writes of the index {name} are throttled, at least {threshold} a minute.",
		Why:      "An index that throttles writes throttles those of its table.",
		Measures: []Measure{sum("AWS/DynamoDB", "ReadThrottleEvents"), sum("AWS/DynamoDB", "WriteThrottleEvents")}, Expression: filledTwo,
		Threshold: 10, Unit: Count, Period: minute, Datapoints: 5, Periods: 5, Severity: label.Warning,
	},
	{
		Kind: Stream, Key: "iterator-age", Says: "What is read of {name} is {threshold} old or older.",
		Why:      "A stream keeps records for 24 hours unless it was told to keep them longer.",
		Measures: []Measure{{"AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "Maximum", ""}}, Threshold: 3600, Unit: Span, Millis: true,
		Period: minute, Datapoints: 3, Periods: 5, Severity: label.Critical,
	},
	{
		Kind: Stream, Key: "write-throttles", Says: "Writes to {name} are refused, at least {threshold} a minute.",
		Why:      "Too few shards, or a hot key. Producers retry a few.",
		Measures: []Measure{sum("AWS/Kinesis", "WriteProvisionedThroughputExceeded")}, Threshold: 10, Unit: Count, Period: minute, Datapoints: 5, Periods: 5, Severity: label.Warning,
	},
	{
		Kind: Stream, Key: "read-throttles", Says: "Reads of {name} are refused, at least {threshold} a minute.",
		Why:      "More than two consumers share a shard's reads.",
		Measures: []Measure{sum("AWS/Kinesis", "ReadProvisionedThroughputExceeded")}, Threshold: 10, Unit: Count, Period: minute, Datapoints: 5, Periods: 5, Severity: label.Warning,
	},
}
