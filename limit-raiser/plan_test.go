package limitraiser

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caretaker/internal/setting"
	"caretaker/internal/want"
)

var noon = time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)

// shortTable are the facts about a table of which the alarm names the write units.
func shortTable(now, most float64, changes ...func(*Facts)) Facts {
	facts := Facts{
		Resource: Resource{KindTable, "orders"}, ARN: "arn", AlarmAbove: 80,
		Parts: []Current{{Part: Part{Dimension: Write}, Means: Provisioned, Now: now, Max: most, Short: true}},
	}
	for _, change := range changes {
		change(&facts)
	}
	return facts
}

// seen is a minute in which so many units a second were consumed, and so many requests throttled.
func seen(consumed, throttled float64) []Sample {
	return []Sample{{At: noon, Consumed: consumed * 60, Requests: consumed * 60, Throttled: throttled * 60}}
}

func change(first func(*Current)) func(*Facts) { return func(f *Facts) { first(&f.Parts[0]) } }

func policy(changes ...func(*Config)) Config {
	cfg := Default()
	cfg.Sizing.Headroom = 25
	for _, change := range changes {
		change(&cfg)
	}
	return cfg
}

func TestDecide(t *testing.T) {
	ago := func(durations ...time.Duration) Memory {
		var m Memory
		for _, d := range durations {
			m.Raises = append(m.Raises, noon.Add(-d))
		}
		return m
	}
	shards := func(now, most float64, load ...Sample) Facts {
		return Facts{Resource: Resource{KindStream, "clicks"}, Parts: []Current{{
			Part: Part{Dimension: Shards}, Means: Provisioned, Now: now, Max: most, Short: true, Samples: load,
		}}}
	}
	reserved := func(now, most, unreserved float64) Facts {
		return Facts{Resource: Resource{KindFunction, "checkout"}, Unreserved: unreserved, Parts: []Current{{
			Part: Part{Dimension: Concurrency}, Means: Reserved, Now: now, Max: most, Short: true,
		}}}
	}
	quota := func(unapproved float64) Facts {
		return Facts{Resource: Resource{KindQuota, "vpc/L-1"}, Unapproved: unapproved, Parts: []Current{{
			Part: Part{Dimension: QuotaValue}, Means: Requested, Now: 5, Max: 10, Short: true,
		}}}
	}
	for name, c := range map[string]struct {
		facts   Facts
		memory  Memory
		cfg     Config
		outcome Outcome
		reason  Reason
		to      float64
		detail  string
	}{
		"to 1.9 times the least":            {shortTable(50, 4000, change(func(h *Current) { h.Samples = seen(50, 450) })), Memory{}, policy(), ToRaise, IsShort, 146, "takes 1.9 times the 76.8 that clients which send 10 times would need"},
		"to the demand that a burst showed": {shortTable(50, 4000, change(func(h *Current) { h.Samples = append(seen(200, 0), seen(50, 450)...) })), Memory{}, policy(), ToRaise, IsShort, 250, "demand of 200"},
		"by percent without any":            {shortTable(50, 4000), Memory{}, policy(), ToRaise, IsShort, 75, "for lack of metrics"},
		"cut at the maximum":                {shortTable(50, 60), Memory{}, policy(), ToRaise, IsShort, 60, "cut at the maximum"},
		"at the maximum":                    {shortTable(60, 60), Memory{}, policy(), AtMaximum, MaximumReached, 60, "60"},
		"over the maximum":                  {shortTable(90, 60), Memory{}, policy(), AtMaximum, MaximumReached, 90, "60"},
		"no maximum":                        {shortTable(50, 0), Memory{}, policy(), Refused, NoMaximum, 50, "caretaker.yaml"},
		"not listed":                        {shortTable(50, 0, func(f *Facts) { f.Unlisted = true }), Memory{}, policy(), Refused, NotListed, 50, "caretaker.yaml"},
		"nothing to raise":                  {shortTable(0, 4000, change(func(h *Current) { h.Means, h.Note = NoMeans, "on demand" })), Memory{}, policy(), Refused, NothingToRaise, 0, "on demand"},
		"met":                               {shortTable(250, 4000, change(func(h *Current) { h.Samples = seen(50, 450) })), Memory{}, policy(), Met, NeedMet, 250, "are met"},
		"being changed":                     {shortTable(50, 4000, func(f *Facts) { f.Busy = "the table is UPDATING" }), Memory{}, policy(), Waiting, IsBusy, 50, "UPDATING"},
		"at the maximum and busy":           {shortTable(60, 60, func(f *Facts) { f.Busy = "the table is UPDATING" }), Memory{}, policy(), AtMaximum, MaximumReached, 60, ""},
		"resting":                           {shortTable(50, 4000), ago(4 * time.Minute), policy(), Refused, InCooldown, 50, "12:01:00 UTC"},
		"rested":                            {shortTable(50, 4000), ago(5 * time.Minute), policy(), ToRaise, IsShort, 75, ""},
		"never rests":                       {shortTable(50, 4000), ago(0), policy(func(c *Config) { c.Limits.Cooldown = 0 }), ToRaise, IsShort, 75, ""},
		"the day's raises":                  {shortTable(50, 4000), ago(3*time.Hour, 2*time.Hour), policy(func(c *Config) { c.Limits.RaisesADay = 2 }), Refused, RaisesOfTheDay, 50, "is 2"},
		"yesterday's do not count":          {shortTable(50, 4000), ago(13*time.Hour, 2*time.Hour), policy(func(c *Config) { c.Limits.RaisesADay = 2 }), ToRaise, IsShort, 75, ""},
		"too dear for all of it":            {shortTable(50, 4000), Memory{Spent: 495}, policy(), ToRaise, CutToCost, 60, "75 were wanted, for $11.86"},
		"too dear for a single unit":        {shortTable(50, 4000), Memory{Spent: 499.9}, policy(), Refused, OverCost, 50, "$500.00"},
		"more spent than is allowed now":    {shortTable(50, 4000), Memory{Spent: 700}, policy(), Refused, OverCost, 50, "$500.00"},
		"shards as far as the money goes":   {shards(40, 80, seen(80, 0)...), Memory{Spent: 170}, policy(), ToRaise, CutToCost, 70, "80 were wanted"},
		"dear enough":                       {shortTable(50, 4000), Memory{Spent: 480}, policy(), ToRaise, IsShort, 75, ""},
		"free where nothing may be":         {shortTable(50, 4000, change(func(h *Current) { h.Means = OnDemandMaximum })), Memory{Spent: 900}, policy(), ToRaise, IsShort, 75, ""},
		"auto scaling has room":             {shortTable(200, 4000, change(func(h *Current) { h.Means, h.InUse = AutoScaled, 100 })), Memory{}, policy(), Met, NeedMet, 200, "may go to 200 by itself"},
		"auto scaling is at its end": {
			shortTable(200, 4000, change(func(h *Current) { h.Means, h.InUse = AutoScaled, 200 })), Memory{}, policy(), ToRaise, IsShort, 300, "",
		},
		"auto scaling while the table changes": {
			shortTable(200, 4000, change(func(h *Current) { h.Means, h.InUse = AutoScaled, 200 }), func(f *Facts) { f.Busy = "the table is UPDATING" }),
			Memory{},
			policy(), ToRaise, IsShort, 300, "",
		},
		"shards double at most":                      {shards(2, 20, seen(2, 20)...), Memory{}, policy(), ToRaise, IsShort, 4, "on the way to"},
		"shards go on to their goal":                 {shards(4, 20, seen(9, 0)...), Memory{Goal: 12, Raises: []time.Time{noon}}, policy(), ToRaise, IsShort, 8, ""},
		"shards go no further than their goal":       {shards(4, 20, seen(9, 90)...), Memory{Goal: 6, Raises: []time.Time{noon}}, policy(), ToRaise, IsShort, 6, "the goal of 6"},
		"shards rest at their goal":                  {shards(12, 20, seen(12, 20)...), Memory{Goal: 12, Raises: []time.Time{noon}}, policy(), Refused, InCooldown, 12, ""},
		"ten shard updates a day":                    {shards(4, 20), ago(slices.Repeat([]time.Duration{20 * time.Hour}, 10)...), policy(), Refused, ShardBudget, 4, "10"},
		"ten, of which one is a day old":             {shards(4, 20), ago(append(slices.Repeat([]time.Duration{20 * time.Hour}, 9), 25*time.Hour)...), policy(), ToRaise, IsShort, 6, ""},
		"concurrency":                                {reserved(100, 400, 500), Memory{}, policy(), ToRaise, IsShort, 150, ""},
		"concurrency as far as it goes":              {reserved(100, 400, 155), Memory{}, policy(), ToRaise, IsShort, 130, ""},
		"concurrency at the floor":                   {reserved(100, 400, 125), Memory{Floor: 100}, policy(), Refused, FloorReached, 100, "100 with 25% headroom"},
		"concurrency at a floor that AWS never said": {reserved(100, 400, 125), Memory{}, policy(), ToRaise, IsShort, 150, "if AWS agrees"},
		"concurrency of a small account":             {reserved(20, 400, 90), Memory{}, policy(func(c *Config) { c.Sizing.Units = 300 }), ToRaise, IsShort, 97, "if AWS agrees"},
		"concurrency that is used up":                {reserved(20, 400, 13), Memory{}, policy(), Refused, FloorReached, 20, ""},
		"concurrency within the headroom":            {reserved(20, 400, 124), Memory{}, policy(), Refused, FloorReached, 20, "100 with 25% headroom"},
		"concurrency, another floor":                 {reserved(100, 400, 125), Memory{Floor: 10}, policy(), ToRaise, IsShort, 150, ""},
		"a quota with an open request": {
			Facts{Resource: Resource{KindQuota, "vpc/L-1"}, OpenRequest: 9, Parts: []Current{{Part: Part{Dimension: QuotaValue}, Means: Requested, Now: 5, Max: 10, Short: true}}},
			Memory{},
			policy(), Refused, AlreadyAsked, 5, "9",
		},
		"a quota of which AWS did not approve as much": {quota(8), Memory{}, policy(), Refused, NotApproved, 5, "8"},
		"a quota of which AWS did not approve more":    {quota(9), Memory{}, policy(), ToRaise, IsShort, 8, ""},
	} {
		t.Run(name, func(t *testing.T) {
			plan := Decide(c.facts, c.memory, c.cfg, "us-east-1", noon)
			got := plan.Decisions[0]
			wantDecision(t, got, Decision{Outcome: c.outcome, Reason: c.reason, Detail: c.detail})
			want.Equal(t, "to", got.To, c.to)
		})
	}
}

