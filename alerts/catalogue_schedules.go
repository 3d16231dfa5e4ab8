package alerts

import "caretaker/alerts/label"

var scheduleChecks = []Check{
	{
		Kind: Schedules, Key: "dropped", Says: "Schedules of the group {name} do not reach their target, and are given up, at least {threshold} in 5 minutes.",
		Why:      "What should have run did not, and nothing else says so. The target is gone, or may not be called.",
		Measures: []Measure{sum("AWS/Scheduler", "InvocationDroppedCount")}, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical,
	},
	{
		Kind: Schedules, Key: "lost", Says: "What schedules of the group {name} give up does not reach their dead letters either, at least {threshold} in 5 minutes.",
		Why:      "The queue is gone, or does not take it: there is nothing to try again from.",
		Measures: []Measure{sum("AWS/Scheduler", "InvocationsFailedToBeSentToDeadLetterCount")}, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical,
	},
	{
		Kind: Schedules, Key: "throttles", Says: "Schedules of the group {name} are throttled, by Scheduler's own limit or by their target, at least {threshold} a minute.",
		Why:        "They run late. One is tried again; five minutes of them are a limit that is too low, or too much at the full hour.",
		Measures:   []Measure{sum("AWS/Scheduler", "InvocationThrottleCount"), sum("AWS/Scheduler", "TargetErrorThrottledCount")},
		Expression: filledTwo, Threshold: 1, Unit: Count, Period: minute, Datapoints: 5, Periods: 5, Severity: label.Warning,
	},
}
