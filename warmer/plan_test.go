package warmer

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"caretaker/internal/want"
)

// monday is a Monday noon in Berlin, in the office hours.
var monday = time.Date(2026, 11, 30, 11, 0, 0, 0, time.UTC)

// fit is a function that can be kept warm.
func fit(name string) Reading {
	return Reading{Version: latest, Code: Code{name, "abc"}, State: stateActive, Timeout: 30 * time.Second, MemoryMB: 1024}
}

// planned is the plan for functions of the file, all of which are fit but for what change says.
func planned(at time.Time, change func(*Config, *Facts), functions ...Function) Plan {
	cfg := Default()
	cfg.Windows, cfg.Functions = office(), functions
	facts := Facts{Unreserved: 1000, Readings: map[Ref]Reading{}, Code: map[Code]Knowledge{}}
	if change != nil {
		change(&cfg, &facts)
	}
	facts.Wishes, facts.Unheeded = Wishes(cfg, []string{"team-a", "team-b", "other", "caretaker-default-warmer"}, nil)
	for _, wish := range facts.Wishes {
		if _, changed := facts.Readings[wish.Ref]; !changed && facts.Unread[wish.Ref] == "" {
			facts.Readings[wish.Ref] = fit(wish.Name)
		}
	}
	calendar, err := cfg.Calendar()
	if err != nil {
		panic(err)
	}
	return NewPlan(cfg, calendar, facts, at)
}

// one is the only function of a plan, in words: name, how many and why so many, or why not.
func one(t *testing.T, plan Plan) string {
	t.Helper()
	switch {
	case len(plan.Targets) == 1 && len(plan.Skips)+len(plan.Later) == 0:
		target := plan.Targets[0]
		if target.Capped != "" {
			return fmt.Sprintf("%s %d of %d: %s", target.Ref, target.Wanted, target.Asked, target.Capped)
		}
		return fmt.Sprintf("%s %d by %s", target.Ref, target.Wanted, target.Window)
	case len(plan.Later) == 1 && len(plan.Skips)+len(plan.Targets) == 0:
		return fmt.Sprintf("%s later", plan.Later[0].Ref)
	case len(plan.Skips) == 1 && len(plan.Targets)+len(plan.Later) == 0:
		return fmt.Sprintf("%s not: %s", plan.Skips[0].Ref, plan.Skips[0].Reason)
	}
	t.Fatalf("the plan has not one function: %+v", plan)
	return ""
}

func TestPlan_takesTheHighestCountUpToEachCap(t *testing.T) {
	both := Function{Name: "checkout", Qualifier: "live", Warm: map[string]int{"always": 2, "office": 20}}
	sunday := monday.Add(-24 * time.Hour)
	for name, c := range map[string]struct {
		at     time.Time
		change func(*Config, *Facts)
		f      Function
		want   string
	}{
		"in its window":               {monday, nil, both, "checkout:live 20 by office"},
		"outside of it":               {sunday, nil, both, "checkout:live 2 by always"},
		"always higher than a window": {monday, nil, Function{Name: "a", Warm: map[string]int{"always": 9, "office": 3}}, "a 9 by always"},
		"nothing outside of it":       {sunday, nil, Function{Name: "a", Warm: map[string]int{"office": 3}}, "a later"},
		"the file's cap":              {monday, func(c *Config, _ *Facts) { c.MaxConcurrency = 8 }, both, "checkout:live 8 of 20: maxConcurrency is 8"},
		"the cap of what is in flight": {
			monday, func(c *Config, _ *Facts) { c.MaxInFlight = 7 }, both,
			"checkout:live 7 of 20: 7 pings may be in flight: the least of maxInFlight and shareOfUnreserved",
		},
		"the share of a small account": {
			monday, func(_ *Config, f *Facts) { f.Unreserved = 10 }, both,
			"checkout:live 2 of 20: 2 pings may be in flight: the least of maxInFlight and shareOfUnreserved",
		},
		"an account without any left": {
			monday, func(_ *Config, f *Facts) { f.Unreserved = 0 }, both,
			"checkout:live 1 of 20: 1 pings may be in flight: the least of maxInFlight and shareOfUnreserved",
		},
		"half of what is reserved": {monday, reserved(15), both, "checkout:live 7 of 20: half of the 15 that are reserved for it"},
		"enough reserved":          {monday, reserved(40), both, "checkout:live 20 by office"},
	} {
		t.Run(name, func(t *testing.T) { want.Equal(t, "the plan", one(t, planned(c.at, c.change, c.f)), c.want) })
	}
}

// reserved reserves concurrency for checkout.
func reserved(count int) func(*Config, *Facts) {
	return read(func(r *Reading) { r.Reserved = &count })
}

// read has checkout read otherwise.
func read(change func(*Reading)) func(*Config, *Facts) {
	return func(_ *Config, facts *Facts) {
		for _, ref := range []Ref{{"checkout", "live"}, {"checkout", ""}} {
			reading := fit("checkout")
			change(&reading)
			facts.Readings[ref] = reading
		}
	}
}

