package limitraiser

import (
	"maps"
	"math"
	"slices"
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
		want             Increase
	}{
		"to demand and headroom":               {50, 1000, known(250), toDemand, Increase{From: 50, To: 300}},
		"rounded up to whole units":            {50, 1000, known(50.1), toDemand, Increase{From: 50, To: 61}},
		"no unit more for floating point":      {50, 1000, known(250), with(func(s *Sizing) { s.Headroom = 10 }), Increase{From: 50, To: 275}},
		"by percent, when it is more":          {50, 1000, known(45), with(func(s *Sizing) { s.Percent = 50 }), Increase{From: 50, To: 75}},
		"by units, when they are more":         {50, 1000, known(45), with(func(s *Sizing) { s.Percent, s.Units = 50, 70 }), Increase{From: 50, To: 120}},
		"to demand, when it is more":           {50, 1000, known(250), with(func(s *Sizing) { s.Percent, s.Units = 50, 70 }), Increase{From: 50, To: 300}},
		"not at all when the demand is met":    {300, 1000, known(250), with(func(s *Sizing) { s.Percent = 50 }), Increase{From: 300, To: 300}},
		"by percent where demand is not asked": {300, 1000, known(250), Sizing{Percent: 50, MaxFactor: 8}, Increase{From: 300, To: 450}},
		"half as much again without metrics":   {50, 1000, Demand{}, toDemand, Increase{From: 50, To: 75}},
		"by its percent without metrics":       {50, 1000, Demand{}, with(func(s *Sizing) { s.Percent = 10 }), Increase{From: 50, To: 55}},
		"nothing without any step configured":  {50, 1000, known(250), Sizing{MaxFactor: 8}, Increase{From: 50, To: 50}},
		"eight times at most":                  {50, 1000, known(900), toDemand, Increase{From: 50, To: 400}},
		"at least one unit of a small factor":  {1, 1000, known(900), with(func(s *Sizing) { s.MaxFactor = 1.5 }), Increase{From: 1, To: 2}},
		"to the maximum, and says so":          {50, 200, known(250), toDemand, Increase{From: 50, To: 200, AtMaximum: true}},
		"exactly the maximum is not cut":       {50, 300, known(250), toDemand, Increase{From: 50, To: 300}},
		"nothing at the maximum, and says so":  {200, 200, known(250), toDemand, Increase{From: 200, To: 200, AtMaximum: true}},
		"never down to a lower maximum":        {500, 200, known(450), toDemand, Increase{From: 500, To: 500, AtMaximum: true}},
		"nothing over the maximum but met":     {500, 200, known(250), toDemand, Increase{From: 500, To: 500}},
		"nothing without a maximum":            {50, 0, known(250), toDemand, Increase{From: 50, To: 50}},
		"nothing from no capacity":             {0, 200, known(250), toDemand, Increase{}},
		"an endless demand is unknown":         {50, 1000, known(math.Inf(1)), toDemand, Increase{From: 50, To: 75}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Size(c.present, c.maximum, c.demand, c.cfg)
			want.Equal(t, "the increase", got, c.want, cmpopts.IgnoreFields(Increase{}, "Reason"))
			if got.Reason == "" {
				t.Error("the increase does not say its reason")
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
		increase := Size(present, maximum, demand, cfg)
		switch {
		case increase.From != present || increase.To < present:
			t.Errorf("what has %v is stepped from %v to %v, which lowers it: %s", present, increase.From, increase.To, increase.Reason)
		case increase.To > present && increase.To > maximum:
			t.Errorf("it is raised to %v, over the maximum of %v: %s", increase.To, maximum, increase.Reason)
		case increase.To > math.Ceil(present*cfg.MaxFactor):
			t.Errorf("it is raised from %v to %v, over the factor of %v: %s", increase.From, increase.To, cfg.MaxFactor, increase.Reason)
		case increase.To != math.Trunc(increase.To):
			t.Errorf("it is raised to %v, want whole units: %s", increase.To, increase.Reason)
		case increase.Reason == "":
			t.Errorf("the increase from %v to %v says no reason", increase.From, increase.To)
		}
		more := demand
		more.PerSecond += rapid.Float64Range(0, 1e5).Draw(t, "more")
		if next := Size(present, maximum, more, cfg); next.To < increase.To {
			t.Errorf("a higher demand %v goes to %v, %v to %v", more.PerSecond, next.To, demand.PerSecond, increase.To)
		}
	})
}

func TestSize_addsNothingOnceTheDemandIsMet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg, demand, present := someSizing(t), someDemand(t), float64(rapid.IntRange(1, 50_000).Draw(t, "present"))
		cfg.ToDemand, demand.Known = true, true
		for range 2000 {
			increase := Size(present, 1e6, demand, cfg)
			if increase.To == present {
				return
			}
			present = increase.To
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
		"a shard elsewhere":              {"ap-south-1", PriceShard, 1, 2, nil, 0.0175 * 730, ""},
		"write units, seldom used":       {"us-east-1", PriceInfrequentWriteUnit, 50, 250, nil, 200 * 0.00081 * 730, ""},
		"read units, seldom used":        {"us-east-1", PriceInfrequentReadUnit, 50, 250, nil, 200 * 0.00016 * 730, ""},
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

// Whatever make prices wrote: each line is read, is dated, says where it comes from, and is of the
// size of its neighbours.
func TestListPrices_areAWholeTable(t *testing.T) {
	all := ListPrices()
	want.Equal(t, "the lines of prices.csv that are read", len(all), strings.Count(listed, "\n")-1)
	names, usd := map[string]bool{}, map[string]float64{}
	for i, p := range all {
		names[p.Name], usd[p.Name+p.Region] = true, p.USD
		if i > 0 && all[i-1].Name+","+all[i-1].Region >= p.Name+","+p.Region {
			t.Errorf("%s of %s stands twice or out of order", p.Name, p.Region)
		}
		if _, err := time.Parse(time.DateOnly, p.AsOf); err != nil || p.Region == "" {
			t.Errorf("%s of %s is of the day %q, want one such as 2026-10-03", p.Name, p.Region, p.AsOf)
		}
		if !slices.Contains([]string{"list", "copy of the list", "told", "1.25 times the standard class"}, p.Source) {
			t.Errorf("%s of %s is from %q, which prices.go does not explain", p.Name, p.Region, p.Source)
		}
	}
	want.Equal(t, "the names in prices.csv", slices.Sorted(maps.Keys(names)), PriceNames())
	for _, p := range all {
		read := usd[PriceReadUnit+p.Region]
		sizes := map[string][2]float64{
			PriceReadUnit: {0.0001, 0.0003}, PriceShard: {0.01, 0.05}, PriceWriteUnit: {4.9 * read, 5.1 * read},
			PriceInfrequentReadUnit: {1.2 * read, 1.3 * read}, PriceInfrequentWriteUnit: {5.8 * read, 6.4 * read},
		}
		if size := sizes[p.Name]; !(p.USD >= size[0] && p.USD <= size[1]) {
			t.Errorf("%s of %s is $%v, want one from %v to %v: a slip of the pen, or new", p.Name, p.Region, p.USD, size[0], size[1])
		}
	}
}
