package warmer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"caretaker/internal/want"
)

var checkoutLive = Ref{"checkout", "live"}

// put is what AWS says of so many, put at a time.
func put(count int, at time.Time) Provisioned {
	return Provisioned{Qualifier: "live", Requested: count, Allocated: count, Available: count, Status: statusReady, Modified: at.UTC().Format("2006-01-02T15:04:05-0700")}
}

// mine is what the warmer remembers of that.
func mine(state Provisioned, at time.Time) provision {
	return provision{Count: state.Requested, Modified: state.Modified, At: at}
}

// doubt is what the warmer remembers of what it or a person put.
func doubt(state Provisioned) provision {
	remembered := mine(state, monday)
	remembered.Doubt = true
	return remembered
}

// decided is what a plan says of checkout:live, with 5 in the office's hours and a Monday noon.
func decided(t *testing.T, at time.Time, change func(*Config, *Facts)) Provisioning {
	t.Helper()
	plan := planned(at, func(cfg *Config, facts *Facts) {
		facts.Readings[checkoutLive], facts.Provisioned = fit("checkout"), map[Ref]provision{}
		facts.Provisions = []Wish{{Ref: checkoutLive, Provisioned: map[string]int{"office": 5}}}
		if change != nil {
			change(cfg, facts)
		}
	})
	if len(plan.Provisions) != 1 {
		t.Fatalf("the plan has %d aliases with provisioned concurrency, want 1: %+v", len(plan.Provisions), plan.Provisions)
	}
	return plan.Provisions[0]
}

func changed(change func(*Reading)) func(*Config, *Facts) {
	return func(_ *Config, facts *Facts) {
		reading := facts.Readings[checkoutLive]
		change(&reading)
		facts.Readings[checkoutLive] = reading
	}
}

// has has AWS and the warmer's memory say something of checkout:live.
func has(state Provisioned, remembered provision, changes ...func(*Reading)) func(*Config, *Facts) {
	return func(cfg *Config, facts *Facts) {
		facts.Provisioned[checkoutLive] = remembered
		changed(func(r *Reading) {
			r.Provisioned, r.AllProvisioned = append(r.Provisioned, state), r.AllProvisioned+state.Requested
			for _, change := range changes {
				change(r)
			}
		})(cfg, facts)
	}
}

