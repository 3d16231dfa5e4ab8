package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caretaker/alerts/label"
	"caretaker/internal/want"
)

const topic = "arn:aws:sns:eu-west-1:111122223333:caretaker-prod-alerts"

func factsOf(resources ...Resource) Facts {
	return Facts{Stage: "prod", Place: Place{"aws", "eu-west-1", "111122223333"}, Topics: Topics{topic + "-critical", topic}, Resources: resources}
}

func function(name string, tags ...string) Resource {
	r := Resource{Kind: Function, Name: name, Timeout: 3 * time.Second, Tags: map[string]string{}}
	for at := 0; at < len(tags); at += 2 {
		r.Tags[tags[at]] = tags[at+1]
	}
	return r
}

// done are the facts when a plan is carried out.
func done(facts Facts, plan Plan) Facts {
	var alarms []Existing
	for _, d := range plan.Decisions {
		switch {
		case d.Outcome == ToCreate:
			alarms = append(alarms, Existing{Alarm: d.wanted})
		case d.Outcome == ToChange:
			alarms = append(alarms, Existing{Alarm: d.wanted, ActionsOff: d.there.ActionsOff})
		case d.there.Name != "" && d.Outcome != ToDelete:
			alarms = append(alarms, d.there)
		}
	}
	facts.Alarms, facts.Dashboards = alarms, nil
	for _, d := range plan.Dashboards {
		if d.wanted.Name != "" && d.Outcome != NotYet {
			facts.Dashboards = append(facts.Dashboards, ExistingDashboard{d.Dashboard, d.wanted.Body})
		}
	}
	return facts
}

func outcomes(plan Plan) map[Outcome]int {
	counts := map[Outcome]int{}
	for _, d := range plan.Decisions {
		counts[d.Outcome]++
	}
	return counts
}

// about is the decision on one alarm, by what comes after the prefix.
func about(t *testing.T, plan Plan, name string) Decision {
	t.Helper()
	for _, d := range plan.Decisions {
		if d.Alarm == Prefix("prod")+name {
			return d
		}
	}
	t.Fatalf("the plan says nothing of %s", name)
	return Decision{}
}

func TestMake_givesAFunctionTheAlarmsOfTheCatalogue(t *testing.T) {
	plan := Make(factsOf(function("checkout")), Default())
	want.Equal(t, "what is decided", outcomes(plan), map[Outcome]int{ToCreate: 6, NoAlarm: 3})
	errors := about(t, plan, "function/checkout/errors")
	want.Equal(t, "the metrics", metricsText(errors.wanted.Metrics), "Sum of AWS/Lambda Errors FunctionName=checkout over 300s; Sum of AWS/Lambda Invocations FunctionName=checkout over 300s")
	want.Equal(t, "the periods", errors.wanted.Periods, 2)
	want.Equal(t, "whom a warning tells", errors.wanted.Actions, []string{topic})
	want.Equal(t, "whom a critical one tells", about(t, plan, "function/checkout/failing").wanted.Actions, []string{topic + "-critical"})
	labels, says := label.Parse(errors.wanted.Description)
	want.Equal(t, "what it says", says, "At least 5% of the calls of checkout fail. See what fails: aws logs tail /aws/lambda/checkout --region eu-west-1 --since 15m.")
	want.Equal(t, "its labels", labels, label.Labels{Service: "checkout", Severity: "warning", Resource: "function/checkout", Runbook: "docs/runbook.md#watched-function", Dashboard: "caretaker_prod_eu-west-1_fleet"})
	want.Equal(t, "cents before", plan.CentsBefore, 0)
	want.Equal(t, "cents after", plan.CentsAfter, 80)
}

// Lambda dates an error at the start of the call: a window shorter than the timeout never sees it.
func TestMake_looksBackPastTheTimeout(t *testing.T) {
	for timeout, periods := range map[time.Duration]int{time.Second: 2, 5 * time.Minute: 2, 5*time.Minute + time.Second: 3, 15 * time.Minute: 4} {
		slow := function("slow")
		slow.Timeout = timeout
		want.Equal(t, "periods with a timeout of "+timeout.String(), about(t, Make(factsOf(slow), Default()), "function/slow/errors").wanted.Periods, periods)
	}
}