// The alarm is still on, by the minutes from before its raise.
func TestDecide_leavesAloneWhatTheEpisodesRaiseCured(t *testing.T) {
	minute := func(ago time.Duration, consumed, throttled float64) Sample {
		return Sample{At: noon.Add(-ago), Consumed: 60 * consumed, Requests: 60 * consumed, Throttled: 60 * throttled}
	}
	storm := minute(5*time.Minute, 50, 620)
	raised := Decision{Part: Part{Dimension: Write}, Outcome: Raised, From: 50, To: 320}
	memory := Memory{}.After(Plan{Decisions: []Decision{raised}}, "one", noon.Add(-5*time.Minute))
	for name, c := range map[string]struct {
		memory  Memory
		samples []Sample
		want    Outcome
	}{
		"in use are 78%, under the alarm's 80%":   {memory.In("one"), []Sample{storm, minute(2*time.Minute, 250, 0)}, Met},
		"which is the need of another episode":    {memory.In("two"), []Sample{storm, minute(2*time.Minute, 250, 0)}, ToRaise},
		"the minute in which it took effect":      {memory.In("one"), []Sample{minute(4*time.Minute, 290, 20), minute(2*time.Minute, 250, 0)}, Met},
		"in use are 81%":                          {memory.In("one"), []Sample{storm, minute(2*time.Minute, 260, 0)}, ToRaise},
		"requests are refused all the same":       {memory.In("one"), []Sample{storm, minute(2*time.Minute, 250, 1)}, ToRaise},
		"no minute since, so that the old counts": {memory.In("one"), []Sample{minute(5*time.Minute, 200, 620)}, ToRaise},
	} {
		cfg := policy(func(c *Config) { c.Sizing.Headroom = 30 })
		got := Decide(shortTable(320, 4000, change(func(h *Current) { h.Samples = c.samples })), c.memory, cfg, "us-east-1", noon).Decisions[0]
		wantDecision(t, got, Decision{Outcome: c.want}, name)
	}
}

