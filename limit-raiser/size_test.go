package limitraiser

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"caretaker/internal/setting"
	"caretaker/internal/want"
)

func TestEstimateDemand_countsWhatWasMeant(t *testing.T) {
	minute := func(consumed, requests, throttled float64) Sample {
		return Sample{Consumed: consumed * 60, Requests: requests * 60, Throttled: throttled * 60}
	}
	for name, c := range map[string]struct {
		samples []Sample
		factor  float64
		want    float64
	}{
		"consumed alone":                                    {[]Sample{minute(40, 40, 0)}, 3, 40},
		"a third of the throttled requests":                 {[]Sample{minute(50, 50, 600)}, 3, 250},
		"every throttled request of a client without retry": {[]Sample{minute(50, 50, 200)}, 1, 250},
		"throttled requests at the size of the others":      {[]Sample{minute(50, 10, 30)}, 3, 100},
		"half units of eventually consistent reads":         {[]Sample{minute(50, 100, 300)}, 3, 100},
		"a storm in which nothing succeeds, 1 unit each":    {[]Sample{minute(0, 0, 900)}, 3, 300},
		"a storm, sized by the minute before it":            {[]Sample{minute(50, 10, 0), minute(0, 0, 900)}, 3, 1500},
		"the heaviest minute":                               {[]Sample{minute(40, 40, 0), minute(90, 90, 0), minute(60, 60, 0)}, 3, 90},
		"not the minute that has just begun":                {[]Sample{minute(90, 90, 0), minute(2, 2, 0)}, 3, 90},
		"no load at all":                                    {[]Sample{minute(0, 0, 0)}, 3, 0},
		"units without requests, which came too late":       {[]Sample{minute(50, 0, 150)}, 3, 100},
		"no impossible counts":                              {[]Sample{minute(math.NaN(), math.Inf(1), -5), minute(7, 7, 0)}, 3, 7},
		"no impossible factor":                              {[]Sample{minute(1, 1, 9)}, math.NaN(), 10},
	} {
		t.Run(name, func(t *testing.T) {
			got := EstimateDemand(c.samples, c.factor)
			want.Equal(t, "the demand is known", got.Known, true)
			if math.Abs(got.PerSecond-c.want) > 1e-9 {
				t.Errorf("the demand is %v a second, want %v", got.PerSecond, c.want)
			}
			if got.Detail == "" {
				t.Error("the demand does not say what it is made of")
			}
		})
	}
	got := EstimateDemand(nil, 3)
	want.Equal(t, "without a sample the demand is known", got.Known, false)
	want.Equal(t, "without a sample the demand", got.PerSecond, 0)
}