func TestMake_measuresAgainstTheResource(t *testing.T) {
	reader := function("reader")
	reader.ReadsStream, reader.HasDeadLetters = true, true
	plan := Make(factsOf(reader,
		Resource{Kind: Account, Name: "account", Concurrency: 1000},
		Resource{Kind: Queue, Name: "slow", Visibility: 10 * time.Minute}, Resource{Kind: Queue, Name: "letters", TakesDeadLetters: true},
	), Default())
	for name, threshold := range map[string]float64{
		"function/reader/duration": 2400, "function/reader/timeouts": 2940, "function/reader/iterator-age": 60000, "function/reader/dead-letters": 1,
		"account/account/concurrency": 800, "queue/slow/age": 3600, "queue/letters/dead-letters": 1,
	} {
		want.Equal(t, "the threshold of "+name, about(t, plan, name).wanted.Threshold, threshold)
	}
}

func TestMake_followsFileAndTags(t *testing.T) {
	cfg := Default()
	cfg.Thresholds = map[string]string{"function.errors": "2%", "function.duration": "off", "table.system-errors": "on"}
	plan := Make(factsOf(
		function("a"), function("b", "caretaker:alarm.errors", "7%", "caretaker:alarm.duration", "90%"), Resource{Kind: Table, Name: "orders"},
		function("c", "caretaker:alarm.errors", "off", "caretaker:severity", "critical", "caretaker:service", "shop"),
	), cfg)
	want.Equal(t, "a's threshold", about(t, plan, "function/a/errors").wanted.Threshold, 2)
	want.Equal(t, "b's threshold", about(t, plan, "function/b/errors").wanted.Threshold, 7)
	want.Equal(t, "b's duration", about(t, plan, "function/b/duration").wanted.Threshold, 2700)
	want.Equal(t, "c's severity", about(t, plan, "function/c/throttles").wanted.Actions, []string{topic + "-critical"})
	want.Equal(t, "c's service", about(t, plan, "function/c/throttles").wanted.Tags["caretaker:service"], "shop")
	want.Equal(t, "system errors", about(t, plan, "table/orders/system-errors").Outcome, ToCreate)
	for _, d := range plan.Decisions {
		if d.Alarm == "caretaker/prod/function/a/duration" || d.Alarm == "caretaker/prod/function/c/errors" {
			t.Errorf("%s is made, and is off", d.Alarm)
		}
	}
	want.Equal(t, "remarks", len(plan.Remarks), 0)
}

func TestMake_keepsTheDefaultUnderABadTagAndSaysSo(t *testing.T) {
	for _, test := range []struct{ key, value, allowed string }{
		{"caretaker:alarm.errors", "2", "a percentage over 0% and up to 100%, such as 5%, or on or off"},
		{"caretaker:alarm.errors", "0%", "a percentage over 0%"},
		{"caretaker:alarm.errors", "200%", "up to 100%"},
		{"caretaker:alarm.throttles", "-1", "a whole number from 1 on, such as 1, or on or off"},
		{"caretaker:alarm.iterator-age", "60", "a time such as 1m, up to 365d, or on or off"},
		{"caretaker:alarm.error", "2%", "followed by one of errors, failing, throttles"},
		{"caretaker:alarm.age", "60s", "followed by one of errors"}, // a queue's
		{"caretaker:alarms", "no", "off"},
		{"caretaker:severity", "page", "critical or warning"},
		{"caretaker:alarm", "off", "no tag of Caretaker's is called so"},
	} {
		t.Run(test.key+"="+test.value, func(t *testing.T) {
			plan := Make(factsOf(function("checkout", test.key, test.value)), Default())
			want.Equal(t, "alarms to create", outcomes(plan)[ToCreate], 6)
			want.Equal(t, "remarks", len(plan.Remarks), 1)
			want.Equal(t, "the tag", plan.Remarks[0].Tag+"="+plan.Remarks[0].Value, test.key+"="+test.value)
			want.Says(t, "what is allowed", plan.Remarks[0].Allowed, test.allowed)
			want.Equal(t, "the threshold", about(t, plan, "function/checkout/errors").wanted.Threshold, 5)
		})
	}
}

