package warmer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"caretaker/internal/emf"
	"caretaker/warmer/ping"
)

// Report is what a run answers. Its lists hold a hundred of each at most; the log has all of them.
type Report struct {
	DryRun bool `json:"dryRun"`
	// Busy says that another run was at work, or had been until just now, and that this one did nothing.
	Busy bool `json:"busy,omitempty"`
	// Deployment is the change after which a run looked at one function; empty for a run of everything. Ignored says
	// why it did not.
	Deployment string `json:"deployment,omitempty"`
	Ignored    string `json:"ignored,omitempty"`
	// Wanted, Distinct, Cold and Shortfall are environments: those that were to be warm, those that answered, those of them
	// that were new, and those that are missing.
	Wanted    int `json:"wanted"`
	Distinct  int `json:"distinct"`
	Cold      int `json:"cold"`
	Shortfall int `json:"shortfall"`
	// Proactive are new ones that AWS had made before the ping came.
	Proactive int `json:"proactive,omitempty"`
	// Pings are the calls that were made.
	Pings int `json:"pings"`
	// Targets are the functions that are kept warm, those that are short first; there are TargetCount.
	Targets     []Warmed `json:"targets"`
	TargetCount int      `json:"targetCount"`
	// Skips are those that are not, with the reason; there are SkipCount.
	Skips     []Skip `json:"skips"`
	SkipCount int    `json:"skipCount"`
	// Provisioned are the aliases with provisioned concurrency by windows.
	Provisioned []ProvisionedAlias `json:"provisioned,omitempty"`
	// ProvisionedWanted and ProvisionedReady are how many of them are to take calls and do, by the warmer's own
	// doing; ProvisionedShort how many are missing that should have come by now.
	ProvisionedWanted int `json:"provisionedWanted,omitempty"`
	ProvisionedReady  int `json:"provisionedReady,omitempty"`
	ProvisionedShort  int `json:"provisionedShort,omitempty"`
	// InFlight is how many pings could be on their way at once.
	InFlight int `json:"inFlight"`
	// Errors are the first hundred.
	Errors  []string `json:"errors,omitempty"`
	Seconds float64  `json:"seconds"`

	failures []error
}

// Warmed is a function that is kept warm.
type Warmed struct {
	Ref
	// Wanted is how many environments, in Window; Asked how many were asked for, where Capped says why that is more.
	Wanted int    `json:"wanted"`
	Window string `json:"window"`
	Asked  int    `json:"asked,omitempty"`
	Capped string `json:"capped,omitempty"`
	// Version is the one that was pinged. Distinct, Cold, Proactive and Short are as in the report's totals.
	Version   string `json:"version"`
	Distinct  int    `json:"distinct"`
	Cold      int    `json:"cold"`
	Proactive int    `json:"proactive,omitempty"`
	Short     int    `json:"short"`
	// Why says why it is short.
	Why string `json:"why,omitempty"`
	// Library is that of another warmer, as which the function is pinged, and Answered how many of its pings
	// were answered: from how many environments nobody knows, so they count nowhere else.
	Library  string `json:"library,omitempty"`
	Answered int    `json:"answered,omitempty"`
	// Pings are those that were sent, a handshake included.
	Pings int `json:"pings"`
	// HoldMs is the hold of the last round; SpreadMs how far apart its warm answers arrived at most.
	HoldMs   int64 `json:"holdMs"`
	SpreadMs int64 `json:"spreadMs"`
	// Note is what its owner should know.
	Note string `json:"note,omitempty"`
}

// mostListed is how many of each a report holds.
const mostListed = 100

// helpless is after how many runs in which all environments were new warming is said not to help.
const helpless = 3

func newReport(cfg Config, plan Plan, now time.Time) Report {
	report := Report{DryRun: cfg.DryRun, Targets: []Warmed{}, Skips: append([]Skip{}, plan.Skips...), InFlight: plan.InFlight}
	for _, later := range plan.Later {
		report.Skips = append(report.Skips, Skip{later.Ref, NoWindow, "it is kept warm in " + strings.Join(slices.Sorted(maps.Keys(later.Counts)), ", ")})
	}
	if cfg.DryRun {
		for _, one := range plan.Provisions {
			report.list(Told(one, now))
		}
		for _, target := range plan.Targets {
			report.Wanted += target.proven()
			report.Targets = append(report.Targets, warmedOf(target))
		}
	}
	return report
}

func warmedOf(target Target) Warmed {
	warmed := Warmed{Ref: target.Ref, Wanted: target.Wanted, Window: target.Window, Version: target.Version, Capped: target.Capped, Library: target.Library, Note: target.Share}
	if target.Capped != "" {
		warmed.Asked = target.Asked
	}
	return warmed
}

// note adds a sentence to what the owner should know.
func (w *Warmed) note(format string, values ...any) {
	w.Note = strings.TrimPrefix(w.Note+"; "+fmt.Sprintf(format, values...), "; ")
}