func TestProvision_setsByWindowsAndTakesAwayOnlyItsOwn(t *testing.T) {
	before := monday.Add(-3 * time.Hour)
	sunday, state := monday.Add(-24*time.Hour), put(5, before)
	other, failed, more := put(5, before.Add(time.Hour)), state, put(8, before)
	failed.Status, failed.Reason, failed.Available = statusFailed, "FUNCTION_ERROR_INIT_FAILURE", 0
	number := Provisioned{Qualifier: "7", Requested: 3}
	for name, c := range map[string]struct {
		at     time.Time
		change func(*Config, *Facts)
		act    Act
		says   string
	}{
		"nothing there, in its window":                 {monday, nil, Put, "window office"},
		"nothing there, outside of it":                 {sunday, nil, Idle, "no window is on"},
		"its own, in its window":                       {monday, has(state, mine(state, before)), Stay, "window office"},
		"its own, outside of it":                       {sunday, has(state, mine(state, before)), Withdraw, "no window is on"},
		"its own, as many as another window asked for": {monday, has(more, mine(more, before)), Put, "instead of 8"},
		"a person's, in its window":                    {monday, has(state, provision{}), Leave, "5 are provisioned, and not by the warmer"},
		"a person's, outside of it":                    {sunday, has(state, provision{}), Leave, "not by the warmer"},
		"as many as it set, put later by a person":     {sunday, has(other, mine(state, before)), Leave, "not by the warmer"},
		"more than it set":                             {sunday, has(more, mine(state, before)), Leave, "8 are provisioned, and not by the warmer"},
		"Application Auto Scaling's, nothing there":    {monday, changed(func(r *Reading) { r.Scaled = true }), Leave, "Application Auto Scaling"},
		"Application Auto Scaling's, its own is there": {sunday, has(state, mine(state, before), func(r *Reading) { r.Scaled = true }), Leave, "Application Auto Scaling"},
		"an alias with weights":                        {monday, changed(func(r *Reading) { r.Weights = map[string]float64{"1": 0.5, "2": 0.5} }), Leave, "shifts traffic"},
		"an alias with weights whose own must go":      {sunday, has(state, mine(state, before), func(r *Reading) { r.Weights = map[string]float64{"1": 1} }), Withdraw, ""},
		"its version has some by number":               {monday, changed(func(r *Reading) { r.Provisioned = []Provisioned{number} }), Leave, "its version has 3 by 7 already"},
		"SnapStart":                                    {monday, changed(func(r *Reading) { r.SnapStart = true }), Leave, "SnapStart"},
		"Managed Instances":                            {monday, changed(func(r *Reading) { r.Managed = true }), Leave, "Managed Instances"},
		"not Active":                                   {monday, changed(func(r *Reading) { r.State = "Pending" }), Leave, "Pending"},
		"no such alias":                                {monday, changed(func(r *Reading) { *r = Reading{Absent: true} }), Leave, "no such function"},
		"in doubt, in its window":                      {monday, has(state, doubt(state)), Doubtful, "a run of the warmer died"},
		"in doubt, outside of it":                      {sunday, has(state, doubt(state)), Doubtful, "caretaker warmer release"},
		"it could not be read": {sunday, func(_ *Config, f *Facts) {
			delete(f.Readings, checkoutLive)
			f.Unread[checkoutLive] = "it could not be read"
		}, Leave, "could not be read"},
		"an account without room":                        {monday, func(_ *Config, f *Facts) { f.Unreserved = leftUnreserved }, Leave, "AWS keeps 100"},
		"nothing of what is reserved is left":            {monday, changed(func(r *Reading) { one := 1; r.Reserved = &one }), Leave, "of the 1 that are reserved"},
		"its own that failed a moment ago":               {monday, has(failed, mine(failed, monday.Add(-time.Minute))), Stay, "window office"},
		"its own that failed a while ago is tried again": {monday, has(failed, mine(failed, monday.Add(-20*time.Minute))), Put, "FUNCTION_ERROR_INIT_FAILURE"},
	} {
		t.Run(name, func(t *testing.T) {
			p := decided(t, c.at, func(cfg *Config, facts *Facts) {
				facts.Unread = map[Ref]string{}
				if c.change != nil {
					c.change(cfg, facts)
				}
			})
			want.Equal(t, "the act", p.Act, c.act)
			want.Says(t, "why", p.Why, c.says)
		})
	}
}

func TestProvision_keepsTheLimitsOfTheFileTheFunctionAndTheAccount(t *testing.T) {
	reservedFor := func(count, all int) func(*Config, *Facts) {
		return changed(func(r *Reading) { r.Reserved, r.AllProvisioned = &count, all })
	}
	for name, c := range map[string]struct {
		change func(*Config, *Facts)
		wanted int
		capped string
	}{
		"all of it":                   {nil, 5, ""},
		"maxConcurrency":              {func(cfg *Config, _ *Facts) { cfg.MaxConcurrency = 3 }, 3, "maxConcurrency is 3"},
		"the account":                 {func(_ *Config, f *Facts) { f.Unreserved = 104 }, 4, "4 are left above that"},
		"its reserved concurrency":    {reservedFor(4, 0), 3, "of the 4 that are reserved for it, one is left to other calls"},
		"what other versions have":    {reservedFor(8, 4), 3, "of the 8"},
		"enough reserved":             {reservedFor(6, 0), 5, ""},
		"reserved in a small account": {func(cfg *Config, f *Facts) { f.Unreserved = 100; reservedFor(10, 0)(cfg, f) }, 5, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := decided(t, monday, c.change)
			want.Equal(t, "wanted", p.Wanted, c.wanted)
			want.Says(t, "why no more", p.Capped, c.capped)
		})
	}
	// What one alias takes the next one lacks, and its own counts once.
	plan := planned(monday, func(_ *Config, f *Facts) {
		f.Unreserved = 107
		for _, name := range []string{"a", "b"} {
			f.Readings[Ref{name, "live"}] = fit(name)
			f.Provisions = append(f.Provisions, Wish{Ref: Ref{name, "live"}, Provisioned: map[string]int{"always": 5}})
		}
	})
	want.Equal(t, "what a and b get of 7", []int{plan.Provisions[0].Wanted, plan.Provisions[1].Wanted}, []int{5, 2})
}

