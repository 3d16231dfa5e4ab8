package notify

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// at is so many seconds after noon.
func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// became is a change of an alarm of a service, so many seconds after noon.
func became(state, service, name string, seconds float64) Change {
	old := stateOK
	if state != stateAlarm {
		old = stateAlarm
	}
	return Change{Alarm: "123456789012/eu-west-1/" + name + "/", Account: "123456789012", Region: "eu-west-1", Name: name, State: state, OldState: old, At: at(seconds), Service: service}
}

func critical(c Change) Change { c.Severity = "critical"; return c }
func warning(c Change) Change  { c.Severity = "warning"; return c }
func born(c Change) Change     { c.OldState = stateNoData; return c }

var (
	webhook = Rules{FollowUp: 5 * time.Minute, Repeat: 4 * time.Hour}
	bot     = Rules{Edits: true, FollowUp: 5 * time.Minute, Repeat: 4 * time.Hour}
)

// run is one run of the notifier.
type run struct {
	after float64 // seconds after noon
	news  News
}

func hears(after float64, changes ...Change) run { return run{after, News{Changes: changes}} }

// play plays runs from nothing and answers what people are told, a line for each message. What is
// posted gets an id, as Slack gives one.
func play(rules Rules, runs ...run) (State, []string) {
	var state State
	var told []string
	for _, one := range runs {
		next, messages := Decide(state, one.news, at(one.after), rules)
		for i, message := range messages {
			told = append(told, line(message))
			if incident, open := next.Incidents[message.Group]; open && rules.Edits && incident.Message == "" {
				incident.Message = fmt.Sprintf("m%.0f.%d", one.after, i)
				next.Incidents[message.Group] = incident
			}
		}
		state = settle(state, next, nil)
	}
	return state, told
}

func line(m Message) string {
	text := fmt.Sprintf("%02d:%02d %s", int(m.At.Sub(noon).Minutes()), int(m.At.Sub(noon).Seconds())%60, m.Kind)
	if m.Edit {
		text += " (edit)"
	}
	switch m.Kind {
	case Told:
		for _, notice := range m.Notices {
			text += " " + notice.Title
		}
	case Again:
		for _, healed := range m.Healed {
			text += " " + healed.Name
		}
	case Beat:
		text += fmt.Sprintf(" %d open", len(m.Open))
	default:
		text += " " + m.Incident.Title + ":"
		for _, member := range m.Incident.Members {
			text += " " + member.Name
			switch {
			case member.Flaps:
				text += "~"
			case !member.on():
				text += "-"
			case member.State == stateNoData:
				text += "?"
			}
		}
		if len(m.Incident.Notes) > 0 {
			text += " [" + strings.Join(m.Incident.Notes, "; ") + "]"
		}
	}
	return text
}

