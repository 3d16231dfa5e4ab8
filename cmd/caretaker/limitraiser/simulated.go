package limitraiser

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"caretaker/cmd/caretaker/console"
	limitraiser "caretaker/limit-raiser"
	"caretaker/limit-raiser/simulation"
)

// simulated is what --json writes.
type simulated struct {
	Schema  int              `json:"schema"`
	Command string           `json:"command"`
	Stage   string           `json:"stage"`
	Region  string           `json:"region"`
	Traces  []simulatedTrace `json:"traces"`
}

// simulatedTrace is a load and what it met.
type simulatedTrace struct {
	Name string `json:"name"`
	// HighestDemand is the mean of the heaviest minute, in units a second.
	HighestDemand float64        `json:"highestDemand"`
	Raiser        played         `json:"raiser"`
	Tracking      played         `json:"targetTracking"`
	Raises        []madeRaise    `json:"raises"`
	Refusals      []heldRaise    `json:"refusals"`
	PriceNote     string         `json:"priceNote,omitempty"`
	Minutes       []playedMinute `json:"minutes"`
}

// played is what became of a load, in a minute or in all of them.
type played struct {
	Capacity  float64 `json:"capacity"`
	Throttled float64 `json:"throttled"`
	Lost      float64 `json:"lost"`
	Cost      float64 `json:"cost"`
	Changes   int     `json:"changes"`
}

type playedMinute struct {
	Minute   int     `json:"minute"`
	Demand   float64 `json:"demand"`
	Raiser   played  `json:"raiser"`
	Tracking played  `json:"targetTracking"`
}

type madeRaise struct {
	Minute  int     `json:"minute"`
	Episode int     `json:"episode"`
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	// Demand is the highest that the raise was to answer, TimesDemand how many times that it gives.
	Demand      float64 `json:"demand"`
	TimesDemand float64 `json:"timesDemand"`
	Reason      string  `json:"reason"`
}