func TestPlan_leavesAloneWithTheReason(t *testing.T) {
	checkout := Function{Name: "checkout", Qualifier: "live", Warm: map[string]int{"always": 2}}
	for reason, change := range map[Reason]func(*Config, *Facts){
		HasSnapStart:    read(func(r *Reading) { r.SnapStart = true }),
		HasProvisioned:  read(func(r *Reading) { r.Provisioned = []Provisioned{{Qualifier: "live", Requested: 5}} }),
		OnInstances:     read(func(r *Reading) { r.Managed = true }),
		PerTenant:       read(func(r *Reading) { r.Tenant = true }),
		IsDurable:       read(func(r *Reading) { r.Durable = true }),
		NotActive:       read(func(r *Reading) { r.State = "Inactive" }),
		BeingUpdated:    read(func(r *Reading) { r.Updating = true }),
		NotThere:        read(func(r *Reading) { *r = Reading{Absent: true} }),
		ReservedNothing: reserved(0),
		ReservedOne:     reserved(1),
		NotRead:         func(_ *Config, f *Facts) { f.Unread = map[Ref]string{{"checkout", "live"}: "it could not be read"} },
		NotInstrumented: func(_ *Config, f *Facts) { f.Code[Code{"checkout", "abc"}] = Mute },
	} {
		t.Run(string(reason), func(t *testing.T) {
			want.Equal(t, "the plan", one(t, planned(monday, change, checkout)), "checkout:live not: "+string(reason))
		})
	}
}

func TestPlan_asksUnseenCodeAndNoOther(t *testing.T) {
	checkout := Function{Name: "checkout", Warm: map[string]int{"always": 2}}
	want.Equal(t, "code that nobody met is unseen", planned(monday, nil, checkout).Targets[0].Unseen, true)
	known := planned(monday, func(_ *Config, f *Facts) { f.Code[Code{"checkout", "abc"}] = Instrumented }, checkout)
	want.Equal(t, "code that answered is unseen", known.Targets[0].Unseen, false)
	changed := planned(monday, func(_ *Config, f *Facts) { f.Code[Code{"checkout", "before"}] = Mute }, checkout)
	want.Equal(t, "code that changed is unseen", changed.Targets[0].Unseen, true)
}

func TestWishes_findNamesByPatternsAndNeverCaretakersOwn(t *testing.T) {
	cfg := Default()
	cfg.Windows = office()
	cfg.Functions = []Function{
		{Name: "team-*", Warm: map[string]int{"always": 2}},
		{Name: "team-a", Warm: map[string]int{"office": 7, "always": 1}},
		{Name: "*", Qualifier: "live", Warm: map[string]int{"always": 1}},
	}
	wishes, skips := Wishes(cfg, []string{"team-a", "team-b", "xteam-c", "caretaker-default-warmer"}, nil)
	want.Equal(t, "skips", skips, nil)
	want.Equal(t, "wishes", wishes, []Wish{
		{Ref{"team-a", ""}, map[string]int{"always": 2, "office": 7}, ByFile, "", nil},
		{Ref{"team-a", "live"}, map[string]int{"always": 1}, ByFile, "", nil},
		{Ref{"team-b", ""}, map[string]int{"always": 2}, ByFile, "", nil},
		{Ref{"team-b", "live"}, map[string]int{"always": 1}, ByFile, "", nil},
		{Ref{"xteam-c", "live"}, map[string]int{"always": 1}, ByFile, "", nil},
	})
}

func TestWishes_theListWinsOverTheTag(t *testing.T) {
	cfg := Default()
	cfg.Windows = office()
	cfg.Functions = []Function{{Name: "listed", Qualifier: "live", Warm: map[string]int{"always": 2}}}
	wishes, skips := Wishes(cfg, nil, []Tagged{{"listed", "500"}, {"tagged", "always=1 office=3 qualifier=live"}, {"wrong", "1e9"}})
	want.Equal(t, "wishes", wishes, []Wish{
		{Ref{"listed", "live"}, map[string]int{"always": 2}, ByFile, "", nil},
		{Ref{"tagged", "live"}, map[string]int{"always": 1, "office": 3}, ByTag, "", nil},
	})
	want.Equal(t, "skips", skips, []Skip{
		{Ref{"listed", ""}, TagOverruled, `its tag says "500"`},
		{Ref{"wrong", ""}, BadTag, `the tag caretaker:warm is "1e9": "1e9" is not a whole number from 1 to 500`},
	})
}

