package janitor

import (
	"testing"
	"time"

	"caretaker/internal/setting"
	"caretaker/internal/want"
)

// A case has the function checkout with five versions, of which the policy that ships lets
// 1 and 2 go; it says what becomes of version 1.
func TestDecide_judgesAVersionByEveryRule(t *testing.T) {
	const edge, live = Reason("Lambda@Edge"), Reason("referenced by alias")
	for _, test := range []struct {
		name    string
		changes []change
		outcome Outcome
		reason  Reason
		detail  string
	}{
		{"superseded long ago", nil, Deletable, Superseded, "13 days ago"},

		{"an alias", []change{referenced(Alias, "1", "live")}, Kept, live, "live"},
		{"a weighted alias", []change{referenced(WeightedAlias, "1", "live")}, Kept, "referenced by weighted alias", "live"},
		{"an event source mapping", []change{referenced(EventSourceMapping, "1", "0a1b")}, Kept, "referenced by event source mapping", "0a1b"},
		{"an invocation", []change{referenced(Invocation, "1", "lately")}, Kept, "referenced by invocation", "lately"},
		{"an alias is named before anything else", []change{referenced(Pipe, "1", "p"), referenced(Invocation, "1", "i"), referenced(Alias, "1", "live")}, Kept, live, "live"},
		{"an invocation is named last", []change{referenced(Invocation, "1", "i"), referenced(Pipe, "1", "p")}, Kept, "referenced by pipe", "p"},
		{"a reference to another version", []change{referenced(Alias, "2", "live")}, Deletable, Superseded, "13 days ago"},
		{"a reference by an alias's name", []change{referenced(Pipe, "live", "p")}, Deletable, Superseded, "13 days ago"},
		{"a reference without a qualifier", []change{referenced(Pipe, "", "p")}, Deletable, Superseded, "13 days ago"},
		{"a reference to 10 is none to 1", []change{referenced(Pipe, "10", "p")}, Deletable, Superseded, "13 days ago"},

		{"the newest five are kept", []change{keeping(5)}, Kept, AmongNewest, "5"},
		{"more are kept than there are", []change{keeping(10000)}, Kept, AmongNewest, "10000"},

		{"superseded within the grace period", []change{publishedAgo(2, 23*time.Hour)}, Kept, InGrace, "23 hours ago"},
		{"superseded just after it", []change{publishedAgo(2, 24*time.Hour)}, Deletable, Superseded, "1 day ago"},
		{"superseded in the future", []change{publishedAgo(2, -time.Hour)}, Kept, InGrace, "just now"},
		{"its own date does not count", []change{publishedAgo(1, time.Minute)}, Deletable, Superseded, "13 days ago"},
		{"an alias moved within the grace period", []change{aliasChangedAgo(time.Hour)}, Kept, AliasMoved, "1 hour ago"},
		{"an alias moved before it", []change{aliasChangedAgo(25 * time.Hour)}, Deletable, Superseded, "13 days ago"},
		{"no grace period", []change{grace(0), publishedAgo(2, time.Minute), aliasChangedAgo(time.Minute)}, Deletable, Superseded, "1 minute ago"},
		{"a longer grace period", []change{grace(14 * day)}, Kept, InGrace, "13 days ago"},
		{"the next newer date is unreadable", []change{undated(2)}, Kept, NoDate, ""},
		{"unreadable, and no grace period", []change{undated(2), grace(0)}, Kept, NoDate, ""},
		{"its own date is unreadable", []change{undated(1)}, Deletable, Superseded, "13 days ago"},

		{"Lambda@Edge", []change{func(f *Facts, _ *Config) { f.Functions[0].Versions[0].Edge = true }}, Kept, edge, ""},
		{"the janitor itself", []change{func(f *Facts, _ *Config) { f.Self = Self{"checkout", "1"} }}, Kept, RunsJanitor, ""},
		{"another version of the janitor", []change{func(f *Facts, _ *Config) { f.Self = Self{"checkout", "3"} }}, Deletable, Superseded, "13 days ago"},
		{"the janitor is another function", []change{func(f *Facts, _ *Config) { f.Self = Self{"janitor", "1"} }}, Deletable, Superseded, "13 days ago"},

		{"tagged to keep more", []change{tagged("caretaker:keep", "5")}, Kept, AmongNewest, "5"},
		{"tagged to keep less", []change{keeping(5), tagged("caretaker:keep", "1")}, Deletable, Superseded, "13 days ago"},
		{"tagged to keep none", []change{tagged("caretaker:keep", "0")}, Kept, TagUnreadable, `caretaker:keep="0" is not a whole number from 1 to 10000`},
		{"tagged to keep fewer than none", []change{tagged("caretaker:keep", "-1")}, Kept, TagUnreadable, `caretaker:keep="-1" is not a whole number from 1 to 10000`},
		{"tagged to keep nothing readable", []change{tagged("caretaker:keep", "")}, Kept, TagUnreadable, `caretaker:keep="" is not a whole number from 1 to 10000`},
		{"tagged to keep far too many", []change{tagged("caretaker:keep", "99999999999999999999")}, Kept, TagUnreadable, `caretaker:keep="99999999999999999999" is not a whole number from 1 to 10000`},
		{"tagged off", []change{tagged("caretaker:janitor", "off")}, Kept, TaggedOff, ""},
		{"tagged off though tagged to keep one", []change{tagged("caretaker:keep", "1"), tagged("caretaker:janitor", "off")}, Kept, TaggedOff, ""},
		{"tagged on", []change{tagged("caretaker:janitor", "on")}, Deletable, Superseded, "13 days ago"},
		{"tagged with a typing error", []change{tagged("caretaker:janitor", "Off")}, Kept, TagUnreadable, `caretaker:janitor="Off" is neither on nor off`},
		{"tagged until today", []change{tagged("caretaker:keep-until", "2026-06-20")}, Kept, TaggedUntil, "2026-06-20"},
		{"tagged until yesterday", []change{tagged("caretaker:keep-until", "2026-06-19")}, Deletable, Superseded, "13 days ago"},
		{"tagged until no date", []change{tagged("caretaker:keep-until", "2026-6-20")}, Kept, TagUnreadable, `caretaker:keep-until="2026-6-20" is not a date like 2027-01-31`},
		{"tagged until a day that no month has", []change{tagged("caretaker:keep-until", "2026-02-30")}, Kept, TagUnreadable, `caretaker:keep-until="2026-02-30" is not a date like 2027-01-31`},
		{"tagged by a key that nobody knows", []change{tagged("caretaker:keep_until", "2027-01-01")}, Kept, TagUnreadable, `"caretaker:keep_until" is not one of the tags that Caretaker knows`},
		{"tagged in another case", []change{tagged("Caretaker:janitor", "off")}, Kept, TagUnreadable, `"Caretaker:janitor" is not one of the tags that Caretaker knows`},
		{"tagged for another part", []change{tagged("caretaker:stage", "prod"), tagged("caretaker:raise", "max:9")}, Deletable, Superseded, "13 days ago"},

		{"excluded by name", []change{policy(func(c *Config) { c.Exclude.Names = []string{"other", "check*"} })}, Kept, ExcludedName, "check*"},
		{"another is excluded by name", []change{policy(func(c *Config) { c.Exclude.Names = []string{"check"} })}, Deletable, Superseded, "13 days ago"},
		{"excluded by tag", []change{tagged("team", "web"), policy(func(c *Config) { c.Exclude.Tags = map[string]string{"team": "web"} })}, Kept, ExcludedTag, "team"},
		{"excluded by any value of a tag", []change{tagged("team", ""), policy(func(c *Config) { c.Exclude.Tags = map[string]string{"team": "*"} })}, Kept, ExcludedTag, "team"},
		{"another value is excluded", []change{tagged("team", "app"), policy(func(c *Config) { c.Exclude.Tags = map[string]string{"team": "web"} })}, Deletable, Superseded, "13 days ago"},
		{"excluded by runtime", []change{policy(func(c *Config) { c.Exclude.Runtimes = []string{"nodejs*"} })}, Kept, ExcludedRuntime, "nodejs*"},
		{"excluded by stack", []change{inStack("Shop-prod", "id"), policy(func(c *Config) { c.Exclude.Stacks = []string{"*-prod"} })}, Kept, ExcludedStack, "*-prod"},
		{"in no stack while every stack is excluded", []change{policy(func(c *Config) { c.Exclude.Stacks = []string{"*"} })}, Deletable, Superseded, "13 days ago"},
		{"included by name", []change{policy(func(c *Config) { c.Include.Names = []string{"check*"} })}, Deletable, Superseded, "13 days ago"},
		{"not included by name", []change{policy(func(c *Config) { c.Include.Names = []string{"cart*"} })}, Kept, NotIncluded, "by name"},
		{"included by tag", []change{tagged("team", "web"), policy(func(c *Config) { c.Include.Tags = map[string]string{"team": "*"} })}, Deletable, Superseded, "13 days ago"},
		{"not included by tag", []change{tagged("team", "web"), policy(func(c *Config) { c.Include.Tags = map[string]string{"team": "web", "tier": "*"} })}, Kept, NotIncluded, "by tag"},
		{"included and excluded", []change{policy(func(c *Config) { c.Include.Names, c.Exclude.Names = []string{"*"}, []string{"checkout"} })}, Kept, ExcludedName, "checkout"},
		{"tagged off though included", []change{tagged("caretaker:janitor", "off"), policy(func(c *Config) { c.Include.Names = []string{"checkout"} })}, Kept, TaggedOff, ""},

		{"a busy stack", []change{inStack("Shop", "id"), busy("id", "UPDATE_ROLLBACK_FAILED")}, Kept, StackBusy, "Shop is UPDATE_ROLLBACK_FAILED"},
		{"another stack is busy", []change{inStack("Shop", "id"), busy("other", "UPDATE_IN_PROGRESS")}, Deletable, Superseded, "13 days ago"},
		{"in no stack while one is busy", []change{busy("id", "UPDATE_IN_PROGRESS")}, Deletable, Superseded, "13 days ago"},

		{"a scan could not read the function", []change{unreadable("aliases", "checkout")}, Kept, CouldNotRead, "aliases: no right"},
		{"a scan could not read another function", []change{unreadable("aliases", "cart")}, Deletable, Superseded, "13 days ago"},
		{"a scan could not read the Region", []change{unreadable("janitor.checks.pipes", "")}, Kept, CouldNotRead, "janitor.checks.pipes: no right"},

		{"a dynamic target of this name", []change{dynamic("checkout", false)}, Kept, MayBeCalled, "state machine orders"},
		{"a dynamic target of another name", []change{dynamic("check", false)}, Deletable, Superseded, "13 days ago"},
		{"a dynamic target of this beginning", []change{dynamic("check", true)}, Kept, MayBeCalled, "state machine orders"},
		{"a dynamic target of a longer beginning", []change{dynamic("checkout-", true)}, Deletable, Superseded, "13 days ago"},
		{"a dynamic target of any name", []change{dynamic("", true)}, Kept, MayBeCalled, "state machine orders"},
		{"dynamic targets are ignored", []change{dynamic("", true), policy(func(c *Config) { c.Checks.DynamicTargets = IgnoreDynamic })}, Deletable, Superseded, "13 days ago"},
		{"dynamic targets are ignored, what is unread is not", []change{unreadable("aliases", "checkout"), policy(func(c *Config) { c.Checks.DynamicTargets = IgnoreDynamic })}, Kept, CouldNotRead, "aliases: no right"},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, cfg := checkout(5, test.changes...)
			got := decisionOn(Decide(facts, History{}, cfg, today), 1)
			wanted := Decision{"checkout", facts.Functions[0].Versions[0], test.outcome, test.reason, test.detail}
			want.Equal(t, "the decision on version 1", got, wanted)
		})
	}
}