type heldRaise struct {
	Minute int    `json:"minute"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

func newSimulatedTrace(name string, s simulation.Simulation) simulatedTrace {
	trace := simulatedTrace{
		Name: name, Raiser: played(s.Raiser), Tracking: played(s.Tracking), PriceNote: s.PriceNote,
		Raises: []madeRaise{}, Refusals: []heldRaise{},
	}
	for _, m := range s.Minutes {
		trace.HighestDemand = max(trace.HighestDemand, m.Demand)
		trace.Minutes = append(trace.Minutes, playedMinute{m.Minute, m.Demand, played(m.Raiser), played(m.Tracking)})
	}
	for _, r := range s.Raises {
		trace.Raises = append(trace.Raises, madeRaise{r.Decided, r.Episode, r.From, r.To, r.Demand, r.Overshoot(), r.Why})
	}
	for _, r := range s.Refusals {
		trace.Refusals = append(trace.Refusals, heldRaise{r.Minute, string(r.Reason), r.Detail})
	}
	return trace
}

// spans in minutes that a row may stand for.
var rowMinutes = []int{1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440}

// show prints the minutes, several in a row, and the raises.
func (t simulatedTrace) show(out *console.Sheet, most int) {
	each := rowMinutes[len(rowMinutes)-1]
	for _, minutes := range rowMinutes {
		if len(t.Minutes) <= most*minutes {
			each = minutes
			break
		}
	}
	var rows [][]any
	for some := range slices.Chunk(t.Minutes, each) {
		rows = append(rows, row(some))
	}
	by := "minute by minute"
	if each > 1 {
		by = fmt.Sprintf("%d minutes a row, with their highest demand and the sums of what was throttled and paid", each)
	}
	out.Table(console.Table{
		Title:   t.Name + ", " + by + ": throttled are attempts, of which a request has several; demand and capacity are in units a second",
		Header:  []any{"Minute", "Demand", "Capacity", "Throttled", "Cost", "Tracked", "Throttled", "Cost"},
		Numbers: []int{1, 2, 3, 4, 5, 6, 7, 8}, Rows: rows,
	})
	rows = nil
	for _, r := range t.Raises {
		rows = append(rows, []any{r.Minute, number(r.From), number(r.To), number(r.Demand), times(r.TimesDemand), r.Reason})
	}
	out.Table(console.Table{
		Title: "Raises", Header: []any{"Minute", "From", "To", "Demand", "Gives", "Why"}, Numbers: []int{1, 2, 3, 4, 5}, Rows: rows,
	})
	out.Table(console.Table{Title: "Raises that did not come", Header: []any{"Minute", "Times", "Why"}, Numbers: []int{1, 2}, Rows: t.refusals()})
}

// row sums some minutes up: the highest demand, the capacities at their end.
func row(minutes []playedMinute) []any {
	var demand float64
	var raiser, tracking played
	for _, m := range minutes {
		demand = max(demand, m.Demand)
		raiser, tracking = raiser.and(m.Raiser), tracking.and(m.Tracking)
	}
	return []any{
		minutes[0].Minute, number(math.Round(demand)), number(raiser.Capacity), whole(raiser.Throttled), cents(raiser.Cost),
		number(tracking.Capacity), whole(tracking.Throttled), cents(tracking.Cost),
	}
}

func (p played) and(later played) played {
	return played{later.Capacity, p.Throttled + later.Throttled, p.Lost + later.Lost, p.Cost + later.Cost, p.Changes + later.Changes}
}

// refusals are told once a reason, with the minute and the detail of the first.
func (t simulatedTrace) refusals() [][]any {
	count, first := map[string]int{}, map[string]heldRaise{}
	var reasons []string
	for _, refusal := range t.Refusals {
		if count[refusal.Reason]++; count[refusal.Reason] == 1 {
			reasons, first[refusal.Reason] = append(reasons, refusal.Reason), refusal
		}
	}
	var rows [][]any
	for _, reason := range reasons {
		rows = append(rows, []any{first[reason].Minute, count[reason], because(reason, first[reason].Detail)})
	}
	return rows
}

// sums prints two rows for each load: what became of it under the policy and under target tracking.
func (s simulated) sums(out *console.Sheet, policy simulation.Policy) {
	var rows [][]any
	for _, t := range s.Traces {
		for _, by := range []struct {
			name, given string
			played      played
		}{{"limit-raiser", t.given(), t.Raiser}, {"target tracking", "", t.Tracking}} {
			rows = append(rows, []any{
				t.Name, by.name, number(math.Round(t.HighestDemand)), number(by.played.Capacity), by.given, by.played.Changes,
				whole(by.played.Throttled), whole(by.played.Lost), cents(by.played.Cost),
			})
		}
	}
	out.Table(console.Table{
		Title:   "In all: the highest demand and capacity; requests that no attempt brought through are lost",
		Header:  []any{"Load", "By", "Demand", "Capacity", "Of demand", "Changes", "Throttled", "Lost", "Cost"},
		Numbers: []int{3, 4, 5, 6, 7, 8, 9}, Rows: rows,
	})
	calls := fmt.Sprintf("above %s, or that refuse some", policy.Config.AlarmAbove)
	if policy.Units == simulation.Shards {
		calls = "that refuse some"
	}
	out.Line("Policy", "alarms on %d of %d minutes %s, headroom %s, at most %gx a raise, up to %s units, %d raises a day, $%s a month; clients send %d times; target tracking at %s",
		limitraiser.CallsOfMinutes, limitraiser.CallsInMinutes, calls, policy.Config.Sizing.Headroom, policy.Config.Sizing.MaxFactor, number(policy.Maximum),
		policy.Config.Limits.RaisesADay, number(policy.Config.Limits.AddedCostAMonth), policy.Clients.Attempts(), policy.Target)
	for _, t := range s.Traces {
		if t.Minutes[0].Raiser.Capacity >= policy.Maximum {
			out.Line("Maximum", "%s begins with %s units, which the maximum of %s leaves no room to raise", t.Name, number(t.Minutes[0].Raiser.Capacity), number(policy.Maximum))
		}
	}
	out.Line("Prices", "%s in %s, for the time of the load%s", policy.Units.Price(), s.Region, noted(s.Traces[0].PriceNote))
	for _, t := range s.Traces {
		if len(t.Refusals) > 0 && len(s.Traces) > 1 {
			out.Line("Held back", "%s: --trace %q shows the raises that did not come, and why: %d", t.Name, t.Name, len(t.Refusals))
		}
	}
}

// given is from how little to how much of the demand the raises give: of an episode's the last, and
// of all the highest.
func (t simulatedTrace) given() string {
	if len(t.Raises) == 0 {
		return "-"
	}
	least, most := math.Inf(1), 0.0
	for i, raise := range t.Raises {
		most = max(most, raise.TimesDemand)
		if i+1 == len(t.Raises) || t.Raises[i+1].Episode != raise.Episode {
			least = min(least, raise.TimesDemand)
		}
	}
	if times(least) == times(most) {
		return times(most)
	}
	return fmt.Sprintf("%.2f-%s", least, times(most))
}

func times(factor float64) string { return fmt.Sprintf("%.2fx", factor) }

// whole writes a count with its thousands apart.
func whole(count float64) string {
	digits := strconv.FormatFloat(math.Round(count), 'f', 0, 64)
	for position := len(digits) - 3; position > 0; position -= 3 {
		digits = digits[:position] + "," + digits[position:]
	}
	return digits
}

// cents are dollars, small ones with more digits.
func cents(cost float64) string {
	if cost < 1 {
		return fmt.Sprintf("$%.3f", cost)
	}
	return fmt.Sprintf("$%.2f", cost)
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return "; " + note
}