func TestDecide_tellsOfAnIncident(t *testing.T) {
	on := func(name string, seconds float64) Change { return became(stateAlarm, "shop", name, seconds) }
	ok := func(name string, seconds float64) Change { return became(stateOK, "shop", name, seconds) }
	lost := func(name string, seconds float64) Change { return became(stateNoData, "shop", name, seconds) }
	raise := func(id string) News {
		return News{Notices: []alarm.Notice{{ID: id, Title: "raised to 325", Attributes: map[string]string{"cause": "a"}}}}
	}
	for name, c := range map[string]struct {
		rules Rules
		runs  []run
		told  []string
	}{
		"one message however many alarms": {bot, []run{hears(30, on("a", 0), on("b", 5), on("c", 6))}, []string{"00:30 opened shop: a b c"}},
		"edited as alarms join and heal, and closed": {
			bot,
			[]run{hears(30, on("a", 0)), hears(60, on("b", 50)), hears(90, ok("a", 80)), hears(120, ok("b", 110))},
			[]string{"00:30 opened shop: a", "01:00 changed (edit) shop: a b", "01:30 changed (edit) shop: a- b", "02:00 closed shop: a- b-"},
		},
		"with a webhook further messages, not one after the other": {
			webhook,
			[]run{hears(30, on("a", 0)), hears(60, on("b", 50)), hears(90, on("c", 80)), hears(200), hears(330), hears(660), hears(690, ok("a", 680), ok("b", 680), ok("c", 680))},
			[]string{"00:30 opened shop: a", "05:30 changed shop: a b c", "11:30 closed shop: a- b- c-"},
		},
		"what heals within the window says nothing": {bot, []run{hears(30, on("a", 0), ok("a", 20)), hears(60)}, nil},
		"OK at an alarm's birth says nothing":       {bot, []run{hears(30, born(ok("a", 0)), ok("b", 1), lost("c", 2))}, nil},
		"the same change twice is one":              {bot, []run{hears(30, on("a", 0), on("a", 0)), hears(60, on("a", 0))}, []string{"00:30 opened shop: a"}},
		"an older change changes nothing": {
			bot,
			[]run{hears(30, on("a", 0)), hears(60, ok("a", 50)), hears(90, on("a", 0)), hears(120, lost("a", 20))},
			[]string{"00:30 opened shop: a", "01:00 closed shop: a-"},
		},
		"a change that came before the one it follows": {bot, []run{hears(30, ok("a", 20)), hears(60, on("a", 0))}, nil},
		"a flap is told of once, and its end": {
			bot,
			[]run{
				hears(30, on("a", 0)), hears(90, ok("a", 60)), hears(150, on("a", 120)), hears(210, ok("a", 180)), hears(270, on("a", 240)), hears(330, ok("a", 300)),
				hears(600), hears(910),
			},
			[]string{"00:30 opened shop: a", "01:30 closed shop: a-", "02:30 opened shop: a~", "15:10 closed shop: a-"},
		},
		"a flap within one window": {bot, []run{hears(30, on("a", 0), ok("a", 5), on("a", 9))}, []string{"00:30 opened shop: a~"}},
		"a flap that ends in ALARM": {
			bot,
			[]run{hears(30, on("a", 0), ok("a", 5), on("a", 9)), hears(700)},
			[]string{"00:30 opened shop: a~", "11:40 changed (edit) shop: a"},
		},
		"no data after ALARM is said, and OK closes it": {
			bot,
			[]run{hears(30, on("a", 0)), hears(60, lost("a", 50)), hears(90, ok("a", 80))},
			[]string{"00:30 opened shop: a", "01:00 changed (edit) shop: a?", "01:30 closed shop: a-"},
		},
		"what is on is said again after four hours": {
			webhook,
			[]run{hears(30, on("a", 0)), hears(3600), hears(4*3600 + 30), hears(5 * 3600), hears(8*3600 + 30)},
			[]string{"00:30 opened shop: a", "240:30 still on shop: a", "480:30 still on shop: a"},
		},
		"a graver alarm is not hidden in an edit": {
			bot,
			[]run{hears(30, warning(on("a", 0))), hears(60, critical(on("b", 50))), hears(90, critical(on("c", 80)))},
			[]string{"00:30 opened shop: a", "01:00 changed shop: a b", "01:30 changed (edit) shop: a b c"},
		},
		"a raise for its alarm joins it": {
			bot,
			[]run{hears(30, on("a", 0)), {60, raise("x")}, {90, raise("x")}},
			[]string{"00:30 opened shop: a", "01:00 changed (edit) shop: a [raised to 325]"},
		},
		"a raise for an alarm that nobody knows is told of by itself": {bot, []run{{60, raise("x")}}, []string{"01:00 notice raised to 325"}},
		"each service has its own": {
			bot,
			[]run{hears(30, on("a", 0), became(stateAlarm, "search", "s", 1))},
			[]string{"00:30 opened search: s", "00:30 opened shop: a"},
		},
		"an alarm that is on again rejoins": {
			bot,
			[]run{hears(30, on("a", 0), on("b", 0)), hears(60, ok("a", 50)), hears(90, on("a", 80)), hears(1000)},
			[]string{"00:30 opened shop: a b", "01:00 changed (edit) shop: a- b", "01:30 changed (edit) shop: a~ b", "16:40 changed (edit) shop: a b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, told := play(c.rules, c.runs...)
			want.Equal(t, "what people are told", told, c.told)
		})
	}
}