// A run may die between what it writes down and what it does, on either side.
func TestSettle_findsOutWhatBecameOfAChange(t *testing.T) {
	at := monday
	old, young := put(5, at.Add(-time.Hour)), put(8, at.Add(3*time.Second))
	meant := func(count int) *intent { return &intent{Count: count, At: at, Until: at.Add(2 * time.Minute)} }
	for name, c := range map[string]struct {
		before provision
		state  *Provisioned
		own    bool
		count  int
	}{
		"nothing was remembered, and nothing is there":           {provision{}, nil, false, 0},
		"the first was never put":                                {provision{Intent: meant(8)}, nil, false, 0},
		"the first was put, or a person's":                       {provision{Intent: meant(8)}, &young, false, 8},
		"a change was not made":                                  {provision{Count: 5, Modified: old.Modified, Intent: meant(8)}, &old, true, 5},
		"a change was made":                                      {provision{Count: 5, Modified: old.Modified, Intent: meant(8)}, &young, false, 8},
		"it was not taken away":                                  {provision{Count: 5, Modified: old.Modified, Intent: meant(0)}, &old, true, 5},
		"it was taken away":                                      {provision{Count: 5, Modified: old.Modified, Intent: meant(0)}, nil, false, 0},
		"taken away, and a person put as many":                   {provision{Count: 8, Modified: old.Modified, Intent: meant(0)}, &young, false, 0},
		"never put, and a person put another number":             {provision{Intent: meant(5)}, &young, false, 0},
		"never put, and a person put as many long after":         {provision{Intent: meant(8)}, ptr(put(8, at.Add(time.Hour))), false, 0},
		"never put, and a person had put as many long before":    {provision{Intent: meant(5)}, &old, false, 0},
		"a time of AWS's that cannot be read is nobody's intent": {provision{Intent: meant(8)}, &Provisioned{Requested: 8, Modified: "yesterday"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			settled, own := c.before.settle(c.state)
			want.Equal(t, "it is the warmer's own", own, c.own)
			want.Equal(t, "what is remembered", settled.Count, c.count)
			want.Equal(t, "no intent is left", settled.Intent == nil, true)
			want.Equal(t, "it is in doubt", settled.Doubt, c.count > 0 && !c.own)
			again, own := settled.settle(c.state)
			want.Equal(t, "and stays what it is", []any{again.Count, again.Doubt, own}, []any{settled.Count, settled.Doubt, c.own})
		})
	}
}

func ptr[T any](value T) *T { return &value }