func TestMake_takesAwayWhatIsNotWatchedAnyMore(t *testing.T) {
	stacked := function("checkout", stackTag, "shop-prod", "team", "shop")
	before := done(factsOf(stacked), Make(factsOf(stacked), Default()))
	for name, test := range map[string]struct {
		change func(*Config, *Facts)
		reason Reason
	}{
		"the function is gone":   {func(_ *Config, f *Facts) { f.Resources = nil }, ResourceGone},
		"it is tagged off":       {func(_ *Config, f *Facts) { f.Resources = []Resource{function("checkout", "caretaker:alarms", "off")} }, TaggedOff},
		"it is one of our own":   {func(_ *Config, f *Facts) { f.Resources = []Resource{function("checkout", "caretaker:stage", "prod")} }, IsOwn},
		"its name is excluded":   {func(c *Config, _ *Facts) { c.Exclude.Names = []string{"check*"} }, ExcludedName},
		"its stack is excluded":  {func(c *Config, _ *Facts) { c.Exclude.Stacks = []string{"shop-*"} }, ExcludedStack},
		"its tag is excluded":    {func(c *Config, _ *Facts) { c.Exclude.Tags = map[string]string{"team": "*"} }, ExcludedTag},
		"another name is meant":  {func(c *Config, _ *Facts) { c.Include.Names = []string{"refund"} }, NotIncluded},
		"another stack is meant": {func(c *Config, _ *Facts) { c.Include.Stacks = []string{"bank"} }, NotIncluded},
		"another team is meant":  {func(c *Config, _ *Facts) { c.Include.Tags = map[string]string{"team": "bank"} }, NotIncluded},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, facts := Default(), before
			test.change(&cfg, &facts)
			plan := Make(facts, cfg)
			want.Equal(t, "alarms to delete", outcomes(plan)[ToDelete], 6)
			want.Equal(t, "why", about(t, plan, "function/checkout/errors").Reason, test.reason)
			want.Equal(t, "cents before and after", []int{plan.CentsBefore, plan.CentsAfter}, []int{80, 0})
		})
	}
}

func TestMake_changesFieldByFieldAndLeavesActionsOff(t *testing.T) {
	facts := factsOf(function("checkout"))
	facts = done(facts, Make(facts, Default()))
	for at := range facts.Alarms {
		facts.Alarms[at].ActionsOff = true
		if strings.HasSuffix(facts.Alarms[at].Name, "/throttles") {
			facts.Alarms[at].Threshold, facts.Alarms[at].Missing = 99, "missing"
			facts.Alarms[at].Description = strings.Replace(facts.Alarms[at].Description, "severity=warning", "severity=critical", 1)
		}
	}
	plan := Make(facts, Default())
	want.Equal(t, "what is decided", outcomes(plan), map[Outcome]int{ToChange: 1, Kept: 5, NoAlarm: 3})
	changed := about(t, plan, "function/checkout/throttles")
	fields := map[string]string{}
	for _, change := range changed.Changes {
		fields[change.Field] = change.From + " -> " + change.To
	}
	delete(fields, "description")
	want.Equal(t, "the changes", fields, map[string]string{"threshold": "99 -> 1", "missing data": "missing -> notBreaching"})
	want.Equal(t, "the changes with the description", len(changed.Changes), 3)
	want.Equal(t, "whether its tags change", retag(changed.there, changed.wanted), true)
	want.Says(t, "the detail", changed.Detail, "somebody switched its actions off: they stay off")
}

