package alerts

import "caretaker/alerts/label"

var functionChecks = []Check{
	{
		Kind: Function, Key: "errors", Says: "At least {threshold} of the calls of {name} fail.",
		Why:      "Any failure of a function that is called up to 20 times in 5 minutes is over 5 %: one that runs once an hour and fails is told of, and yet nobody is woken.",
		Measures: []Measure{lambdaMetric("Errors", "Sum"), lambdaMetric("Invocations", "Sum")}, Expression: failureRate, Label: failedShare,
		Threshold: 5, Unit: Share, Period: 5 * minute, Datapoints: 1, Periods: 1, Early: true, Severity: label.Warning,
	},
	{
		Kind: Function, Key: "failing", Says: "More than three calls of {name} in 5 minutes fail, and at least {threshold} of all.",
		Why:      "A share alone rings at 1 of 5 calls. With more than three failures it rings at 4 of 10 and at 11 of 100, and not at 3 of 10.",
		Measures: []Measure{lambdaMetric("Errors", "Sum"), lambdaMetric("Invocations", "Sum")}, Expression: failureRateOfMany, Label: failedShare,
		Threshold: 10, Unit: Share, Period: 5 * minute, Datapoints: 1, Periods: 1, Early: true, Severity: label.Critical,
	},
	{
		Kind: Function, Key: "throttles", Says: "Calls of {name} are throttled, at least {threshold} a minute.",
		Why:      "One throttled call is retried by nearly every caller; three minutes of them are a limit that is too low.",
		Measures: []Measure{lambdaMetric("Throttles", "Sum")}, Threshold: 1, Unit: Count, Period: minute, Datapoints: 3, Periods: 5, Severity: label.Warning,
	},
	{
		Kind: Function, Key: "duration", Says: "One in a hundred calls of {name} takes {threshold} of its timeout or more.",
		Why:      "What comes near the timeout will meet it. An average hides the slow ones.",
		Measures: []Measure{lambdaMetric("Duration", "p99")}, Threshold: 80, Unit: Share, Of: OfTimeout,
		Band: aboveBand, Unusual: "One in a hundred calls of {name} takes longer than is usual for it, by {threshold}.",
		Period: minute, Datapoints: 3, Periods: 5, Early: true, Severity: label.Warning,
	},
	{
		Kind: Function, Key: "invocations", Says: "{name} is called more or less often than is usual for it, by {threshold}.",
		Why:      "No number of calls is right at every hour: a band follows the hours and the days. A gap counts as too few calls, since Lambda publishes no zero; so it is for functions that are called all the time, and made where asked for.",
		Measures: []Measure{lambdaMetric("Invocations", "Sum")}, Threshold: 3, Unit: Deviations, Band: outsideBand, Missing: breaching,
		Period: 5 * minute, Datapoints: 3, Periods: 3, Severity: label.Warning, Off: true,
	},
	{
		Kind: Function, Key: "timeouts", Says: "Calls of {name} reach {threshold} of its timeout: Lambda ends them.",
		Why:      "A call that times out has as its duration the timeout itself; 98 % allows for rounding.",
		Measures: []Measure{lambdaMetric("Duration", "Maximum")}, Threshold: 98, Unit: Share, Of: OfTimeout,
		Period: 5 * minute, Datapoints: 1, Periods: 1, Early: true, Severity: label.Warning,
	},
	{
		Kind: Function, Key: "iterator-age", Says: "What {name} reads of its stream is {threshold} old or older.",
		Why:      "Records wait; once they are older than the stream's retention they are lost. The metric is there with a stream only.",
		Measures: []Measure{lambdaMetric("IteratorAge", "Maximum")}, Threshold: 60, Unit: Span, Millis: true,
		Period: minute, Datapoints: 3, Periods: 5, Severity: label.Warning, Only: WithStream,
	},
	{
		Kind: Function, Key: "dropped", Says: "Lambda gives asynchronous events of {name} up, at least {threshold} in 5 minutes.",
		Why:      "Such an event was never handled, and nobody else knows of it.",
		Measures: []Measure{lambdaMetric("AsyncEventsDropped", "Sum")}, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical,
	},
	{
		Kind: Function, Key: "dead-letters", Says: "What {name} could not handle does not reach its dead-letter queue either.",
		Why:      "The queue or topic is gone, or the role may not write to it: failed events are lost.",
		Measures: []Measure{lambdaMetric("DeadLetterErrors", "Sum")}, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical, Only: WithDeadLetter,
	},
	{
		Kind: Account, Key: "concurrency", Says: "Functions claim {threshold} of the account's concurrency or more.",
		Why:      "At 100 % every function of the Region is throttled. What is reserved or provisioned counts as claimed, used or not.",
		Measures: []Measure{lambdaMetric("ClaimedAccountConcurrency", "Maximum")}, Threshold: 80, Unit: Share, Of: OfConcurrency,
		Period: minute, Datapoints: 5, Periods: 10, Severity: label.Critical,
	},
}