func TestDecide_tellsOfNoticesOnceAndOfManyInOneMessage(t *testing.T) {
	notices := func(count int) (all []alarm.Notice) {
		for i := range count {
			all = append(all, alarm.Notice{ID: fmt.Sprint(i), Title: fmt.Sprintf("t%d", i)})
		}
		return all
	}
	_, told := play(bot, run{1, News{Notices: notices(2)}}, run{2, News{Notices: notices(3)}}, run{3, News{Notices: notices(9)}})
	want.Equal(t, "what people are told", told, []string{"00:01 notice t0", "00:01 notice t1", "00:02 notice t2", "00:03 notice t3 t4 t5 t6 t7 t8"})
	_, told = play(bot, run{1, News{Notices: []alarm.Notice{{Title: "a"}, {Title: "a"}}}})
	want.Equal(t, "messages of notices without an id", len(told), 2)
}

func TestDecide_beatsOnceADay(t *testing.T) {
	beat := News{Heartbeat: true}
	_, told := play(bot, run{0, beat}, run{60, beat}, run{86_400, News{Heartbeat: true, Changes: []Change{became(stateAlarm, "shop", "a", 86_400)}}})
	want.Equal(t, "what people are told", told, []string{"00:00 heartbeat 0 open", "1440:00 opened shop: a", "1440:00 heartbeat 1 open"})
}

func TestDecide_makesOneMessageOfAStorm(t *testing.T) {
	var runs []run
	var all []Change
	for service := range 50 {
		for i := range 20 {
			all = append(all, became(stateAlarm, fmt.Sprintf("service-%d", service), fmt.Sprintf("alarm-%d-%d", service, i), float64(service)))
		}
	}
	for i, part := range slices.Collect(slices.Chunk(all, 250)) {
		runs = append(runs, hears(float64(60+30*i), part...))
	}
	state, told := play(webhook, runs...)
	want.Equal(t, "messages", len(told), 1)
	want.Says(t, "the message", told[0], "opened 13 services:")
	want.Equal(t, "alarms that are remembered as on", len(state.Incidents[storm].alarmsOn()), 1000)
	_, later := play(webhook, append(runs, hears(4000, became(stateAlarm, "late", "x", 3990)))...)
	want.Says(t, "what opens long after the storm", later[len(later)-1], "opened late: x")
}

// What is OK again in a very large incident is counted, and not kept.
func TestDecide_countsWhatItLeavesOutOfALargeIncident(t *testing.T) {
	var on, ok []Change
	for i := range 500 {
		on = append(on, became(stateAlarm, "shop", fmt.Sprintf("a-%d", i), 0))
		ok = append(ok, became(stateOK, "shop", fmt.Sprintf("a-%d", i), 700))
	}
	before, _ := play(bot, hears(30, on...))
	between, messages := Decide(before, News{Changes: ok[:400]}, at(730), bot)
	want.Equal(t, "while it is open", messages[0].headline(), "Alarm: shop, 100 alarms are on, 400 OK again")
	want.Equal(t, "members that are kept", len(between.Incidents["shop"].Members), 100+mostHealed)
	_, messages = Decide(between, News{Changes: ok[400:]}, at(760), bot)
	want.Equal(t, "at its end", messages[0].headline(), "OK again: shop, 500 alarms, after 11 min")
}

// With the memory away people are told twice rather than never.
func TestDecide_tellsOfEverythingWhenBlind(t *testing.T) {
	news := News{Changes: []Change{became(stateAlarm, "shop", "a", 0), became(stateOK, "shop", "b", 0), born(became(stateOK, "shop", "c", 0))}}
	_, messages := Decide(State{Blind: true}, news, at(30), bot)
	var told []string
	for _, message := range messages {
		told = append(told, line(message))
	}
	want.Equal(t, "what people are told", told, []string{"00:30 opened shop: a", "00:30 ok again b"})
}

