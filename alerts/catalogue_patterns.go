package alerts

import "caretaker/alerts/label"

// logNamespace is where the metrics of a stage's log patterns are.
func logNamespace(stage string) string { return "Caretaker/Logs/" + stage }

// The measure stands for the pattern's own: see Check.measures.
var patternChecks = []Check{
	{
		Kind: Pattern, Key: "lines", Says: "{threshold} or more lines in 5 minutes match the log pattern {name}: {pattern}",
		Why:      "Somebody asked for it in alerts.logPatterns. A metric filter on each log group counts 1 for a line that matches and 0 for others, so that the alarm is over when no more lines do.",
		Measures: []Measure{sum(logNamespace("STAGE"), "NAME")}, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Warning,
	},
}
