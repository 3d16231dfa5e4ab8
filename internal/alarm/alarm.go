// Package alarm reads the state changes of CloudWatch alarms, in whatever event they come: through
// SNS, through SNS and a queue, straight to a function, through EventBridge, or in the record of a
// failed run. Whichever way it came, a change is the same Alarm, with the same Key.
//
// It knows nothing of what is done about an alarm, and calls nobody: what an event does not say is
// for the reader to look up.
package alarm

import "time"

// Alarm is one state change of a CloudWatch alarm, the same whichever way it came.
type Alarm struct {
	// ARN is empty in old SNS messages; Account, Region and Name are there always. Region is its
	// code, or the name for people where an old message gives nothing else.
	ARN, Account, Region, Name string
	// Contributor is the id of the contributor of a Metrics Insights alarm; empty for others.
	Contributor string
	// State is ALARM, OK or INSUFFICIENT_DATA.
	State string
	// ChangedAt is when the state changed, to the millisecond.
	ChangedAt time.Time
	// Reason is CloudWatch's own text.
	Reason string
	// Metrics are the metrics that the alarm looks at, those of a metric math expression and of
	// an anomaly band among them. A composite alarm has none, and an event may leave them out.
	Metrics []Metric
	// Rule is the rule of a composite alarm; its children must be looked up.
	Rule string
	// Threshold is the alarm's, nil where the event does not say it.
	Threshold *float64
}

// Metric is a metric that an alarm looks at, or an expression over others.
type Metric struct {
	ID              string
	Namespace, Name string
	// Dimensions are empty for an expression, but for the query that the alarm's contributor is
	// of: they are the contributor's attributes, and Namespace, Name and Stat the query's.
	Dimensions map[string]string
	// Stat is as in the API: Sum, Average, p99.
	Stat string
	// Period is zero where the event does not say it.
	Period     time.Duration
	Expression string
}