// What could not be sent is news again when it comes again, and what could be is not.
func TestSettle_forgetsWhatCouldNotBeSent(t *testing.T) {
	before, _ := play(bot, hears(30, became(stateAlarm, "shop", "a", 0)))
	news := News{
		Changes: []Change{became(stateAlarm, "shop", "b", 50), became(stateAlarm, "search", "s", 50)},
		Notices: []alarm.Notice{{ID: "x", Title: "raise", Attributes: map[string]string{"cause": "a"}}, {ID: "y", Title: "report"}},
	}
	next, messages := Decide(before, news, at(60), bot)
	failed := slices.DeleteFunc(slices.Clone(messages), func(m Message) bool { return m.Group == "search" })
	settled := settle(before, next, failed)
	again, told := Decide(settled, news, at(90), bot)
	var lines []string
	for _, message := range told {
		lines = append(lines, line(message))
	}
	want.Equal(t, "what people are told when all comes again", lines, []string{"01:30 changed (edit) shop: a b [raise]", "01:30 notice report"})
	_, none := Decide(again, news, at(120), bot)
	want.Equal(t, "messages when it comes once more", len(none), 0)
}

// some draws changes of few alarms, of which many concern the same one.
func some(t *rapid.T) []Change {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Change {
		name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
		// No two changes of an alarm share an instant.
		state := rapid.SampledFrom([]string{stateAlarm, stateOK, stateNoData}).Draw(t, "state")
		offset := map[string]int{stateAlarm: 0, stateOK: 1, stateNoData: 2}[state]
		return became(state, map[string]string{"a": "shop", "b": "shop", "c": "search"}[name], name, float64(3*rapid.IntRange(0, 400).Draw(t, "second")+offset))
	}), 0, 30).Draw(t, "changes")
}

func TestDecide_isTheSameInAnyOrderAndForTwoOfEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := some(t)
		state, messages := Decide(State{}, News{Changes: changes}, at(1500), bot)
		shuffled := slices.Concat(changes, changes)
		chance := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)) // #nosec G404 -- a test's
		chance.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, told := Decide(State{}, News{Changes: shuffled}, at(1500), bot)
		if diff := cmp.Diff(state, again) + cmp.Diff(messages, told); diff != "" {
			t.Errorf("in another order and twice:\n%s", diff)
		}
		after, more := Decide(state, News{Changes: shuffled}, at(1500), bot)
		if diff := cmp.Diff(state, after); diff != "" || len(more) > 0 {
			t.Errorf("once more: %d messages, and\n%s", len(more), diff)
		}
	})
}

// However events come in, people end up knowing of each alarm that is on, and of no other.
func TestDecide_losesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := some(t)
		rules := rapid.SampledFrom([]Rules{bot, webhook}).Draw(t, "rules")
		var state State
		shown := map[string]string{} // what stands in the channel
		now := 1300.0
		for batch := range slices.Chunk(changes, max(1, rapid.IntRange(1, 10).Draw(t, "batch"))) {
			now += 30
			state = show(shown, state, News{Changes: batch}, now, rules)
		}
		for range 3 { // until flaps have calmed down, and follow-ups were sent
			now += 700
			state = show(shown, state, News{}, now, rules)
		}
		latest := map[string]Change{}
		for _, change := range changes {
			if known, is := latest[change.Alarm]; !is || change.At.After(known.At) {
				latest[change.Alarm] = change
			}
		}
		for alarm, change := range latest {
			if change.State == stateAlarm && shown[alarm] != stateAlarm {
				t.Errorf("%s is in ALARM, and the channel says %q", alarm, shown[alarm])
			}
			if change.State == stateOK && shown[alarm] != "" && shown[alarm] != stateOK {
				t.Errorf("%s is OK, and the channel says %q", alarm, shown[alarm])
			}
		}
	})
}

// show plays a run and writes down what the channel says of each alarm.
func show(shown map[string]string, state State, news News, now float64, rules Rules) State {
	next, messages := Decide(state, news, at(now), rules)
	for _, message := range messages {
		for _, member := range message.Incident.Members {
			shown[member.Alarm] = member.State
		}
		if incident, open := next.Incidents[message.Group]; open && rules.Edits {
			incident.Message = "m"
			next.Incidents[message.Group] = incident
		}
	}
	return settle(state, next, nil)
}