func TestMake_deletesNothingWhereAReadingCannotBeRight(t *testing.T) {
	var all []Resource
	for number := range 20 {
		all = append(all, function(fmt.Sprintf("fn-%02d", number)))
	}
	full := done(factsOf(all...), Make(factsOf(all...), Default()))
	for name, test := range map[string]struct {
		left   int
		unread map[Kind]string
		reason Reason
	}{
		"all are gone":             {0, nil, TooManyGone},
		"over 30 % are gone":       {13, nil, TooManyGone},
		"30 % are gone":            {14, nil, ""},
		"another list failed":      {19, map[Kind]string{Queue: "AccessDenied"}, ListFailed},
		"the list of them failed":  {0, map[Kind]string{Function: "throttled"}, ListFailed},
		"a few of many are gone":   {17, nil, ""},
		"none is, and a list is":   {20, map[Kind]string{Topic: "throttled"}, ""},
		"more is there than there": {20, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			facts := full
			facts.Resources, facts.Unread = all[:test.left], test.unread
			plan := Make(facts, Default())
			gone := 6 * (20 - test.left)
			if test.reason == "" {
				want.Equal(t, "alarms to delete", outcomes(plan)[ToDelete], gone)
				return
			}
			want.Equal(t, "alarms to delete", outcomes(plan)[ToDelete], 0)
			want.Equal(t, "why", about(t, plan, "function/fn-19/errors").Reason, test.reason)
			if plan.Held == "" {
				t.Error("the plan does not say that it is held back")
			}
		})
	}
	small := full
	small.Alarms, small.Resources = full.Alarms[:6*few], nil
	want.Equal(t, "alarms to delete of four functions that are gone", outcomes(Make(small, Default()))[ToDelete], 6*few)
}

func TestMake_leavesWhatIsOverMaxChangesToLaterRuns(t *testing.T) {
	facts, cfg := factsOf(function("a"), function("b")), Default()
	cfg.MaxChanges = 5
	plan := Make(facts, cfg)
	want.Equal(t, "what is decided", outcomes(plan), map[Outcome]int{ToCreate: 5, NotYet: 7, NoAlarm: 6})
	want.Equal(t, "a critical one of the last function", about(t, plan, "function/b/failing").Outcome, ToCreate)
	runs := 0
	for ; outcomes(plan)[ToCreate] > 0; plan = Make(facts, cfg) {
		facts = done(facts, plan)
		runs++
	}
	want.Equal(t, "runs", runs, 3)
	want.Equal(t, "alarms", len(facts.Alarms), 12)
}

func TestPrefix_isSharedByNoStackAndNoOtherStage(t *testing.T) {
	for _, other := range []string{"caretaker-prod-alerts-errors", Prefix("prod-eu") + "function/a/errors", Prefix("pro") + "function/a/errors", "prod"} {
		if strings.HasPrefix(other, Prefix("prod")) {
			t.Errorf("%s begins with the prefix %s", other, Prefix("prod"))
		}
	}
}

func TestNames_areCutAndStayDifferent(t *testing.T) {
	long := strings.Repeat("ü", 400)
	seen := map[string]bool{}
	for _, end := range []string{"a", "b"} {
		for _, check := range checksOf(Rule) {
			r := Resource{Kind: Rule, Name: "bus/" + long + end}
			name := nameOf(strings.Repeat("s", 32), r, check.Key)
			if count := len([]rune(name)); count > longestName {
				t.Errorf("a name has %d characters", count)
			}
			if of, kind, key := parts(strings.Repeat("s", 32), name); of != stem(strings.Repeat("s", 32), r) || kind != Rule || key != check.Key {
				t.Errorf("%s is taken for %s, %s, %s", name, of, kind, key)
			}
			seen[name] = true
		}
	}
	want.Equal(t, "different names", len(seen), 4)
}

// resources are any fleet, with tags good and bad.
func resources(t *rapid.T) []Resource {
	one := rapid.Custom(func(t *rapid.T) Resource {
		r := Resource{Kind: rapid.SampledFrom(Kinds).Draw(t, "kind"), Name: rapid.StringMatching(`[a-c]/?[a-c]{1,2}`).Draw(t, "name")}
		r.Timeout = time.Duration(rapid.IntRange(1, 900).Draw(t, "timeout")) * time.Second
		r.ReadsStream, r.TakesDeadLetters = rapid.Bool().Draw(t, "stream"), rapid.Bool().Draw(t, "letters")
		r.ARN, r.Concurrency = "arn:"+r.Name, 1000
		if r.Kind == Account {
			r.Name = "account"
		}
		r.Tags = rapid.MapOfN(
			rapid.SampledFrom([]string{"caretaker:alarms", "caretaker:alarm.errors", "caretaker:alarm.throttles", "caretaker:severity", "caretaker:service", "caretaker:x", "team"}),
			rapid.SampledFrom([]string{"off", "on", "2%", "10", "60s", "critical", "warning", "x"}), 0, 3).Draw(t, "tags")
		return r
	})
	return rapid.SliceOfNDistinct(one, 0, 12, Resource.Title).Draw(t, "resources")
}

