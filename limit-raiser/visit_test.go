package limitraiser

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

// anEpisode is a step of an alarm that changed at noon. One with a rule is composite.
func anEpisode(step int, rule string) episode {
	return episode{Alarm: alarm.Alarm{Name: "alarm", Account: "111122223333", Region: "eu-west-1", Rule: rule, ChangedAt: noon}, Step: step}
}

func TestVisitsOf(t *testing.T) {
	orders, clicks, carts := Resource{KindTable, "orders"}, Resource{KindStream, "clicks"}, Resource{KindTable, "carts"}
	of := func(resources ...Resource) []Shortage {
		var list []Shortage
		for _, resource := range resources {
			list = append(list, Shortage{resource, []Part{{Dimension: Write}}})
		}
		return list
	}
	single, composite := "", "ALARM(a) OR ALARM(b)"
	for name, c := range map[string]struct {
		step  int
		rule  string
		look  Resource
		state alarmState
		want  []string
	}{
		"an alarm":                             {0, single, anyChild, alarmState{short: of(orders)}, []string{"short table/orders 0"}},
		"an alarm on two":                      {0, single, anyChild, alarmState{short: of(orders, clicks)}, []string{"short table/orders 0", "short stream/clicks 0"}},
		"an alarm on nothing":                  {0, single, anyChild, alarmState{}, nil},
		"a look":                               {3, single, orders, alarmState{short: of(orders)}, []string{"short table/orders 3"}},
		"a look at one of two":                 {3, single, clicks, alarmState{short: of(orders, clicks)}, []string{"short stream/clicks 3"}},
		"a look at what is not named any more": {3, single, carts, alarmState{short: of(orders)}, nil},

		"an alarm that is over":                {0, single, anyChild, alarmState{over: true, short: of(orders, clicks)}, []string{"over table/orders 0", "over stream/clicks 0"}},
		"a look at one that is over":           {3, single, orders, alarmState{over: true}, []string{"over table/orders 3"}},
		"a look at composite one that is over": {3, composite, anyChild, alarmState{over: true}, []string{"over child/any 3"}},

		"a composite alarm":                            {0, composite, anyChild, alarmState{short: of(orders), calm: of(clicks), more: true}, []string{"short table/orders 0", "calm stream/clicks 0"}},
		"a composite alarm of which no child is short": {0, composite, anyChild, alarmState{calm: of(clicks), more: true}, []string{"calm stream/clicks 0", "again child/any 0"}},
		"a composite alarm about nothing":              {0, composite, anyChild, alarmState{}, nil},
		"a look for any child, of which one came":      {2, composite, anyChild, alarmState{short: of(orders), more: true}, []string{"short table/orders 0 joined"}},
		"a look for any child, of which none came":     {2, composite, anyChild, alarmState{calm: of(orders), more: true}, []string{"calm table/orders 2", "again child/any 2"}},
		"a look at a child, and another came": {
			2, composite, orders,
			alarmState{short: of(orders, clicks), calm: of(carts), more: true},
			[]string{"short table/orders 2", "short stream/clicks 0 joined", "calm table/carts 2"},
		},
		"a look at a child that is calm": {2, composite, orders, alarmState{calm: of(carts, orders), more: true}, []string{"calm table/carts 2", "again table/orders 2"}},
		"a look at a child that is calm, and another came": {
			2, composite, orders, alarmState{short: of(clicks), calm: of(orders), more: true}, []string{"short stream/clicks 0 joined", "again table/orders 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range visitsOf(anEpisode(c.step, c.rule), c.look, c.state) {
				text := fmt.Sprintf("%s %s %d", map[why]string{short: "short", over: "over", calm: "calm", again: "again"}[v.why], v.Resource.Key(), v.Step)
				if v.joined {
					text += " joined"
				}
				if got = append(got, text); (len(v.Parts) > 0) != (v.why == short) {
					t.Errorf("%s: %v are said to be short", text, v.Parts)
				}
			}
			want.Equal(t, "the visits", got, c.want)
		})
	}
}

