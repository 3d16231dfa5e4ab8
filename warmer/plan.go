package warmer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Facts are what is known when a run is planned.
type Facts struct {
	// Wishes are what the file and the tags ask for, and Unheeded the tags that could not be heeded.
	Wishes   []Wish
	Unheeded []Skip
	// Unreserved is the account's unreserved concurrency.
	Unreserved int
	// Readings are by how a function is called. A wish that has none could not be read.
	Readings map[Ref]Reading
	// Unread says why.
	Unread map[Ref]string
	// Shares says of versions that are wished for since an alias shifts traffic to them what they get.
	Shares map[Ref]string
	// Code is what is remembered of code that was met before.
	Code map[Code]Knowledge
	// Provisions are the wishes for provisioned concurrency, and Provisioned what the warmer remembers of aliases.
	// Partial says that there may be more of the first than were looked at: nothing is forgotten then.
	Provisions  []Wish
	Provisioned map[Ref]provision
	Partial     bool
	// Traces are those of the last runs, by which targets rest; none where everything is pinged anyway. Every is the
	// time between two runs.
	Traces map[Ref]trace
	Every  time.Duration
}

// Reading is what AWS says of a function, as it is called.
type Reading struct {
	// Absent says that there is no such function, or no such qualifier of it.
	Absent bool
	// Version is a number or $LATEST, and Code what is behind it.
	Version string
	Code    Code
	// State is the version's: Active, or what it is instead. Updating says that the code is being changed,
	// and that what answers meanwhile is the old one.
	State    string
	Updating bool
	// SnapStart, Managed, Tenant and Durable say that the version has what makes pings useless or harmful.
	SnapStart, Managed, Tenant, Durable bool
	// Provisioned are the configurations of provisioned concurrency that serve the version, whatever they were put on,
	// and AllProvisioned what those of all its versions ask for together. Scaled says that the alias is a scalable
	// target of Application Auto Scaling; it is read of aliases that the file has provisioned concurrency for.
	Provisioned    []Provisioned
	AllProvisioned int
	Scaled         bool
	// Weights are the versions of an alias that has two, with their shares; nil for all else.
	Weights map[string]float64
	// Reserved is the function's reserved concurrency; nil where none is reserved.
	Reserved *int
	// Timeout is the function's. MemoryMB and Arm are what a run costs by.
	Timeout  time.Duration
	MemoryMB int
	Arm      bool
}

// Code is a function's code, whatever it is called by.
type Code struct{ Function, ID string }

// Knowledge is what became of the first ping of some code.
type Knowledge string

// What is known of code. Unseen code was never asked.
const (
	Unseen       Knowledge = ""
	Instrumented Knowledge = "instrumented"
	Mute         Knowledge = "not instrumented"
)

// Target is a function that is kept warm.
type Target struct {
	Ref
	// Wanted is how many environments; at least one, but for those that are for later.
	Wanted int
	// Window is the name under which so many are asked for. Asked is how many, and Capped why Wanted is
	// fewer; empty where it is not.
	Window string
	Asked  int
	Capped string
	// Library is that of another warmer, as which it is pinged; empty is Caretaker's middleware.
	Library string
	// Share says what the version gets of an alias that shifts traffic; empty where it is called as its callers do.
	Share string
	// Unseen says that its code was never asked, and is asked alone first.
	Unseen bool
	// Counts are how many there are in each window in which there are more than always, and always; after all caps.
	Counts map[string]int
	Reading
}

// Plan is what a run does, and of all else why not. Everything that was wished for is in it.
type Plan struct {
	Targets []Target
	// Later are those of which none is wanted now, since no window is on.
	Later []Target
	Skips []Skip
	// Provisions are the aliases with provisioned concurrency by windows.
	Provisions []Provisioning
	// InFlight is the most pings that may be on their way at once.
	InFlight int
}