func TestDecide_takesAlongWhatIsAboutToBeShortItself(t *testing.T) {
	index := func(name string, samples []Sample, most float64) Current {
		return Current{Part: Part{name, Write}, Means: Provisioned, Now: 100, Max: most, Samples: samples}
	}
	facts := shortTable(50, 4000, func(f *Facts) {
		f.Parts = append(f.Parts, index("busy", seen(90, 0), 4000), index("quiet", seen(70, 0), 4000), index("unknown", nil, 4000), index("unbounded", seen(90, 0), 0))
	})
	got := map[string]Outcome{}
	for _, decision := range Decide(facts, Memory{}, policy(), "us-east-1", noon).Decisions {
		got[decision.Part.Index] = decision.Outcome
	}
	want.Equal(t, "the outcomes by index", got, map[string]Outcome{"": ToRaise, "busy": ToRaise, "quiet": Met, "unknown": Met, "unbounded": Met})
}

func TestDecide_cutsAllPartsByTheSameShareToWhatTheMonthLeaves(t *testing.T) {
	part := func(index string, dimension Dimension, means Means) Current {
		return Current{Part: Part{index, dimension}, Means: means, Now: 100, InUse: 100, Max: 4000, Short: true}
	}
	for name, c := range map[string]struct {
		left  float64
		parts []Current
		want  []float64
	}{
		"all fit":                      {48, []Current{part("", Write, Provisioned), part("index", Write, Provisioned)}, []float64{150, 150}},
		"half of it":                   {23.8, []Current{part("", Write, Provisioned), part("index", Write, Provisioned)}, []float64{125, 125}},
		"the odd unit":                 {24.3, []Current{part("", Write, Provisioned), part("index", Write, Provisioned)}, []float64{125, 126}},
		"by share, not by price":       {14.35, []Current{part("", Read, Provisioned), part("", Write, Provisioned)}, []float64{126, 125}},
		"a target's maximum too":       {23.8, []Current{part("", Write, AutoScaled), part("index", Write, Provisioned)}, []float64{125, 125}},
		"one unit, which is the cheap": {0.1, []Current{part("", Read, Provisioned), part("", Write, Provisioned)}, []float64{101, 100}},
		"nothing":                      {0.09, []Current{part("", Read, Provisioned), part("", Write, Provisioned)}, []float64{100, 100}},
		"nothing, but what is free":    {0, []Current{part("", Write, OnDemandMaximum), part("index", Write, Provisioned)}, []float64{150, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			facts := Facts{Resource: Resource{KindTable, "orders"}, Parts: c.parts}
			plan := Decide(facts, Memory{Spent: 500 - c.left}, policy(), "us-east-1", noon)
			var got []float64
			cost := 0.0
			for _, decision := range plan.Decisions {
				got = append(got, decision.To)
				cost += decision.CostAMonth
				raised := decision.To > decision.From
				want.Equal(t, sentence(decision)+": it is to be raised", decision.Outcome == ToRaise, raised)
				if !raised {
					wantDecision(t, decision, Decision{Reason: OverCost})
					want.Equal(t, "the cost of what is not raised", decision.CostAMonth, 0)
				}
				want.Equal(t, sentence(decision)+": it is cut to the cost", decision.Reason == CutToCost, decision.To > 100 && decision.To < 150)
			}
			want.Equal(t, "where the parts go to", got, c.want)
			if cost > c.left {
				t.Errorf("the parts cost $%.2f, want no more than the $%.2f that are left", cost, c.left)
			}
		})
	}
}

