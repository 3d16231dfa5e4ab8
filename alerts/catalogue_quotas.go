package alerts

import "caretaker/alerts/label"

// usageNamespace is where AWS counts what most quotas limit.
const usageNamespace = "AWS/Usage"

// The measures stand for those that AWS names at each quota: see Check.measures.
var quotaChecks = []Check{
	{
		Kind: Quota, Key: "resources", Says: "{threshold} or more of the quota {quota} is used. {remedy}",
		Why:      "What is over a quota is refused. A quarter of an hour is fine enough: such numbers grow, and AWS counts some every five minutes alone.",
		Measures: []Measure{{usageNamespace, resourceCount, "Maximum", ""}}, Threshold: 80, Unit: Share, Of: OfQuota,
		Period: 15 * minute, Datapoints: 1, Periods: 1, Severity: label.Warning, Only: CountedQuotas,
	},
	{
		Kind: Quota, Key: "calls", Says: "{threshold} or more of the quota {quota} is called. {remedy}",
		Why:      "Calls over it are throttled, for everybody in the account. A quota of a second is judged by the minute, which is how AWS counts calls: bursts of seconds are not seen.",
		Measures: []Measure{{usageNamespace, callCount, statisticSum, ""}}, Threshold: 80, Unit: Share, Of: OfQuota,
		Period: minute, Datapoints: 3, Periods: 5, Severity: label.Warning, Only: RateQuotas,
	},
}