// Skip is a function that is not pinged.
type Skip struct {
	Ref
	Reason Reason `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

// Reason is why a function is not pinged.
type Reason string

// The reasons.
const (
	Own             Reason = "Caretaker's own"
	TagOverruled    Reason = "the file names it, so its tag does not count"
	BadTag          Reason = "its tag cannot be read"
	NotRead         Reason = "it could not be read"
	NotThere        Reason = "there is no such function or qualifier"
	NotActive       Reason = "its state is not Active"
	BeingUpdated    Reason = "its code is being updated"
	HasSnapStart    Reason = "SnapStart restores its environments"
	HasProvisioned  Reason = "provisioned concurrency keeps it warm"
	OnInstances     Reason = "Managed Instances have no cold starts"
	PerTenant       Reason = "tenant isolation: a ping belongs to no tenant"
	IsDurable       Reason = "durable: a call waits for the whole execution"
	ReservedNothing Reason = "nothing may run: its reserved concurrency is 0"
	ReservedOne     Reason = "its reserved concurrency is 1, and half of that is none"
	NotInstrumented Reason = "not instrumented: it does not answer pings, and is asked again when its code changes"
	NoWindow        Reason = "no window is on"
	OnlyProvisioned Reason = "it has provisioned concurrency by windows, and no pings"
	Resting         Reason = "none of it was cold: it rests until its next round"
)

// ownPrefix is what the names of everything begin with that Caretaker deploys.
const ownPrefix = "caretaker-"

// NewPlan decides what a run pings.
func NewPlan(cfg Config, calendar Calendar, facts Facts, now time.Time) Plan {
	plan := Plan{InFlight: inFlight(cfg, facts.Unreserved), Skips: slices.Clone(facts.Unheeded)}
	plan.Provisions = provisions(cfg, calendar, facts, now)
	for _, wish := range facts.Wishes {
		if len(wish.Warm) == 0 { // it is provisioned, and nothing else
			continue
		}
		reading, read := facts.Readings[wish.Ref]
		if reason, detail := unfit(wish, reading, read, facts, plan.Provisions); reason != "" {
			plan.skip(wish.Ref, reason, detail)
			continue
		}
		target := Target{Ref: wish.Ref, Reading: reading, Library: wish.Library, Share: facts.Shares[wish.Ref], Counts: map[string]int{}}
		target.Unseen = target.Library == "" && facts.Code[reading.Code] == Unseen
		most, capped := ceiling(cfg, reading, plan.InFlight)
		for window, count := range wish.Warm {
			target.Counts[window] = min(count, most)
		}
		target.Window, target.Asked = highest(wish.Warm, calendar, now)
		if target.Wanted = min(target.Asked, most); target.Wanted < target.Asked {
			target.Capped = capped
		}
		if target.Wanted == 0 {
			plan.Later = append(plan.Later, target)
			continue
		}
		if until, rests := resting(cfg, target, facts, now); rests {
			plan.skip(wish.Ref, Resting, "at "+until.UTC().Format("15:04")+" UTC at the latest")
			continue
		}
		plan.Targets = append(plan.Targets, target)
	}
	for _, list := range [][]Target{plan.Targets, plan.Later} {
		slices.SortFunc(list, func(a, b Target) int { return a.compare(b.Ref) })
	}
	slices.SortStableFunc(plan.Skips, func(a, b Skip) int { return a.compare(b.Ref) })
	return plan
}

func (p *Plan) skip(ref Ref, reason Reason, detail string) {
	p.Skips = append(p.Skips, Skip{ref, reason, detail})
}

// unfit is why a function is not pinged at any time; empty where it may be.
func unfit(wish Wish, reading Reading, read bool, facts Facts, provisions []Provisioning) (reason Reason, detail string) {
	switch {
	case strings.HasPrefix(wish.Name, ownPrefix):
		return Own, ""
	case !read:
		return NotRead, facts.Unread[wish.Ref]
	case reading.Absent:
		return NotThere, ""
	case reading.Managed:
		return OnInstances, ""
	case reading.Tenant:
		return PerTenant, ""
	case reading.Durable:
		return IsDurable, ""
	case reading.State != stateActive:
		return NotActive, "it is " + reading.State
	case reading.Updating:
		return BeingUpdated, ""
	case reading.SnapStart:
		return HasSnapStart, ""
	case len(reading.Provisioned) > 0 && kept(wish.Ref, reading, provisions):
		return HasProvisioned, keptBy(reading)
	case reading.Reserved != nil && *reading.Reserved == 0:
		return ReservedNothing, ""
	case reading.Reserved != nil && *reading.Reserved == 1:
		return ReservedOne, ""
	case wish.Library == "" && facts.Code[reading.Code] == Mute:
		return NotInstrumented, ""
	}
	return "", ""
}

// kept tells whether provisioned concurrency keeps a version warm. What the warmer itself put on the alias does so
// once it takes calls: pings bridge the minutes until then, and those after it is taken away.
func kept(ref Ref, reading Reading, provisions []Provisioning) bool {
	for _, p := range provisions {
		if p.Ref == ref && p.Own && len(reading.Provisioned) == 1 {
			return p.Serving()
		}
	}
	return true
}

// keptBy says what was provisioned, and on what.
func keptBy(reading Reading) string {
	var texts []string
	for _, one := range reading.Provisioned {
		texts = append(texts, fmt.Sprintf("%d by %s", one.Requested, one.Qualifier))
	}
	return strings.Join(texts, ", ")
}

// stateActive is the one state of a function in which it can be called:
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
const stateActive = "Active"

// inFlight is how many pings may be on their way at once: the file's cap, and its share of what nobody has
// reserved, since pings must not take what callers need. One may always.
func inFlight(cfg Config, unreserved int) int {
	return max(1, min(cfg.MaxInFlight, int(float64(unreserved)*float64(cfg.ShareOfUnreserved)/100)))
}

// ceiling is the most environments of a function that are kept warm, and what makes it so. Half of what is
// reserved is left to callers: an alarm on the concurrency in use, at 80 % mostly, sees the pings too.
func ceiling(cfg Config, reading Reading, inFlight int) (most int, why string) {
	most, why = cfg.MaxConcurrency, fmt.Sprintf("maxConcurrency is %d", cfg.MaxConcurrency)
	if inFlight < most {
		most, why = inFlight, fmt.Sprintf("%d pings may be in flight: the least of maxInFlight and shareOfUnreserved", inFlight)
	}
	if reading.Reserved != nil && *reading.Reserved/2 < most {
		most, why = *reading.Reserved/2, fmt.Sprintf("half of the %d that are reserved for it", *reading.Reserved)
	}
	return most, why
}

// highest is the largest count that holds at a time, and its window; of equal ones that which always holds.
func highest(warm map[string]int, calendar Calendar, now time.Time) (window string, count int) {
	if warm[Always] > 0 {
		window, count = Always, warm[Always]
	}
	for _, name := range slices.Sorted(maps.Keys(warm)) {
		if warm[name] > count && calendar.On(name, now) {
			window, count = name, warm[name]
		}
	}
	return window, count
}