// The load grows faster than the shards: what goes past the first goal is a raise of its own.
func TestDecide_holdsAStreamsGoalToTheLimitsOfOneRaise(t *testing.T) {
	cfg := policy(func(c *Config) { c.Limits.RaisesADay, c.Sizing.MaxFactor = 1, 8 })
	memory, shards := Memory{}, []float64{1}
	for at := noon; ; at = at.Add(5 * time.Minute) {
		facts := Facts{Resource: Resource{KindStream, "clicks"}, Parts: []Current{{
			Part: Part{Dimension: Shards}, Means: Provisioned, Now: shards[len(shards)-1], Max: 10_000, Short: true, Samples: seen(5000, 0),
		}}}
		plan := Decide(facts, memory.In("one"), cfg, "us-east-1", at)
		if plan.Decisions[0].Outcome != ToRaise {
			wantDecision(t, plan.Decisions[0], Decision{Reason: RaisesOfTheDay}, "the last")
			break
		}
		memory = memory.After(plan.become(ToRaise, Raised, IsShort), "one", at)
		shards = append(shards, plan.Decisions[0].To)
	}
	want.Equal(t, "the shards, step by step", shards, []float64{1, 2, 4, 8})
}

func TestMemory_keepsAGoalToItsEpisode(t *testing.T) {
	memory := Memory{}.After(Plan{Goal: 8, Decisions: []Decision{{Outcome: Raised}}}, "one", noon)
	want.Equal(t, "the goal in its own episode", memory.In("one").Goal, 8)
	want.Equal(t, "the goal in another episode", memory.In("another").Goal, 0)
}

