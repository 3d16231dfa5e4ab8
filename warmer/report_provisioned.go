package warmer

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"caretaker/internal/emf"
)

// ProvisionedAlias is an alias with provisioned concurrency by windows, and what a run did about it.
type ProvisionedAlias struct {
	Ref
	// Wanted is how many, in Window; Asked how many were asked for, where Capped says why that is more.
	Wanted int    `json:"wanted"`
	Window string `json:"window,omitempty"`
	Asked  int    `json:"asked,omitempty"`
	Capped string `json:"capped,omitempty"`
	// Act is what was done, or would be in a dry run, and Why says why.
	Act Act    `json:"act"`
	Why string `json:"why,omitempty"`
	// State is what AWS says is there, as it was after the run's change; nil for nothing. Own says that the warmer set it.
	State *Provisioned `json:"state,omitempty"`
	Own   bool         `json:"own"`
	// Short is how many that should take calls by now do not.
	Short int `json:"short"`
}

// Told is what a plan says of an alias.
func Told(p Provisioning, now time.Time) ProvisionedAlias {
	alias := ProvisionedAlias{Ref: p.Ref, Wanted: p.Wanted, Window: p.Window, Capped: p.Capped, Act: p.Act, Why: p.Why, State: p.State, Own: p.Own}
	if p.Capped != "" {
		alias.Asked = p.Asked
	}
	if short, why := p.Short(now); short > 0 {
		alias.Short, alias.Why = short, why
	}
	return alias
}

// addProvisioned takes in what came of the aliases, and logs each.
func (r *Report) addProvisioned(ctx context.Context, results []provisioned, now time.Time) {
	for _, one := range results {
		alias := Told(one.Provisioning, now)
		if one.refused != "" {
			alias.Short, alias.Why = max(0, one.Wanted-one.has()), "AWS refused it: "+one.refused
		}
		if one.err != nil {
			r.failures = append(r.failures, one.err)
			if one.failure() == nil {
				alias.Why = string(alias.Act) + ", which failed"
			}
		}
		r.list(alias)
		alias.log(ctx)
	}
}

// list takes an alias into the report and its totals.
func (r *Report) list(alias ProvisionedAlias) {
	r.Provisioned = append(r.Provisioned, alias)
	r.ProvisionedWanted += alias.Wanted
	r.ProvisionedShort += alias.Short
	if alias.Own && alias.State != nil {
		r.ProvisionedReady += alias.State.Available
	}
}

func (a ProvisionedAlias) log(ctx context.Context) {
	event := zerolog.Ctx(ctx).Info()
	if a.Short > 0 {
		event = zerolog.Ctx(ctx).Warn().Int("short", a.Short)
	}
	if a.State != nil {
		event = event.Int("requested", a.State.Requested).Int("available", a.State.Available).Str("status", a.State.Status)
	}
	event.Stringer("target", a.Ref).Int("wanted", a.Wanted).Str("act", string(a.Act)).Str("why", a.Why).Bool("own", a.Own).Msg("provisioned concurrency")
}

// provisionedMetrics are totals, where the file has provisioned concurrency at all.
func (r Report) provisionedMetrics() []emf.Metric {
	if len(r.Provisioned) == 0 {
		return nil
	}
	count := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count}
	}
	return []emf.Metric{
		count("ProvisionedWanted", r.ProvisionedWanted), count("ProvisionedReady", r.ProvisionedReady), count("ProvisionedShort", r.ProvisionedShort),
	}
}