// Pings bridge the minutes until what is provisioned takes calls, and come back when it goes.
func TestProvision_pingsWhileItDoesNotTakeCalls(t *testing.T) {
	before := monday.Add(-time.Minute)
	ready := put(5, before)
	coming := ready
	coming.Status, coming.Available = "IN_PROGRESS", 0
	other := Provisioned{Qualifier: "blue", Requested: 2, Available: 2, Status: statusReady}
	for name, c := range map[string]struct {
		at     time.Time
		change func(*Config, *Facts)
		want   string
	}{
		"nothing yet":               {monday, func(*Config, *Facts) {}, "checkout:live 2 by always"},
		"on its way":                {monday, has(coming, mine(coming, before)), "checkout:live 2 by always"},
		"it takes calls":            {monday, has(ready, mine(ready, before)), "checkout:live not: " + string(HasProvisioned)},
		"it is about to go":         {monday.Add(-24 * time.Hour), has(ready, mine(ready, before)), "checkout:live 2 by always"},
		"a person's, on its way":    {monday, has(coming, provision{}), "checkout:live not: " + string(HasProvisioned)},
		"another alias has some":    {monday, changed(func(r *Reading) { r.Provisioned = []Provisioned{other} }), "checkout:live not: " + string(HasProvisioned)},
		"its own and another alias": {monday, has(coming, mine(coming, before), func(r *Reading) { r.Provisioned = append(r.Provisioned, other) }), "checkout:live not: " + string(HasProvisioned)},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planned(c.at, func(cfg *Config, facts *Facts) {
				facts.Readings[checkoutLive], facts.Provisioned = fit("checkout"), map[Ref]provision{}
				facts.Provisions = []Wish{{Ref: checkoutLive, Provisioned: map[string]int{"office": 5}}}
				c.change(cfg, facts)
			}, Function{Name: "checkout", Qualifier: "live", Warm: map[string]int{"always": 2}})
			want.Equal(t, "the plan", one(t, plan), c.want)
		})
	}
}

// What the warmer set on an alias that the file names no more fails each run, until somebody takes it away; a run that did
// not look at everything says nothing of it.
func TestProvision_namesWhatTheFileForgot(t *testing.T) {
	forgotten := func(partial bool) Plan {
		return planned(monday, func(_ *Config, f *Facts) {
			f.Partial, f.Provisioned = partial, map[Ref]provision{checkoutLive: mine(put(5, monday), monday)}
		})
	}
	all := forgotten(false).Provisions
	if len(all) != 1 {
		t.Fatalf("%d aliases in the plan, want 1", len(all))
	}
	want.Equal(t, "the act", all[0].Act, Forgotten)
	want.Says(t, "why", all[0].Why, "the warmer set 5", "caretaker warmer release")
	want.Equal(t, "aliases of a partial run", len(forgotten(true).Provisions), 0)
}

func TestProvision_saysWhatFallsShort(t *testing.T) {
	slow := put(5, monday)
	slow.Status, slow.Available = "IN_PROGRESS", 2
	failed := slow
	failed.Status, failed.Available, failed.Reason = statusFailed, 0, "FUNCTION_ERROR_INIT_FAILURE"
	for name, c := range map[string]struct {
		state Provisioned
		since time.Duration
		short int
		says  string
	}{
		"ready":            {put(5, monday), time.Hour, 0, ""},
		"on its way":       {slow, time.Minute, 0, ""},
		"slow":             {slow, 11 * time.Minute, 3, "2 of 5 take calls, 11m0s"},
		"failed":           {failed, time.Minute, 5, "FUNCTION_ERROR_INIT_FAILURE"},
		"failed, no words": {Provisioned{Qualifier: "live", Requested: 5, Status: statusFailed, Modified: failed.Modified}, time.Minute, 5, "AWS could not allocate it"},
	} {
		t.Run(name, func(t *testing.T) {
			p := decided(t, monday, has(c.state, mine(c.state, monday.Add(-c.since))))
			short, why := p.Short(monday)
			want.Equal(t, "short", short, c.short)
			want.Says(t, "why", why, c.says)
			if strings.HasSuffix(why, ": ") {
				t.Errorf("why is %q", why)
			}
		})
	}
}

// The windows' share of the week, as the pings' cost is reckoned.
func TestProvision_costsByItsWindows(t *testing.T) {
	p := decided(t, monday, nil)
	cfg := Default()
	cfg.Windows = office()
	calendar, err := cfg.Calendar()
	want.NoError(t, "reading the windows", err)
	whole := 5 * 10.95
	if share := p.CostAMonth(calendar, monday) / whole; share < 0.28 || share > 0.33 {
		t.Errorf("in the office's hours it costs %.3f of what it costs always, want about 0.305: 51.25 of 168 hours (%s)", share, fmt.Sprint(office()))
	}
}