func TestChoice_keepsToOneFunctionAndMayCallItOtherwise(t *testing.T) {
	wishes := []Wish{
		{Ref{"checkout", ""}, map[string]int{"always": 3}, ByFile, "", nil},
		{Ref{"checkout", "live"}, map[string]int{"always": 2, "office": 20}, ByFile, "", nil},
		{Ref{"other", ""}, map[string]int{"always": 9}, ByFile, "", nil},
	}
	refs := func(c Choice) (found []string) {
		chosen, _ := c.of(wishes, nil)
		for _, wish := range chosen {
			found = append(found, wish.Ref.String())
		}
		return found
	}
	want.Equal(t, "no choice", refs(Choice{}), []string{"checkout", "checkout:live", "other"})
	want.Equal(t, "by name", refs(Choice{Ref: Ref{Name: "checkout"}}), []string{"checkout", "checkout:live"})
	want.Equal(t, "by name and qualifier", refs(Choice{Ref: Ref{"checkout", "live"}}), []string{"checkout:live"})
	instead, _ := Choice{Ref: Ref{Name: "checkout"}, Instead: "12"}.of(wishes, nil)
	want.Equal(t, "a version instead", instead, []Wish{{Ref{"checkout", "12"}, map[string]int{"always": 3, "office": 20}, ByFile, "", nil}})
}

// Whatever the facts: everything that is wished for appears once, within all caps, and the order of
// the facts does not matter.
func TestPlan_holdsItsPromisesForRandomFacts(t *testing.T) {
	for seed := range uint64(500) {
		chance := rand.New(rand.NewPCG(seed, 13))
		cfg := Default()
		cfg.Windows, cfg.MaxConcurrency, cfg.MaxInFlight = office(), 1+chance.IntN(60), 1+chance.IntN(900)
		facts := Facts{Unreserved: chance.IntN(2000), Readings: map[Ref]Reading{}, Code: map[Code]Knowledge{}}
		for number := range chance.IntN(20) {
			ref := Ref{Name: fmt.Sprint("f", number)}
			facts.Wishes = append(facts.Wishes, Wish{ref, map[string]int{[]string{Always, "office"}[chance.IntN(2)]: 1 + chance.IntN(500)}, ByFile, "", nil})
			reading := fit(ref.Name)
			if chance.IntN(3) == 0 {
				count := chance.IntN(100)
				reading.Reserved = &count
			}
			reading.SnapStart = chance.IntN(9) == 0
			if chance.IntN(9) > 0 {
				facts.Readings[ref] = reading
			}
		}
		calendar, err := cfg.Calendar()
		want.NoError(t, "reading the windows", err)
		at := monday.Add(time.Duration(chance.IntN(10000)) * time.Minute)
		plan := NewPlan(cfg, calendar, facts, at)
		want.Equal(t, "functions in the plan", len(plan.Targets)+len(plan.Later)+len(plan.Skips), len(facts.Wishes))
		for _, target := range plan.Targets {
			most := min(cfg.MaxConcurrency, cfg.MaxInFlight, plan.InFlight)
			if target.Reserved != nil {
				most = min(most, *target.Reserved/2)
			}
			if target.Wanted < 1 || target.Wanted > most || (target.Wanted < target.Asked) != (target.Capped != "") {
				t.Errorf("seed %d: %d of %d are wanted of %s, %d may be: %q", seed, target.Wanted, target.Asked, target.Ref, most, target.Capped)
			}
		}
		chance.Shuffle(len(facts.Wishes), func(a, b int) { facts.Wishes[a], facts.Wishes[b] = facts.Wishes[b], facts.Wishes[a] })
		want.Equal(t, "the plan in another order", NewPlan(cfg, calendar, facts, at), plan)
	}
}

func TestCost_isAHundredthOfProvisionedConcurrency(t *testing.T) {
	target := Target{Counts: map[string]int{Always: 1}, Reading: fit("a")}
	cost := target.CostAMonth(nil, 5*time.Minute, monday, Assumption)
	// 8,760 pings of 0.75 s and 1 GB at 0.0000166667, and 730 hours at 0.015.
	for _, c := range []struct {
		what      string
		got, want float64
	}{{"holds", cost.Holds, 0.1095}, {"requests", cost.Requests, 0.00175}, {"inits", cost.Inits, 0.00608}, {"provisioned", cost.Provisioned, 10.95}} {
		if c.got < 0.99*c.want || c.got > 1.01*c.want {
			t.Errorf("%s: %.5f, want %.5f", c.what, c.got, c.want)
		}
	}
	cfg := Default()
	cfg.Windows = office()
	calendar, err := cfg.Calendar()
	want.NoError(t, "reading the windows", err)
	inOffice := Target{Counts: map[string]int{"office": 10}, Reading: fit("a")}
	share := inOffice.CostAMonth(calendar, 5*time.Minute, monday, Assumption).Provisioned / (10 * cost.Provisioned)
	if hours := share * 7 * 24; hours < 51 || hours > 51.5 { // five days of 10.25 hours
		t.Errorf("a week has %.2f of the office hours, want 51.25", hours)
	}
	arm := target
	arm.Arm = true
	if cheaper := arm.CostAMonth(nil, 5*time.Minute, monday, Assumption); cheaper.Ping() >= cost.Ping() || cheaper.Provisioned >= cost.Provisioned {
		t.Errorf("arm costs %+v, x86 %+v", cheaper, cost)
	}
}
