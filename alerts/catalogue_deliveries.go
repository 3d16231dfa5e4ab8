package alerts

import "caretaker/alerts/label"

var deliveryChecks = []Check{
	{
		Kind: Delivery, Key: "freshness", Says: "What {name} has to deliver is {threshold} old or older.",
		Why: "It does not come through to its destination, and Firehose keeps records for a day. It collects for up to 15 minutes by itself, and tries again what failed: " +
			"twice as long is neither.",
		Measures: []Measure{{"AWS/Firehose", "DeliveryTo{destination}.DataFreshness", "Maximum", ""}}, Threshold: 1800, Unit: Span,
		Period: 15 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical, Only: KnownDelivery,
	},
	{
		Kind: Delivery, Key: "throttles", Says: "Records for {name} are refused, at least {threshold} a minute.",
		Why:      "More comes than the stream takes. Producers retry a few.",
		Measures: []Measure{sum("AWS/Firehose", "ThrottledRecords")}, Threshold: 10, Unit: Count, Period: minute, Datapoints: 5, Periods: 5, Severity: label.Warning,
	},
}
