package alerts

// Outcome is what is decided about an alarm, or a resource without one, and after the run what became of it.
type Outcome string

// The outcomes. A plan knows the first seven.
const (
	ToCreate Outcome = "to create"
	ToChange Outcome = "to change"
	ToDelete Outcome = "to delete"
	Kept     Outcome = "kept"
	NoAlarm  Outcome = "no alarm"
	// NoDashboard is of a service that gets none.
	NoDashboard Outcome = "no dashboard"
	// NoFilter is of a log group that can have no further one.
	NoFilter Outcome = "no metric filter"
	// NotYet is left to a later run.
	NotYet Outcome = "not yet"
	// Created, Changed and Deleted were done in this run.
	Created Outcome = "created"
	Changed Outcome = "changed"
	Deleted Outcome = "deleted"
	Failed  Outcome = "failed"
)

// Reason says why; Fate.Detail has the rest.
type Reason string

// The reasons.
const (
	Missing       Reason = "it is watched and has no such alarm"
	Differs       Reason = "the alarm differs"
	AsItShould    Reason = "as it should be"
	ResourceGone  Reason = "what it watched is gone"
	NotOfCatalog  Reason = "no check of the catalogue"
	SwitchedOff   Reason = "the check is off"
	OffByDefault  Reason = "the check is off unless asked for"
	DoesNotApply  Reason = "the check does not apply"
	TaggedOff     Reason = "tagged caretaker:alarms=off"
	ExcludedName  Reason = "excluded by name"
	ExcludedStack Reason = "excluded by stack"
	ExcludedTag   Reason = "excluded by tag"
	NotIncluded   Reason = "not included"
	IsOwn         Reason = "own: its stack has its alarms"
	// These are about composite alarms. NoComposites is of one that is there, and not asked for; NoCritical of one whose
	// service has no critical alarm any more, or is gone.
	NoComposites    Reason = "alerts.composites is off"
	NoCritical      Reason = "its service has no critical alarm"
	TooManyChildren Reason = "more critical alarms than composite alarms hold"
	ChildMissing    Reason = "an alarm of its rule is not there yet"
	// ListFailed and TooManyGone hold deletions back: see belts.
	ListFailed  Reason = "not deleted: a list could not be read"
	TooManyGone Reason = "not deleted: too much is gone at once"
	OverMost    Reason = "over maxChanges: a later run does it"
	OutOfTime   Reason = "no time for it in this run"
	CallFailed  Reason = "the call failed"
	// Leaving is why alarms and dashboards go with the stage.
	Leaving Reason = "the stage's alarms are taken away"
	// These are about dashboards.
	NoSuchDashboard  Reason = "there is no such dashboard"
	DashboardDiffers Reason = "the dashboard differs"
	ServiceGone      Reason = "what it showed is gone"
	NotAsked         Reason = "alerts.dashboards asks for none"
	OverMostServices Reason = "over alerts.dashboards.most"
	// OverMostQuotas is of a service quota.
	OverMostQuotas Reason = "over alerts.quotas.most"
	// These are about log patterns and their metric filters.
	NoLogGroup    Reason = "no log group is meant"
	NoSuchFilter  Reason = "there is no such metric filter"
	FilterDiffers Reason = "the metric filter differs"
	NotMeant      Reason = "its log pattern does not mean the log group"
	GroupFull     Reason = "the log group has as many metric filters as AWS allows"
	FilterLeft    Reason = "its metric filters are not gone yet"
)

// Fate is what happens to an alarm, a metric filter or a dashboard, and why.
type Fate struct {
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason"`
	Detail  string  `json:"detail,omitempty"`
}

// Acts says whether something is to be done.
func (f Fate) Acts() bool { return became[f.Outcome] != "" }

// became is what comes of what is to be done.
var became = map[Outcome]Outcome{ToCreate: Created, ToChange: Changed, ToDelete: Deleted}

// postpone leaves what was to be done to a later run.
func (f *Fate) postpone(reason Reason) { *f = Fate{NotYet, reason, string(f.Outcome)} }

// spare keeps what was to go where what was read may not be all; held says why.
func (f *Fate) spare(facts Facts, held string) {
	if reason := facts.doubt(held); reason != "" {
		*f = Fate{Kept, reason, held}
	}
}

// doubt is why nothing may go, where a belt holds deletions; empty where none does.
func (f Facts) doubt(held string) Reason {
	switch {
	case len(f.Unread) > 0:
		return ListFailed
	case held != "":
		return TooManyGone
	}
	return ""
}

// Change is one field of an alarm that differs.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// Decision is what happens to one alarm, or to a resource that gets none, and why.
type Decision struct {
	Alarm    string `json:"alarm,omitempty"`
	Resource string `json:"resource,omitempty"`
	Fate
	Severity string `json:"severity,omitempty"`
	// Changes are the fields that differ, of an alarm to change.
	Changes []Change `json:"changes,omitempty"`

	wanted Alarm
	there  Existing
	// failure is why the call failed, of one that did.
	failure error
}

// Remark is a tag that nobody can read; the default holds.
type Remark struct {
	Resource string `json:"resource"`
	Tag      string `json:"tag"`
	Value    string `json:"value"`
	Allowed  string `json:"allowed"`
}
