package warmer

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Provisioned is a configuration of provisioned concurrency, as AWS has it.
type Provisioned struct {
	// Qualifier is the alias or the version's number that it was put on.
	Qualifier string `json:"qualifier"`
	// Requested is what was asked for, Allocated what there is of it, and Available what takes calls.
	Requested int `json:"requested"`
	Allocated int `json:"allocated"`
	Available int `json:"available"`
	// Status is IN_PROGRESS, READY or FAILED, and Reason why it failed.
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	// Modified is when it was put, in AWS's words.
	Modified string `json:"modified"`
}

const (
	statusReady  = "READY"
	statusFailed = "FAILED"
)

// Act is what a run does about the provisioned concurrency of an alias.
type Act string

// The acts.
const (
	// Put sets it, Withdraw takes away what the warmer itself had set.
	Put      Act = "set"
	Withdraw Act = "take away"
	// Stay is for what the warmer set and is right, and Idle for an alias that has none and should have none now.
	Stay Act = "keep"
	Idle Act = "none now"
	// Leave is for what somebody else looks after, or AWS would refuse.
	Leave Act = "leave alone"
	// Doubtful is for what may be the warmer's or a person's: somebody has to say.
	Doubtful Act = "in doubt"
	// Forgotten is for what the warmer set on an alias that the file names no more: its role cannot change it.
	Forgotten Act = "not in the file any more"
)

// Provisioning is an alias with provisioned concurrency by windows.
type Provisioning struct {
	Ref
	// Wanted, Window, Asked, Capped and Counts are as a target's.
	Wanted int
	Window string
	Asked  int
	Capped string
	Counts map[string]int
	// Act is what a run does, and Why says so in words.
	Act Act
	Why string
	// State is what AWS says is there; nil for nothing. Own says that the warmer put it.
	State *Provisioned
	Own   bool
	// Reading is what AWS says of the alias.
	Reading
	// before is what was remembered, and settled what should be.
	before, settled provision
}

// Serving tells whether calls of the alias meet environments that the warmer provisioned, and will after the run.
func (p Provisioning) Serving() bool {
	return p.Own && p.State.Available > 0 && p.Act != Withdraw
}

// failure is why an alias fails the run each time: something costs money that the warmer may have set, and cannot take away.
func (p Provisioning) failure() error {
	if p.Act == Forgotten || p.Act == Doubtful && p.State.Requested > p.Wanted {
		return fmt.Errorf("provisioned concurrency of %s: %s", p.Ref, p.Why)
	}
	return nil
}

// target is the alias as CostAMonth takes it.
func (p Provisioning) target() Target {
	return Target{Ref: p.Ref, Counts: p.Counts, Reading: p.Reading}
}

// CostAMonth is what the windows cost in a month, in US dollars.
func (p Provisioning) CostAMonth(calendar Calendar, from time.Time) float64 {
	return p.target().CostAMonth(calendar, time.Hour, from, Assumption).Provisioned
}

const (
	// leftUnreserved is what AWS leaves an account at least without a reservation.
	// https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
	leftUnreserved = 100
	// tryAgain is after how long an allocation that failed is asked for once more, and slowAfter after how long one
	// that is not ready falls short. AWS needs a minute or two, and longer after an alias has moved.
	tryAgain  = 15 * time.Minute
	slowAfter = 10 * time.Minute
)

// provisions decides about the aliases of the file that have windows for provisioned concurrency, and names what the
// warmer set and the file knows no more.
func provisions(cfg Config, calendar Calendar, facts Facts, now time.Time) []Provisioning {
	var all []Provisioning
	room, seen := facts.Unreserved-leftUnreserved, map[string]bool{}
	for _, reading := range facts.Readings {
		// What GetAccountSettings leaves counts reservations alone; of what is provisioned without one the warmer knows its own functions'.
		if name := reading.Code.Function; reading.Reserved == nil && !seen[name] {
			seen[name] = true
			room -= reading.AllProvisioned
		}
	}
	listed := map[Ref]bool{}
	for _, wish := range facts.Provisions {
		listed[wish.Ref] = true
		p := provisioning(cfg, calendar, wish, facts, room, now)
		if p.Act == Put && p.Reserved == nil {
			room -= p.Wanted - p.has()
		}
		all = append(all, p)
	}
	for ref, before := range facts.Provisioned {
		if !listed[ref] && !facts.Partial && !before.isNone() {
			all = append(all, Provisioning{
				Ref: ref, Act: Forgotten, before: before, settled: before,
				Why: fmt.Sprintf("the warmer set %d, and the file asks for none any more: caretaker warmer release takes them away", max(before.Count, before.intended())),
			})
		}
	}
	slices.SortFunc(all, func(a, b Provisioning) int { return a.compare(b.Ref) })
	return all
}

// has is how many of the warmer's own there are.
func (p Provisioning) has() int {
	if !p.Own {
		return 0
	}
	return p.State.Requested
}