// Whatever the facts are, a plan keeps its promises.
func TestDecide_keepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := policy(func(c *Config) {
			c.Sizing = Sizing{
				Percent: rapid.Float64Range(0, 1000).Draw(t, "percent"), Units: rapid.Float64Range(0, 1000).Draw(t, "units"),
				ToDemand: rapid.Bool().Draw(t, "to demand"), Headroom: setting.Percent(rapid.Float64Range(0, 100).Draw(t, "headroom")),
				RetryFactor: rapid.Float64Range(1, 20).Draw(t, "retry factor"), MaxFactor: rapid.Float64Range(1.1, 100).Draw(t, "max factor"),
			}
			c.Limits.AddedCostAMonth = rapid.Float64Range(0, 1000).Draw(t, "cap")
		})
		dimensions := map[Kind][]Dimension{KindTable: {Read, Write}, KindStream: {Shards}, KindFunction: {Concurrency}, KindQuota: {QuotaValue}}
		kind := rapid.SampledFrom(slices.Sorted(maps.Keys(dimensions))).Draw(t, "kind")
		facts := Facts{Resource: Resource{kind, "orders"}, AlarmAbove: 80, Unreserved: 500}
		for number := range rapid.IntRange(1, 5).Draw(t, "parts") {
			facts.Parts = append(facts.Parts, Current{
				Part:  Part{fmt.Sprint("index", number), rapid.SampledFrom(dimensions[kind]).Draw(t, "dimension")},
				Means: rapid.SampledFrom([]Means{Provisioned, AutoScaled, OnDemandMaximum, Reserved, Requested, NoMeans}).Draw(t, "means"),
				Now:   float64(rapid.IntRange(0, 10000).Draw(t, "now")), Max: float64(rapid.IntRange(0, 40000).Draw(t, "max")),
				Short:   rapid.Bool().Draw(t, "short"),
				Samples: seen(rapid.Float64Range(0, 1e6).Draw(t, "consumed"), rapid.Float64Range(0, 1e6).Draw(t, "throttled")),
			})
		}
		memory := Memory{Spent: rapid.Float64Range(0, 1000).Draw(t, "spent"), Goal: rapid.Float64Range(0, 100).Draw(t, "goal")}
		for range rapid.IntRange(0, 12).Draw(t, "raises") {
			memory.Raises = append(memory.Raises, noon.Add(-time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "ago"))))
		}
		slices.SortFunc(memory.Raises, time.Time.Compare)
		plan := Decide(facts, memory, cfg, "us-east-1", noon)
		spent, tooDear := memory.Spent, math.Inf(1)
		for i, decision := range plan.Decisions {
			current := facts.Parts[i]
			switch {
			case decision.Reason == "" || decision.Outcome == "":
				t.Fatalf("a decision has the outcome %q and the reason %q, want both: %s", decision.Outcome, decision.Reason, sentence(decision))
			case decision.To < decision.From || decision.From != current.Now:
				t.Fatalf("a decision goes from %v to %v, of a part that has %v: %s", decision.From, decision.To, current.Now, sentence(decision))
			case decision.Outcome != ToRaise && decision.To != decision.From:
				t.Fatalf("the outcome is %q, and yet it goes from %v to %v: %s", decision.Outcome, decision.From, decision.To, sentence(decision))
			case decision.Outcome == ToRaise && (decision.To <= decision.From || decision.To > current.Max || current.Means == NoMeans):
				t.Fatalf("what has %v, by the means %q and to %v at most, is to go to %v: %s", current.Now, current.Means, current.Max, decision.To, sentence(decision))
			}
			spent += decision.CostAMonth
			if decision.Reason == OverCost {
				one, _ := AddedCost("us-east-1", facts.Resource.kind().price(decision, Place{}), 0, 1, nil)
				tooDear = min(tooDear, one)
			}
		}
		if spent == memory.Spent && spent+tooDear < cfg.Limits.AddedCostAMonth-1e-6 {
			t.Fatalf("nothing is raised, though $%v of $%v would buy a unit", cfg.Limits.AddedCostAMonth-spent, tooDear)
		}
		if spent > memory.Spent && spent > cfg.Limits.AddedCostAMonth+1e-6 {
			t.Fatalf("$%v are spent of $%v", spent, cfg.Limits.AddedCostAMonth)
		}
	})
}