// proven is how many environments are wanted whose number answers can prove.
func (t Target) proven() int {
	if t.Library != "" {
		return 0
	}
	return t.Wanted
}

// add takes in what came of the targets, and logs each.
func (r *Report) add(ctx context.Context, results []*progress) {
	for _, p := range results {
		if p.err != nil {
			r.failures = append(r.failures, p.err)
		}
		r.Pings += p.pings
		if p.knowledge == Mute {
			skip := Skip{p.target.Ref, NotInstrumented, fmt.Sprintf("version %s was asked once", p.target.Version)}
			if p.protocol != 0 {
				skip.Detail += fmt.Sprintf(", and speaks protocol %d, this warmer %d", p.protocol, ping.Protocol)
			}
			r.Skips = append(r.Skips, skip)
			zerolog.Ctx(ctx).Warn().Stringer("target", skip.Ref).Str("reason", string(skip.Reason)).Str("version", p.target.Version).Msg("not pinged any more")
			continue
		}
		warmed := warmedOf(p.target)
		warmed.Distinct, warmed.Cold, warmed.Proactive, warmed.Short, warmed.Why = len(p.environments), p.cold, p.proactive, p.short(), p.why()
		warmed.Pings, warmed.HoldMs, warmed.SpreadMs = p.pings, p.held.Milliseconds(), p.spread.Milliseconds()
		if p.coldRuns >= helpless {
			warmed.note("in the last %d runs every environment was new: they do not live from run to run, and warming does not help here", p.coldRuns)
		}
		if warmed.Library != "" {
			warmed.Answered = p.outcomes[Answered]
			warmed.note("pinged as %s does it: %d of %d were answered, from how many environments nobody knows", warmed.Library, warmed.Answered, warmed.Wanted)
		}
		r.Wanted += p.target.proven()
		r.Distinct += min(warmed.Distinct, warmed.Wanted)
		r.Cold += warmed.Cold
		r.Proactive += warmed.Proactive
		r.Shortfall += warmed.Short
		r.Targets = append(r.Targets, warmed)
		warmed.log(ctx)
	}
}

// log writes a line for a target: its plan, and the fields of the protocol.
func (w Warmed) log(ctx context.Context) {
	event := zerolog.Ctx(ctx).Info()
	if w.Short > 0 {
		event = zerolog.Ctx(ctx).Warn().Int("short", w.Short).Str("why", w.Why)
	}
	if w.Note != "" {
		event = event.Str("note", w.Note)
	}
	event.Stringer("target", w.Ref).Str("version", w.Version).Int("wanted", w.Wanted).Int("distinct", w.Distinct).Int("cold", w.Cold).
		Int("pings", w.Pings).Int64("hold_ms", w.HoldMs).Int64("spread_ms", w.SpreadMs).Msg("pinged")
}

// finished ends a report: what does not fit is cut, and what failed fails the run. Falling short does not.
func (r Report) finished(took time.Duration, err error) (Report, error) {
	r.Seconds = took.Seconds()
	err = errors.Join(append([]error{err}, r.failures...)...)
	r.Errors = messages(err)
	r.TargetCount, r.SkipCount = len(r.Targets), len(r.Skips)
	slices.SortStableFunc(r.Targets, func(a, b Warmed) int { return b2i(b.Short > 0) - b2i(a.Short > 0) })
	slices.SortStableFunc(r.Skips, func(a, b Skip) int { return a.compare(b.Ref) })
	r.Targets, r.Skips = r.Targets[:min(len(r.Targets), mostListed)], r.Skips[:min(len(r.Skips), mostListed)]
	r.Provisioned = r.Provisioned[:min(len(r.Provisioned), mostListed)]
	return r, err
}

// messages are those of joined errors, a hundred at most.
func messages(err error) []string {
	var texts []string
	if joined, is := err.(interface{ Unwrap() []error }); is {
		for _, one := range joined.Unwrap() {
			texts = append(texts, messages(one)...)
		}
		return texts[:min(len(texts), mostListed)]
	}
	if err == nil {
		return nil
	}
	text := []rune(err.Error())
	return []string{string(text[:min(len(text), 500)])}
}

// Metrics are the figures of the run: totals, since those of each function would cost more than its warming. A run
// that did nothing has none, and one after a deployment neither: the alarms are about runs of everything.
func (r Report) Metrics() []emf.Metric {
	if r.Busy || r.Deployment != "" {
		return nil
	}
	count := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count}
	}
	return append([]emf.Metric{
		count("WarmWanted", r.Wanted), count("WarmDistinct", r.Distinct), count("WarmCold", r.Cold), count("WarmShortfall", r.Shortfall),
		count("Pings", r.Pings), count("Errors", len(r.Errors)), count("RunCompleted", 1),
	}, r.provisionedMetrics()...)
}