func busy(id, status string) change {
	return func(f *Facts, _ *Config) { f.BusyStacks = map[string]string{id: status} }
}

func TestDecide_keepsUntilTheDayIsOverInUTC(t *testing.T) {
	facts, cfg := checkout(5, tagged("caretaker:keep-until", "2027-01-01"))
	west := time.FixedZone("UTC-8", -8*60*60)
	for _, test := range []struct {
		now  time.Time
		kept bool
	}{
		{time.Date(2027, 1, 1, 23, 59, 59, 0, time.UTC), true},
		{time.Date(2027, 1, 1, 15, 59, 59, 0, west), true},
		{time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC), false},
		{time.Date(2027, 1, 1, 16, 0, 0, 0, west), false},
	} {
		got := decisionOn(Decide(facts, History{}, cfg, test.now), 1)
		want.Equal(t, "version 1 is kept by its tag at "+test.now.String(), got.Reason == TaggedUntil, test.kept)
	}
}

func TestDecide_tightensUnderPressureAndRelaxesNothingElse(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes []change
		want    []int64
	}{
		{"at the mark", []change{stored(80)}, []int64{1, 2}},
		{"over the mark", []change{stored(81)}, []int64{1, 2, 3}},
		{"the mark is off", []change{stored(100), policy(func(c *Config) { c.Pressure.TightenAbove = 0 })}, []int64{1, 2}},
		{"a reference still keeps", []change{stored(99), referenced(Pipe, "1", "p")}, []int64{2, 3}},
		{"the grace period still keeps", []change{stored(99), publishedAgo(4, time.Hour)}, []int64{1, 2}},
		{"the function's tag still wins", []change{stored(99), tagged("caretaker:keep", "4")}, []int64{1}},
		{"it never loosens", []change{stored(99), policy(func(c *Config) { c.Keep.Newest, c.Pressure.Newest = 1, 2 })}, []int64{1, 2, 3, 4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, cfg := checkout(5, test.changes...)
			want.Equal(t, "the versions that may go", deletable(Decide(facts, History{}, cfg, today)), test.want)
		})
	}
}