func TestComesTo(t *testing.T) {
	v := visit{episode: anEpisode(1, ""), Shortage: Shortage{Resource: Resource{KindTable, "orders"}}}
	unclear := Decision{Part: Part{Dimension: Write}, Means: Provisioned, Outcome: Waiting, Reason: Unclear, Detail: "lost", From: 50, To: 75}
	begun := Decision{Part: Part{Dimension: Write}, Means: Provisioned, Outcome: ToRaise, Reason: IsShort, Detail: "by 50%", From: 50, To: 75}
	raised := begun
	raised.Outcome = Raised
	busy := func(f *Facts) { f.Busy = "the table is UPDATING" }
	scaled := func(f *Facts) { f.Parts[0].Means = AutoScaled }
	asked := func(f *Facts) { f.OpenRequest = 80 }
	requested := begun
	requested.Means = Requested
	for name, c := range map[string]struct {
		event string
		of    []Decision
		facts Facts
		why   why
		open  bool
		own   bool
		made  []Decision
	}{
		"there":                              {"another", []Decision{begun}, shortTable(75, 4000), short, false, false, []Decision{raised}},
		"there, and more":                    {"another", []Decision{begun}, shortTable(90, 4000), short, false, false, []Decision{raised}},
		"there, and changed again":           {"another", []Decision{begun}, shortTable(75, 4000, busy), short, false, false, []Decision{raised}},
		"there, of this step":                {v.event(), []Decision{begun}, shortTable(75, 4000), short, false, true, []Decision{raised}},
		"there, of this step, which is over": {v.event(), []Decision{begun}, shortTable(75, 4000), over, false, false, []Decision{raised}},
		"not there":                          {"another", []Decision{begun}, shortTable(50, 4000), short, false, false, nil},
		"not there, of this step":            {v.event(), []Decision{begun}, shortTable(50, 4000), short, false, false, nil},
		"not there, and busy":                {"another", []Decision{begun}, shortTable(50, 4000, busy), short, true, false, nil},
		"not there, and busy, of this step":  {v.event(), []Decision{begun}, shortTable(50, 4000, busy), short, true, false, nil},
		"there, by other means":              {"another", []Decision{begun}, shortTable(75, 4000, scaled), short, false, false, nil},
		"known to be made, and set back":     {"another", []Decision{raised}, shortTable(50, 4000), short, false, false, []Decision{raised}},
		"made in part": {
			"another", []Decision{begun, {Part: Part{"index", Write}, Means: Provisioned, Outcome: ToRaise, To: 75}}, shortTable(75, 4000), short, false, false, []Decision{raised},
		},
		"made in part, and busy": {
			"another", []Decision{raised, {Part: Part{"index", Write}, Means: Provisioned, Outcome: ToRaise, To: 75}}, shortTable(75, 4000, busy), short, true, false, nil,
		},
		"a lost answer": {
			"another",
			[]Decision{unclear},
			shortTable(75, 4000), short, false, false,
			[]Decision{{Part: unclear.Part, Means: Provisioned, Outcome: Raised, Reason: IsShort, Detail: "AWS's answer was lost, and it is there", From: 50, To: 75}},
		},
		"a request that is open": {
			"another",
			[]Decision{requested},
			shortTable(50, 4000, asked), short, false, false,
			[]Decision{{Part: begun.Part, Means: Requested, Outcome: Raised, Reason: IsShort, Detail: "by 50%", From: 50, To: 75}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			v.why = c.why
			left := hold{visit: v, known: record{Intent: &intent{Event: c.event, At: noon, Decisions: c.of}}}.comesTo(c.facts)
			want.Equal(t, "the decisions that were made", left.made.Decisions, c.made)
			want.Equal(t, "it is open", left.open, c.open)
			want.Equal(t, "it is of this event", left.own, c.own)
			if len(c.made) > 0 && !left.made.At.Equal(noon) {
				t.Errorf("it is told as made at %v", left.made.At)
			}
		})
	}
	left := hold{visit: v}.comesTo(shortTable(50, 4000))
	want.Equal(t, "without an intent: it is open", left.open, false)
	want.Equal(t, "without an intent: it is of this event", left.own, false)
	want.Equal(t, "without an intent: decisions that were made", len(left.made.Decisions), 0)
}

