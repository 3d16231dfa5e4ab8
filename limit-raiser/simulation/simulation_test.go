package simulation

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"caretaker/internal/setting"
	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
)

// usual is the policy that ships, for a table that may grow as far as DynamoDB lets it and
// cost what it costs.
func usual() Policy {
	cfg := limitraiser.Default()
	cfg.Limits.AddedCostAMonth = 1e6
	return Policy{Config: cfg, Units: Writes, Present: 100, Maximum: 40_000, Target: 70, Region: "eu-west-1"}
}

// raisesOf are the raises in words.
func raisesOf(s Simulation) string {
	list := []string{}
	for _, raise := range s.Raises {
		list = append(list, fmt.Sprintf("from %v to %v in minute %d (%s)", raise.From, raise.To, raise.Decided, raise.Why))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func TestSimulate_takesOneRaiseFrom50To250(t *testing.T) {
	for late := range 60 {
		step := Trace{Name: "step", Present: 50, Points: []Point{{0, 35}, {20*time.Minute + time.Duration(late)*time.Second, 250}, {80 * time.Minute, 250}}}
		s := Simulate(step, usual())
		if len(s.Raises) != 1 || s.Raises[0].To < 250 {
			t.Errorf("a load that steps %d s into a minute takes the raises %s, want one to 250 or more", late, raisesOf(s))
		}
	}
}

func TestSimulate_leavesOneToTwoTimesTheDemand(t *testing.T) {
	for _, trace := range BuiltInTraces() {
		t.Run(trace.Name, func(t *testing.T) {
			raises := Simulate(trace, usual()).Raises
			if len(raises) == 0 {
				t.Fatal("nothing was raised")
			}
			for i, raise := range raises {
				if raise.Overshoot() > 2 {
					t.Errorf("after minute %d there is %.2f times the demand, want 2 at most: %s", raise.Decided, raise.Overshoot(), raise.Why)
				}
				last := i+1 == len(raises) || raises[i+1].Episode != raise.Episode
				if last && raise.Overshoot() < 1 {
					t.Errorf("the episode of minute %d ends at %.2f times the demand, want 1 at least: %s", raise.Decided, raise.Overshoot(), raise.Why)
				}
			}
		})
	}
}

func TestSimulate_losesNoMoreThanTargetTracking(t *testing.T) {
	for _, trace := range BuiltInTraces() {
		s := Simulate(trace, usual())
		if s.Raiser.Lost > s.Tracking.Lost {
			t.Errorf("%s: %.0f requests are lost, want no more than the %.0f of target tracking", trace.Name, s.Raiser.Lost, s.Tracking.Lost)
		}
	}
}

func TestSimulate_neverLowersNorPassesMaximumNorLimits(t *testing.T) {
	policy := usual()
	policy.Maximum = 120
	for _, trace := range BuiltInTraces() {
		s := Simulate(trace, policy)
		before := trace.Present
		for _, minute := range s.Minutes {
			if minute.Raiser.Capacity < before || minute.Raiser.Capacity > policy.Maximum {
				t.Fatalf("%s: minute %d has %v units, want from %v, as before, to %v", trace.Name, minute.Minute, minute.Raiser.Capacity, before, policy.Maximum)
			}
			before = minute.Raiser.Capacity
		}
	}
	for name, limit := range map[string]func(*Policy){
		"no raise a day": func(p *Policy) { p.Config.Limits.RaisesADay = 0 },
		"no cost":        func(p *Policy) { p.Config.Limits.AddedCostAMonth = 0 },
		"no maximum":     func(p *Policy) { p.Maximum = 0 },
	} {
		policy := usual()
		limit(&policy)
		s := Simulate(BuiltInTraces()[0], policy)
		want.Equal(t, name+": raises", raisesOf(s), "[]")
		want.Equal(t, name+": the capacity", s.Raiser.Capacity, 50)
		if len(s.Refusals) == 0 {
			t.Errorf("%s: no raise is refused, want some", name)
		}
	}
}

func TestSimulate_cutsARaiseToWhatTheMonthLeaves(t *testing.T) {
	policy := usual()
	policy.Config.Limits.AddedCostAMonth = 100 // 186 units
	s := Simulate(BuiltInTraces()[0], policy)
	if len(s.Raises) != 1 {
		t.Fatalf("the raises are %s, want one", raisesOf(s))
	}
	want.Equal(t, "it goes to", s.Raises[0].To, 236)
	want.Says(t, "the raise", s.Raises[0].Why, "for $")
}

func TestSimulate_waitsForTheCooldown(t *testing.T) {
	policy := usual()
	policy.Config.Limits.Cooldown = setting.Duration(20 * time.Minute)
	s := Simulate(BuiltInTraces()[5], policy)
	for i := 1; i < len(s.Raises); i++ {
		if apart := s.Raises[i].Decided - s.Raises[i-1].Decided; apart < 20 {
			t.Errorf("raise %d comes %d minutes after the one before, want 20 at least", i, apart)
		}
	}
	if len(s.Raises) < 2 || len(s.Refusals) == 0 {
		t.Errorf("%d raises and %d refusals, want some of both", len(s.Raises), len(s.Refusals))
	}
}

func TestTable_servesLosesOrHoldsEachRequest(t *testing.T) {
	for _, trace := range BuiltInTraces() {
		table, demanded, kept := newTable(trace.Present, burstSeconds, SDK), 0.0, 0.0
		for _, demand := range trace.seconds() {
			served, _, lost := table.second(demand)
			demanded, kept = demanded+demand, kept+served+lost
		}
		for _, second := range table.due {
			for _, waiting := range second {
				kept += waiting
			}
		}
		if math.Abs(demanded-kept) > 1e-6*demanded {
			t.Errorf("%s: of %v requests %v are accounted for, want all", trace.Name, demanded, kept)
		}
	}
}

// A table without anything saved hides the most: what it serves is its capacity.
func TestEstimateDemand_seesThroughRetries(t *testing.T) {
	for _, demand := range []float64{51, 55, 60, 75, 100, 150, 250, 500, 5000} {
		table := newTable(50, burstSeconds, SDK)
		table.saved = 0
		var samples []limitraiser.Sample
		for range 3 {
			var s limitraiser.Sample
			for range 60 {
				served, throttled, _ := table.second(demand)
				s.Consumed, s.Requests, s.Throttled = s.Consumed+served, s.Requests+served, s.Throttled+throttled
			}
			samples = append(samples, s)
		}
		if got := limitraiser.EstimateDemand(samples, 3).PerSecond / demand; got < 1 || got > 1.18 {
			t.Errorf("a demand of %v is estimated %.3f times as high, want 1 to 1.18", demand, got)
		}
	}
}

func TestTargetTracking_followsItsPublishedRules(t *testing.T) {
	step := Trace{Name: "step", Present: 100, Points: []Point{{0, 50}, {10 * time.Minute, 90}, {40 * time.Minute, 10}, {90 * time.Minute, 10}}}
	s := Simulate(step, usual())
	var changes []Point
	for _, minute := range s.Minutes {
		if minute.Tracking.Changes > 0 {
			changes = append(changes, Point{time.Duration(minute.Minute) * time.Minute, s.Minutes[minute.Minute+1].Tracking.Capacity})
		}
	}
	// Minute 12 sees minutes 10 and 11; minute 55 sees 40 to 54.
	changed := []Point{{12 * time.Minute, 129}, {55 * time.Minute, 100}}
	want.Equal(t, "the capacity changes", changes, changed)
}

// A table without anything saved hides the most, and Python's clients refuse to be counted.
func TestSize_takesNoFleetToTwiceItsDemand(t *testing.T) {
	sizing := limitraiser.Default().Sizing
	sizing.MaxFactor = 100
	for _, clients := range []Clients{SDK, Boto3} {
		for _, demand := range []float64{51, 55, 60, 75, 100, 150, 250, 500, 1000} {
			table := newTable(50, 0, clients)
			var samples []limitraiser.Sample
			for range 4 {
				var s limitraiser.Sample
				for range 60 {
					served, throttled, _ := table.second(demand)
					s.Consumed, s.Requests, s.Throttled = s.Consumed+served, s.Requests+served, s.Throttled+throttled
				}
				samples = append(samples, s)
			}
			step := limitraiser.Size(50, 1e6, limitraiser.EstimateDemand(samples, sizing.RetryFactor), sizing)
			if got := step.To / demand; got > 2 || step.To <= 50 {
				t.Errorf("clients that send %d times and want %v get %v, %.2f times as much, want more than 50 and twice as much at most: %s", clients.Attempts(), demand, step.To, got, step.Reason)
			}
		}
	}
}