// A plan that is carried out leaves nothing to do; alarms of others are not in it.
func TestMake_isDoneWhenItIsDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := factsOf(resources(t)...)
		first := Make(facts, Default())
		facts = done(facts, first)
		second := Make(facts, Default())
		for _, d := range second.Decisions {
			if d.Acts() {
				t.Fatalf("done, and yet %s of %s: %v", d.Outcome, d.Alarm, d.Changes)
			}
		}
		if second.CentsBefore != first.CentsAfter || second.CentsAfter != first.CentsAfter {
			t.Fatalf("it costs %d cents when it is done, and should %d", second.CentsBefore, first.CentsAfter)
		}
		// Another fleet: from whatever there was, one plan leads to what a plan from nothing leads to.
		facts.Resources = resources(t)
		cfg := Default()
		cfg.MostGone = 100
		moved := done(facts, Make(facts, cfg))
		fresh := done(factsOf(facts.Resources...), Make(factsOf(facts.Resources...), cfg))
		if !maps.EqualFunc(byName(moved), byName(fresh), func(a, b Alarm) bool { return len(changes(Existing{Alarm: a}, b)) == 0 }) {
			t.Fatalf("%d alarms stand where %d should", len(moved.Alarms), len(fresh.Alarms))
		}
	})
}

func byName(facts Facts) map[string]Alarm {
	alarms := map[string]Alarm{}
	for _, alarm := range facts.Alarms {
		alarms[alarm.Name] = alarm.Alarm
	}
	return alarms
}

func TestMake_isTheSameInWhateverOrderThingsCome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := factsOf(resources(t)...)
		facts = done(facts, Make(facts, Default()))
		facts.Resources = resources(t)
		shuffled := facts
		shuffled.Resources = rapid.Permutation(facts.Resources).Draw(t, "the resources' order")
		shuffled.Alarms = rapid.Permutation(facts.Alarms).Draw(t, "the alarms' order")
		if a, b := fmt.Sprintf("%+v", Make(facts, Default())), fmt.Sprintf("%+v", Make(shuffled, Default())); a != b {
			t.Fatalf("in one order:\n%s\nin another:\n%s", a, b)
		}
	})
}

func TestOrder_takesCriticalAlarmsFirstAndComposedOnesBeforeWhatTheyAreAbout(t *testing.T) {
	decisions := []Decision{
		{Alarm: "gone", Fate: Fate{Outcome: ToDelete}},
		{Alarm: "kept", Fate: Fate{Outcome: Kept}},
		{Alarm: "composed", Fate: Fate{Outcome: ToDelete}, there: Existing{Composite: true}},
		{Alarm: "changed", Fate: Fate{Outcome: ToChange}},
		{Alarm: "warning", Fate: Fate{Outcome: ToCreate}, Severity: label.Warning},
		{Alarm: "critical", Fate: Fate{Outcome: ToCreate}, Severity: label.Critical},
	}
	var names []string
	for _, at := range order(decisions) {
		names = append(names, decisions[at].Alarm)
	}
	want.Equal(t, "the order", names, []string{"critical", "warning", "changed", "composed", "gone"})
	if !slices.IsSorted([]int{rank(decisions[5]), rank(decisions[4])}) {
		t.Error("a warning is made before a critical alarm")
	}
}

func TestConfig_refusesWhatNoCheckIsCalled(t *testing.T) {
	cfg := Default()
	want.Equal(t, "problems of the default", len(cfg.Validate()), 0)
	cfg.Thresholds = map[string]string{"function.errors": "2", "function.error": "2%", "queue.age": "10m", "account.concurrency": "off"}
	cfg.MostGone = 0
	var lines []string
	for _, problem := range cfg.Validate() {
		lines = append(lines, problem.Error())
	}
	want.Equal(t, "problems", len(lines), 3)
	want.Says(t, "the problems", strings.Join(lines, "\n"),
		`alerts.thresholds.function.error: "function.error" is not allowed: one of function.errors, function.failing`,
		`alerts.thresholds.function.errors: "2" is not allowed: a percentage over 0% and up to 100%, such as 5%, or on or off`,
		`alerts.mostGone: "0%" is not allowed`)
}
