package janitor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"caretaker/janitor"
)

// tally sums decisions up by function while they come, so that a Region with hundreds of
// thousands of versions takes a line for each function and not for each version.
type tally struct {
	// newest is how many of each function's versions stay anyway.
	newest map[string]int
	// going are the functions that versions go from, and gone those whose versions were deleted.
	going []group
	// kept is what stays only because something refers to it, at most mostRows; keptMore is the rest.
	kept     []group
	keptMore int
	// trouble is what should have gone and did not, at most mostRows; troubleMore is the rest.
	trouble     []group
	troubleMore int

	// The function whose decisions are coming, with all its numbers so far and what refers to them.
	function string
	numbers  []int64
	referred []group
}

// mostRows is how many lines a table has at most.
const mostRows = 200

// group is some versions of one function with something in common.
type group struct {
	function string
	versions spans
	bytes    int64
	why      string
	// first and last are the details of the oldest and the newest version.
	first, last string
	// unseen are versions whose policy was not looked at, unproved those whose deletion no list confirmed.
	unseen, unproved int
}

// add takes the next decision in; they come by function and number.
func (t *tally) add(decision janitor.Decision) {
	if decision.Function != t.function {
		t.flush()
		t.function = decision.Function
	}
	if decision.Version.Number > 0 {
		t.numbers = append(t.numbers, decision.Version.Number)
	}
	switch decision.Outcome {
	case janitor.Deletable, janitor.NotLookedAt, janitor.Deleted, janitor.UnderWay, janitor.NotVerified:
		t.goes(decision)
	case janitor.Kept:
		if refers(decision.Reason) {
			t.referred = merged(t.referred, decision)
		}
	case janitor.Refused, janitor.Failed, janitor.Gone:
		if len(t.trouble) < mostRows {
			t.trouble = merged(t.trouble, decision)
		} else {
			t.troubleMore++
		}
	}
}

func (t *tally) goes(decision janitor.Decision) {
	if last := len(t.going) - 1; last < 0 || t.going[last].function != decision.Function {
		t.going = append(t.going, group{function: decision.Function, why: string(decision.Reason), first: decision.Detail})
	}
	own := &t.going[len(t.going)-1]
	own.add(decision)
	switch decision.Outcome {
	case janitor.NotLookedAt:
		own.unseen++
	case janitor.NotVerified:
		own.unproved++
	}
}

// flush ends a function: of what is referred to, the newest would have stayed anyway.
func (t *tally) flush() {
	var anyway int64
	if newest := t.newest[t.function]; newest > 0 && newest <= len(t.numbers) {
		anyway = t.numbers[len(t.numbers)-newest]
	}
	for _, group := range t.referred {
		switch {
		case anyway > 0 && group.versions.lowest() >= anyway || anyway == 0:
		case len(t.kept) < mostRows:
			t.kept = append(t.kept, group)
		default:
			t.keptMore += group.versions.count()
		}
	}
	t.numbers, t.referred = t.numbers[:0], nil
}

// refers says whether the reason is that something names the version.
func refers(reason janitor.Reason) bool {
	return strings.HasPrefix(string(reason), string(janitor.Referenced(""))) ||
		slices.Contains([]janitor.Reason{janitor.HasPolicy, janitor.MayBeCalled, janitor.RunsJanitor, janitor.EdgeReplica}, reason)
}

// merged adds a version to the group of the same function and cause.
func merged(groups []group, decision janitor.Decision) []group {
	for position := range groups {
		own := &groups[position]
		if own.function == decision.Function && own.why == string(decision.Reason) && own.first == decision.Detail {
			own.add(decision)
			return groups
		}
	}
	own := group{function: decision.Function, why: string(decision.Reason), first: decision.Detail}
	own.add(decision)
	return append(groups, own)
}

func (g *group) add(decision janitor.Decision) {
	g.versions = g.versions.with(decision.Version.Number)
	g.bytes += decision.Version.Bytes
	g.last = decision.Detail
}

// reason is why all of them go or stay.
func (g *group) reason() string {
	text, detail := g.why, g.first
	if g.first != g.last {
		number, unit, _ := strings.Cut(g.first, " ")
		if !strings.HasSuffix(g.last, " "+unit) {
			number = strings.TrimSuffix(g.first, " ago")
		}
		detail = number + " to " + g.last
	}
	switch {
	case detail == "":
	case g.why == string(janitor.Superseded) || refers(janitor.Reason(g.why)) && g.why != string(janitor.HasPolicy):
		text += " " + detail // a sentence together
	default:
		text += ": " + detail
	}
	if g.unseen > 0 {
		text += fmt.Sprintf(", %d unseen", g.unseen)
	}
	if g.unproved > 0 {
		text += fmt.Sprintf(", %d not verified", g.unproved)
	}
	return text
}

// spans are ascending numbers, those in a row together.
type spans []span

type span struct{ from, to int64 }

func (s spans) with(number int64) spans {
	if last := len(s) - 1; last >= 0 && s[last].to+1 == number {
		s[last].to = number
		return s
	}
	return append(s, span{number, number})
}

func (s spans) lowest() int64 { return s[0].from }

func (s spans) count() int {
	count := int64(0)
	for _, span := range s {
		count += span.to - span.from + 1
	}
	return int(count)
}

// String is like 3-17, 19.
func (s spans) String() string {
	parts := make([]string, len(s))
	for position, span := range s {
		parts[position] = strconv.FormatInt(span.from, 10)
		if span.to > span.from {
			parts[position] += "-" + strconv.FormatInt(span.to, 10)
		}
	}
	return strings.Join(parts, ", ")
}
