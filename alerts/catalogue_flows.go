package alerts

import "caretaker/alerts/label"

var flowChecks = []Check{
	{
		Kind: Machine, Key: "failed", Says: "Executions of {name} fail, time out or are aborted, at least {threshold} in 5 minutes.",
		Why:      "Step Functions does not run an execution again by itself.",
		Measures: []Measure{sum("AWS/States", "ExecutionsFailed"), sum("AWS/States", "ExecutionsTimedOut"), sum("AWS/States", "ExecutionsAborted")}, Expression: filledThree,
		Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Warning,
	},
	{
		Kind: Machine, Key: "throttles", Says: "Steps of {name} are throttled, at least {threshold} a minute.",
		Why:      "Executions stand still meanwhile.",
		Measures: []Measure{sum("AWS/States", "ExecutionThrottled")}, Expression: filled, Threshold: 1, Unit: Count, Period: minute, Datapoints: 3, Periods: 5, Severity: label.Warning,
	},
	{
		Kind: Rule, Key: "failed", Says: "The rule {name} does not reach its target, at least {threshold} times in 5 minutes.",
		Why:      "The target is gone, or may not be called. EventBridge has given these up after its retries.",
		Measures: []Measure{sum("AWS/Events", "FailedInvocations")}, Expression: filled, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Warning,
	},
	{
		Kind: Rule, Key: "lost", Says: "Events of the rule {name} reach neither its target nor its dead letters, at least {threshold} in 5 minutes.",
		Why:      "They are gone.",
		Measures: []Measure{sum("AWS/Events", "InvocationsFailedToBeSentToDlq")}, Expression: filled, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical,
	},
}
