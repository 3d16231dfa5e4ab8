package limitraiser

import (
	"context"
	"errors"
	"time"

	"caretaker/internal/alarm"
	"caretaker/internal/iam"
)

// Kind is a kind of resource.
type Kind string

// kinds are all of them. A further kind is a file with what the interface asks for, and its line
// here.
var kinds = []kindOf{
	{KindTable, tables{}},
	{KindStream, streams{}},
	{KindFunction, functions{}},
	{KindQuota, quotas{}},
}

type kindOf struct {
	name Kind
	kind kind
}

// kind is what is particular to a kind of resource. What most kinds do not need, plain does.
type kind interface {
	// names says which resource a metric is about, and what of it is short when its alarm calls:
	// nothing where more of it would cure nothing, as with errors, latency or a single hot key.
	names(metric alarm.Metric) (name string, short []Part)
	// find finds the resources of the file that metrics are about of which names does not tell, and
	// may tells whether a metric may be such a one. Of quotas only AWS says which counts them.
	find(ctx context.Context, r *Raiser, metrics []alarm.Metric) ([]Shortage, error)
	may(cfg Config, metric alarm.Metric) bool
	// provides tells whether a metric says what there is, and not what is used or refused.
	provides(metric alarm.Metric) bool
	// read reads what there is of a resource and its load. One that the file does not list is not
	// read, and one that does not exist has no parts.
	read(ctx context.Context, r *Raiser, shortage Shortage) (Facts, error)
	// room is how far an increase may go by what AWS keeps for others. Where that is nowhere, the note
	// says why; elsewhere it is added to the increase's reason.
	room(increase Increase, facts Facts, memory Memory, sizing Sizing) (to float64, note string)
	// oneCall cuts a raise to what one call may do, with the goal that it is on its way to, if any.
	// The goal that was set before is 0 for none.
	oneCall(decision Decision, set float64) (Decision, float64)
	// budget says why AWS takes no more calls for now; empty while it does.
	budget(memory Memory, now time.Time) (Reason, string)
	// together tells whether a raise goes into one call with the others of its resource that do.
	together(decision Decision) bool
	// raise makes the one call that raises these parts, sent once.
	raise(ctx context.Context, r *Raiser, facts Facts, decisions []Decision) error
	// floor is what a refusal tells must stay for others; 0 when it tells nothing.
	floor(refusal error) float64
	// price is the name of the list price of what a decision raises, or Free.
	price(decision Decision, at Place) string
	// threshold is an alarm's threshold in the units of what is raised; false where the two are not
	// to be compared.
	threshold(metric alarm.Metric, threshold float64) (float64, bool)
	// link is where the resource is found in the AWS console.
	link(name, region string) string
	// statements are the permissions for the resources that the file lists.
	statements(cfg Config) []iam.Statement
}

// kind is the resource's, or what does nothing for one that is not known.
func (r Resource) kind() kind {
	for _, one := range kinds {
		if one.name == r.Kind {
			return one.kind
		}
	}
	return plain{}
}

// plain is a kind of which nothing is particular.
type plain struct{}

func (plain) names(alarm.Metric) (string, []Part) { return "", nil }

func (plain) find(context.Context, *Raiser, []alarm.Metric) ([]Shortage, error) { return nil, nil }

func (plain) may(Config, alarm.Metric) bool { return false }

func (plain) provides(alarm.Metric) bool { return false }

func (plain) read(context.Context, *Raiser, Shortage) (Facts, error) {
	return Facts{}, errors.New("it is of a kind that is not known")
}

func (plain) room(increase Increase, _ Facts, _ Memory, _ Sizing) (float64, string) {
	return increase.To, ""
}

func (plain) oneCall(decision Decision, _ float64) (Decision, float64) { return decision, 0 }
func (plain) budget(Memory, time.Time) (Reason, string)                { return "", "" }
func (plain) together(Decision) bool                                   { return false }
func (plain) raise(context.Context, *Raiser, Facts, []Decision) error {
	return errors.New("it is of a kind that is not known")
}
func (plain) floor(error) float64                                         { return 0 }
func (plain) price(Decision, Place) string                                { return Free }
func (plain) threshold(_ alarm.Metric, threshold float64) (float64, bool) { return threshold, false }
func (plain) link(string, string) string                                  { return "" }
func (plain) statements(Config) []iam.Statement                           { return nil }