func TestSize_takesTheLargestStepWithinItsBounds(t *testing.T) {
	known := func(perSecond float64) Demand { return Demand{PerSecond: perSecond, Known: true} }
	toDemand := Sizing{ToDemand: true, Headroom: 20, RetryFactor: 3, MaxFactor: 8}
	with := func(change func(*Sizing)) Sizing { s := toDemand; change(&s); return s }
	for name, c := range map[string]struct {
		present, maximum float64
		demand           Demand
		cfg              Sizing
		want             Step
	}{
		"to demand and headroom":               {50, 1000, known(250), toDemand, Step{From: 50, To: 300}},
		"rounded up to whole units":            {50, 1000, known(50.1), toDemand, Step{From: 50, To: 61}},
		"no unit more for floating point":      {50, 1000, known(250), with(func(s *Sizing) { s.Headroom = 10 }), Step{From: 50, To: 275}},
		"by percent, when it is more":          {50, 1000, known(45), with(func(s *Sizing) { s.Percent = 50 }), Step{From: 50, To: 75}},
		"by units, when they are more":         {50, 1000, known(45), with(func(s *Sizing) { s.Percent, s.Units = 50, 70 }), Step{From: 50, To: 120}},
		"to demand, when it is more":           {50, 1000, known(250), with(func(s *Sizing) { s.Percent, s.Units = 50, 70 }), Step{From: 50, To: 300}},
		"not at all when the demand is met":    {300, 1000, known(250), with(func(s *Sizing) { s.Percent = 50 }), Step{From: 300, To: 300}},
		"by percent where demand is not asked": {300, 1000, known(250), Sizing{Percent: 50, MaxFactor: 8}, Step{From: 300, To: 450}},
		"half as much again without metrics":   {50, 1000, Demand{}, toDemand, Step{From: 50, To: 75}},
		"by its percent without metrics":       {50, 1000, Demand{}, with(func(s *Sizing) { s.Percent = 10 }), Step{From: 50, To: 55}},
		"nothing without any step configured":  {50, 1000, known(250), Sizing{MaxFactor: 8}, Step{From: 50, To: 50}},
		"eight times at most":                  {50, 1000, known(900), toDemand, Step{From: 50, To: 400}},
		"at least one unit of a small factor":  {1, 1000, known(900), with(func(s *Sizing) { s.MaxFactor = 1.5 }), Step{From: 1, To: 2}},
		"to the maximum, and says so":          {50, 200, known(250), toDemand, Step{From: 50, To: 200, AtMaximum: true}},
		"exactly the maximum is not cut":       {50, 300, known(250), toDemand, Step{From: 50, To: 300}},
		"nothing at the maximum, and says so":  {200, 200, known(250), toDemand, Step{From: 200, To: 200, AtMaximum: true}},
		"never down to a lower maximum":        {500, 200, known(450), toDemand, Step{From: 500, To: 500, AtMaximum: true}},
		"nothing over the maximum but met":     {500, 200, known(250), toDemand, Step{From: 500, To: 500}},
		"nothing without a maximum":            {50, 0, known(250), toDemand, Step{From: 50, To: 50}},
		"nothing from no capacity":             {0, 200, known(250), toDemand, Step{}},
		"an endless demand is unknown":         {50, 1000, known(math.Inf(1)), toDemand, Step{From: 50, To: 75}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Size(c.present, c.maximum, c.demand, c.cfg)
			want.Equal(t, "the step", got, c.want, cmpopts.IgnoreFields(Step{}, "Reason"))
			if got.Reason == "" {
				t.Error("the step does not say its reason")
			}
		})
	}
}

func someSizing(t *rapid.T) Sizing {
	return Sizing{
		Percent: rapid.Float64Range(0, 1000).Draw(t, "percent"), Units: rapid.Float64Range(0, 1000).Draw(t, "units"),
		ToDemand: rapid.Bool().Draw(t, "toDemand"), Headroom: setting.Percent(rapid.Float64Range(0, 100).Draw(t, "headroom")),
		RetryFactor: rapid.Float64Range(1, 20).Draw(t, "retryFactor"), MaxFactor: rapid.Float64Range(1.01, 100).Draw(t, "maxFactor"),
	}
}

func someDemand(t *rapid.T) Demand {
	return Demand{PerSecond: rapid.Float64Range(0, 1e5).Draw(t, "perSecond"), Known: rapid.Bool().Draw(t, "known")}
}

func TestSize_staysWithinItsBoundsWhatever(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		present, maximum := float64(rapid.IntRange(0, 50_000).Draw(t, "present")), rapid.Float64Range(0, 50_000).Draw(t, "maximum")
		cfg, demand := someSizing(t), someDemand(t)
		step := Size(present, maximum, demand, cfg)
		switch {
		case step.From != present || step.To < present:
			t.Errorf("what has %v is stepped from %v to %v, which lowers it: %s", present, step.From, step.To, step.Reason)
		case step.To > present && step.To > maximum:
			t.Errorf("it is raised to %v, over the maximum of %v: %s", step.To, maximum, step.Reason)
		case step.To > math.Ceil(present*cfg.MaxFactor):
			t.Errorf("it is raised from %v to %v, over the factor of %v: %s", step.From, step.To, cfg.MaxFactor, step.Reason)
		case step.To != math.Trunc(step.To):
			t.Errorf("it is raised to %v, want whole units: %s", step.To, step.Reason)
		case step.Reason == "":
			t.Errorf("the step from %v to %v says no reason", step.From, step.To)
		}
		more := demand
		more.PerSecond += rapid.Float64Range(0, 1e5).Draw(t, "more")
		if next := Size(present, maximum, more, cfg); next.To < step.To {
			t.Errorf("a higher demand %v goes to %v, %v to %v", more.PerSecond, next.To, demand.PerSecond, step.To)
		}
	})
}