func TestVisit_isFollowedByALookUnlessNothingWouldComeOfIt(t *testing.T) {
	options := Options{LookAfter: 5 * time.Minute, WaitFor: time.Minute}
	plan := func(decisions ...Decision) Plan { return Plan{Decisions: decisions} }
	single, composite := "", "ALARM(a)"
	for name, c := range map[string]struct {
		rule string
		why  why
		plan Plan
		open bool
		want next
	}{
		"after a raise":                         {single, short, plan(Decision{Outcome: Raised, Reason: IsShort}), false, next{due: true, after: 5 * time.Minute}},
		"after a refusal":                       {single, short, plan(Decision{Outcome: Refused, Reason: OverCost}), false, next{due: true, after: 5 * time.Minute}},
		"after what no time changes":            {single, short, plan(Decision{Outcome: Refused, Reason: NoMaximum}, Decision{Outcome: Met, Reason: NotShort}), false, next{after: 5 * time.Minute}},
		"after one that time may change":        {single, short, plan(Decision{Outcome: Refused, Reason: NoMaximum}, Decision{Outcome: AtMaximum, Reason: MaximumReached}), false, next{due: true, after: 5 * time.Minute}},
		"while it is busy":                      {single, short, plan(Decision{Outcome: Raised, Reason: IsShort}, Decision{Outcome: Waiting, Reason: IsBusy}), false, next{due: true, after: time.Minute}},
		"while an earlier raise is open":        {single, short, plan(Decision{Outcome: Met, Reason: NeedMet}), true, next{due: true, after: time.Minute}},
		"of a composite alarm, which is silent": {composite, short, plan(Decision{Outcome: Refused, Reason: NoMaximum}), false, next{due: true, after: 5 * time.Minute}},
		"for a child of it":                     {composite, again, plan(), false, next{due: true, after: 5 * time.Minute}},
		"not at a calm child":                   {composite, calm, plan(), false, next{after: 5 * time.Minute}},
		"not at the end":                        {composite, over, plan(), false, next{after: 5 * time.Minute}},
		"at the end while a raise is open":      {single, over, plan(), true, next{due: true, after: time.Minute}},
	} {
		v := visit{episode: anEpisode(7, c.rule), why: c.why}
		want.Equal(t, name, v.next(c.plan, c.open, options, noon.Add(time.Hour)), c.want, cmp.AllowUnexported(next{}))
		late := v.next(c.plan, c.open, options, noon.Add(longestEpisode))
		want.Equal(t, name+", a month later: a look is due", late.due, false)
		want.Equal(t, name+", a month later: it says that it ends", late.ended, c.want.due)
		if v.Step = mostSteps; v.next(c.plan, c.open, options, noon.Add(time.Hour)).due {
			t.Errorf("%s: there is a step after the last", name)
		}
	}
}

func TestRecord_remembersWhatWasMadeAndKeepsWhatNobodyKnows(t *testing.T) {
	resource, e := Resource{KindStream, "clicks"}, anEpisode(1, "")
	raised, unclear := Decision{Outcome: Raised, To: 4}, Decision{Outcome: Waiting, Reason: Unclear, To: 8}
	for name, c := range map[string]struct {
		of   []Decision
		want record
	}{
		"made":         {[]Decision{raised}, record{Memory: Memory{Raises: []time.Time{noon}, Goal: 12, GoalOf: e.key(resource)}}},
		"not made":     {nil, record{}},
		"made in part": {[]Decision{raised, unclear}, record{Memory: Memory{Raises: []time.Time{noon}, Goal: 12, GoalOf: e.key(resource)}, Intent: &intent{Episode: e, At: noon, Goal: 12, Decisions: []Decision{unclear}}}},
		"unclear":      {[]Decision{unclear}, record{Intent: &intent{Episode: e, At: noon, Goal: 12, Decisions: []Decision{unclear}}}},
	} {
		got := record{Intent: &intent{Episode: e, At: noon, Goal: 12, Decisions: c.of}}.closed(resource)
		want.Equal(t, name, got, c.want)
	}
}