func TestDecide_isIdleUnderTheLowMark(t *testing.T) {
	for _, test := range []struct {
		name  string
		used  int64
		above setting.Percent
		idle  bool
	}{
		{"no mark", 0, 0, false},
		{"under the mark", 49, 50, true},
		{"at the mark", 50, 50, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, cfg := checkout(5, stored(test.used), policy(func(c *Config) { c.Pressure.Above = test.above }))
			plan := Decide(facts, History{}, cfg, today)
			want.Equal(t, "idle", plan.Idle, test.idle)
			want.Equal(t, "nothing is decided", len(plan.Decisions) == 0, test.idle)
		})
	}
}

func TestDecide_takesThePatternsOfPathMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"checkout-*", "checkout-api", true},
		{"checkout-?", "checkout-api", false},
		{"*", "", true},
		{"[", "[", false},
	} {
		if _, got := matches([]string{test.pattern}, test.text); got != test.want {
			t.Errorf("%q matches %q: %v, want %v", test.pattern, test.text, got, test.want)
		}
	}
}

func TestAgo_writesDurationsAsAPersonWould(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "just now", -time.Hour: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 90 * time.Minute: "1 hour ago",
		47 * time.Hour: "1 day ago", 48 * time.Hour: "2 days ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%s is %q, not %q", d, got, want)
		}
	}
}