func TestSize_addsNothingOnceTheDemandIsMet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg, demand, present := someSizing(t), someDemand(t), float64(rapid.IntRange(1, 50_000).Draw(t, "present"))
		cfg.ToDemand, demand.Known = true, true
		for range 2000 {
			step := Size(present, 1e6, demand, cfg)
			if step.To == present {
				return
			}
			present = step.To
		}
		t.Errorf("raises on and on, and is at %v for a demand of %v", present, demand.PerSecond)
	})
}

func TestEstimateDemand_growsWithTheLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Float64Range(0, 1e9)
		samples := []Sample{{Consumed: count.Draw(t, "consumed"), Requests: count.Draw(t, "requests"), Throttled: count.Draw(t, "throttled")}}
		factor := rapid.Float64Range(1, 20).Draw(t, "retryFactor")
		less := EstimateDemand(samples, factor)
		samples = append(samples, Sample{At: time.Time{}, Throttled: count.Draw(t, "more")})
		if more := EstimateDemand(samples, factor); more.PerSecond < less.PerSecond || math.IsInf(more.PerSecond, 0) {
			t.Errorf("one more minute makes the demand %v of %v, want no less", more.PerSecond, less.PerSecond)
		}
	})
}

func TestAddedCost_takesListPricesAndSaysWhenNot(t *testing.T) {
	for name, c := range map[string]struct {
		region, what string
		from, to     float64
		overrides    map[string]float64
		want         float64
		note         string
	}{
		"write units":                    {"us-east-1", PriceWriteUnit, 50, 250, nil, 200 * 0.00065 * 730, ""},
		"read units":                     {"eu-west-1", PriceReadUnit, 0, 1000, nil, 1000 * 0.000147 * 730, ""},
		"a shard":                        {"us-east-1", PriceShard, 1, 2, nil, 0.015 * 730, ""},
		"write units, seldom used":       {"us-east-1", PriceInfrequentWriteUnit, 50, 250, nil, 200 * 0.0008125 * 730, ""},
		"read units, seldom used":        {"us-east-1", PriceInfrequentReadUnit, 50, 250, nil, 200 * 0.0001625 * 730, ""},
		"an unknown Region, the dearest": {"mars-north-1", PriceWriteUnit, 0, 1000, nil, 1000 * 0.000975 * 730, "mars-north-1"},
		"a price that one Region lacks":  {"eu-north-1", PriceShard, 1, 2, nil, 0.03 * 730, "eu-north-1"},
		"an unknown name, the dearest":   {"us-east-1", "?", 0, 1, nil, 0.03 * 730, "?"},
		"what was agreed":                {"us-east-1", PriceWriteUnit, 0, 100, map[string]float64{PriceWriteUnit: 0.0005}, 100 * 0.0005 * 730, "configured"},
		"nothing, when nothing is paid":  {"us-east-1", PriceWriteUnit, 0, 100, map[string]float64{PriceWriteUnit: 0}, 0, "configured"},
		"no override that is none":       {"us-east-1", PriceWriteUnit, 0, 100, map[string]float64{PriceWriteUnit: math.NaN()}, 100 * 0.00065 * 730, ""},
		"what has no price":              {"us-east-1", Free, 10, 1000, nil, 0, ""},
		"nothing for no raise":           {"us-east-1", PriceWriteUnit, 100, 50, nil, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, note := AddedCost(c.region, c.what, c.from, c.to, c.overrides)
			if math.Abs(got-c.want) > 1e-9 || !strings.Contains(note, c.note) || (c.note == "") != (note == "") {
				t.Errorf("AddedCost = %v, %q, want %v, %q", got, note, c.want, c.note)
			}
		})
	}
}

func TestPriceNames_areThoseOfTheTable(t *testing.T) {
	want.Equal(t, "the names of the prices", PriceNames(), []string{PriceInfrequentReadUnit, PriceInfrequentWriteUnit, PriceReadUnit, PriceShard, PriceWriteUnit})
	for region, p := range unitPrices {
		if !(p.read > 0.0001 && p.read < 0.0003) || math.Abs(p.write/p.read-5) > 0.1 {
			t.Errorf("%s: a write unit of %v beside a read unit of %v is a slip of the pen", region, p.write, p.read)
		}
	}
}
