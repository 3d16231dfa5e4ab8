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
	// Attributes are those of the contributor, by which its query groups.
	Attributes map[string]string `json:",omitempty"`
	// State is ALARM, OK or INSUFFICIENT_DATA; OldState the one before, empty where the event does
	// not say it.
	State    string
	OldState string `json:",omitempty"`
	// ChangedAt is when the state changed, to the millisecond.
	ChangedAt time.Time
	// Reason is CloudWatch's own text, Description the owner's.
	Reason      string
	Description string `json:",omitempty"`
	// Metrics are the metrics that the alarm looks at, those of a metric math expression and of
	// an anomaly band among them. A composite alarm has none, and an event may leave them out.
	Metrics []Metric
	// Rule is the rule of a composite alarm; its children must be looked up.
	Rule string
	// Threshold is the alarm's, nil where the event does not say it, or a band stands for it: then
	// Band is the band's id, where the event says that.
	Threshold *float64
	Band      string `json:",omitempty"`
	// Comparison is how the alarm compares, in the API's words: GreaterThanThreshold. Messages of
	// SNS say it, and how many periods are evaluated, of which so many datapoints must be past the
	// threshold; other events do not.
	Comparison        string `json:",omitempty"`
	EvaluationPeriods int    `json:",omitempty"`
	DatapointsToAlarm int    `json:",omitempty"`
	// Recent are the values that changed the state, where the event says them.
	Recent Recent `json:",omitzero"`
	// Mute is the rule that kept the alarm's actions from running, where one did.
	Mute Mute `json:",omitzero"`
	// AfterMute says that the alarm changed while it was muted, and that its actions ran when that ended.
	AfterMute bool `json:",omitempty"`
	// SuppressedBy is why the actions of a composite alarm do not run: WaitPeriod, ExtensionPeriod
	// or Alarm. It is empty where they do.
	SuppressedBy string `json:",omitempty"`
	// Tags are the alarm's own, where it is set to hand them on.
	Tags map[string]string `json:",omitempty"`
}

// Recent are values that an alarm compared, oldest first, and the bands that it compared each with.
type Recent struct {
	Values, Lower, Upper []float64 `json:",omitempty"`
}

// Mute is a rule that mutes an alarm, and until when.
type Mute struct {
	// Rule is the rule's ARN.
	Rule string
	// Until is zero where the event does not say it.
	Until time.Time `json:",omitzero"`
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
	// Account is the account whose metric it is, where that is said: a monitoring account has
	// alarms on the metrics of others.
	Account string `json:",omitempty"`
	// Compared says that the alarm compares it, and does not only reckon with it.
	Compared bool `json:",omitempty"`
	// Label is what the owner calls an expression, Unit what the values are in as CloudWatch writes it,
	// such as Milliseconds. Most alarms say neither.
	Label string `json:",omitempty"`
	Unit  string `json:",omitempty"`
}
