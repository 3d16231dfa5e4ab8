package alerts

import "caretaker/alerts/label"

// A metric of API Gateway counts every request: 1 for one that ended so, and 0 for any other.
var (
	restChecks = apiChecks(RestAPI, "5XXError", "4XXError")
	httpChecks = apiChecks(HTTPAPI, "5xx", "4xx")
)

// apiChecks are those of an API, with what its metrics on errors of the server and of the client are called.
func apiChecks(kind Kind, server, client string) []Check {
	requests := Measure{"AWS/ApiGateway", "Count", "SampleCount", ""}
	return []Check{
		{
			Kind: kind, Key: "errors", Says: "At least {threshold} of the requests to {name} are answered by a server error (5xx).",
			Why:      "Whoever asked has no answer. Also where the backend is no function, and so has no alarm of its own. Any of up to 20 requests in 5 minutes is over 5 %: nobody is woken for that.",
			Measures: []Measure{sum("AWS/ApiGateway", server), requests}, Expression: failureRate, Label: failedRequests,
			Threshold: 5, Unit: Share, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Warning,
		},
		{
			Kind: kind, Key: "failing", Says: "More than three requests to {name} in 5 minutes are answered by a server error (5xx), and at least {threshold} of all.",
			Why:      "As with functions: 4 of 10 and 11 of 100 ring, 1 of 5 and 3 of 10 do not.",
			Measures: []Measure{sum("AWS/ApiGateway", server), requests}, Expression: failureRateOfMany, Label: failedRequests,
			Threshold: 10, Unit: Share, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical,
		},
		{
			Kind: kind, Key: "latency", Says: "One in a hundred requests to {name} takes {threshold} or longer.",
			Why:      "Off, since only its owner knows how fast an API has to be; API Gateway itself gives up after some 30 s.",
			Measures: []Measure{{"AWS/ApiGateway", "Latency", "p99", ""}}, Threshold: 5, Unit: Span, Millis: true,
			Period: minute, Datapoints: 3, Periods: 5, Severity: label.Warning, Off: true,
		},
		{
			Kind: kind, Key: "client-errors", Says: "More than three requests to {name} a minute, and at least {threshold} of all, are refused as the caller's mistake (4xx).",
			Why:      "Off, since crawlers and expired tokens do that all day. For an API whose callers are your own, where it means that one of the two was deployed wrong.",
			Measures: []Measure{sum("AWS/ApiGateway", client), requests}, Expression: failureRateOfMany, Label: "percent of requests that are refused",
			Threshold: 5, Unit: Share, Period: minute, Datapoints: 5, Periods: 5, Severity: label.Warning, Off: true,
		},
	}
}

const failedRequests = "percent of requests that fail"