// provisioning decides about one alias. room is how much of the account's concurrency may still be provisioned.
func provisioning(cfg Config, calendar Calendar, wish Wish, facts Facts, room int, now time.Time) Provisioning {
	reading, read := facts.Readings[wish.Ref]
	before := facts.Provisioned[wish.Ref]
	p := Provisioning{Ref: wish.Ref, Reading: reading, before: before, settled: before, Counts: map[string]int{}}
	p.Window, p.Asked = highest(wish.Provisioned, calendar, now)
	if !read { // what could not be read is never taken for absent
		p.Act, p.Why, p.Wanted = Leave, facts.Unread[wish.Ref], p.Asked
		return p
	}
	p.State = reading.on(wish.Qualifier)
	p.settled, p.Own = before.settle(p.State)
	most, capped := mostProvisioned(cfg, reading, p.has(), room)
	for window, count := range wish.Provisioned {
		p.Counts[window] = min(count, most)
	}
	if p.Wanted = min(p.Asked, most); p.Wanted < p.Asked {
		p.Capped = capped
	}
	p.Act, p.Why = p.decide(now)
	return p
}

// mostProvisioned is how many may be provisioned on an alias that has so many of the warmer's already, and why no more.
func mostProvisioned(cfg Config, reading Reading, has, room int) (most int, why string) {
	most, why = cfg.MaxConcurrency, fmt.Sprintf("maxConcurrency is %d", cfg.MaxConcurrency)
	left := room + has
	says := fmt.Sprintf("AWS keeps %d of the account's concurrency unreserved, and %d are left above that", leftUnreserved, max(0, left))
	if reading.Reserved != nil {
		// With all of it provisioned AWS refuses each call by another qualifier, for good.
		left = *reading.Reserved - 1 - (reading.AllProvisioned - has)
		says = fmt.Sprintf("of the %d that are reserved for it, one is left to other calls", *reading.Reserved)
	}
	if left < most {
		most, why = max(0, left), says
	}
	return most, why
}

// decide is what to do, and why. What somebody else looks after comes first.
func (p Provisioning) decide(now time.Time) (Act, string) {
	reading := p.Reading
	switch {
	case reading.Absent:
		return Leave, string(NotThere)
	case p.settled.Doubt:
		return Doubtful, fmt.Sprintf("%d are provisioned, put at %s, when a run of the warmer died: it or a person did. If nobody did, caretaker warmer release takes them away", p.State.Requested, p.State.Modified)
	case p.State != nil && !p.Own:
		return Leave, fmt.Sprintf("%d are provisioned, and not by the warmer: put at %s", p.State.Requested, p.State.Modified)
	case reading.Scaled:
		return Leave, "Application Auto Scaling looks after it: it is a scalable target"
	case p.Asked == 0 && p.Own:
		return Withdraw, "no window is on"
	case p.Asked == 0:
		return Idle, "no window is on"
	case reading.Weights != nil:
		return Leave, "the alias shifts traffic between two versions: AWS allows none on it"
	case reading.SnapStart:
		return Leave, "SnapStart and provisioned concurrency exclude each other"
	case reading.Managed:
		return Leave, string(OnInstances)
	case reading.State != stateActive:
		return Leave, "its state is " + reading.State
	}
	for _, other := range reading.Provisioned {
		if other.Qualifier != p.Qualifier {
			return Leave, fmt.Sprintf("its version has %d by %s already", other.Requested, other.Qualifier)
		}
	}
	switch {
	case p.Wanted == 0 && p.Own:
		return Stay, "no more fit: " + p.Capped
	case p.Wanted == 0:
		return Leave, p.Capped
	case !p.Own:
		return Put, p.by()
	case p.State.Requested != p.Wanted:
		return Put, fmt.Sprintf("%s, instead of %d", p.by(), p.State.Requested)
	case p.State.Status == statusFailed && now.Sub(p.settled.At) >= tryAgain:
		return Put, "once more, since AWS could not allocate it: " + p.State.Reason
	}
	return Stay, p.by()
}

// by says which window asks for so many.
func (p Provisioning) by() string {
	if p.Window == Always {
		return Always
	}
	return "window " + p.Window
}

// Short is how many are missing that should take calls by now, and why. What comes late is given ten minutes.
func (p Provisioning) Short(now time.Time) (missing int, why string) {
	if p.Act != Stay || p.Asked == 0 || !p.Own {
		return 0, ""
	}
	missing = max(0, p.Wanted-p.State.Available)
	switch {
	case missing == 0:
		return 0, ""
	case p.State.Status == statusFailed:
		return missing, strings.TrimSuffix("AWS could not allocate it: "+p.State.Reason, ": ")
	case now.Sub(p.settled.At) >= slowAfter && p.State.Status != statusReady:
		return missing, fmt.Sprintf("%d of %d take calls, %s after they were asked for", p.State.Available, p.Wanted, now.Sub(p.settled.At).Truncate(time.Minute))
	}
	return 0, ""
}

// on is the configuration that was put on an alias itself; nil for none.
func (r Reading) on(alias string) *Provisioned {
	for _, one := range r.Provisioned {
		if one.Qualifier == alias {
			return &one
		}
	}
	return nil
}
