package janitor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"caretaker/internal/setting"
	"caretaker/internal/tag"
)

// someFacts draws a Region in which anything may refer to anything.
func someFacts(t *rapid.T) Facts {
	facts := Facts{
		Account: "123456789012", Region: "eu-west-1", Self: Self{"a", "2"},
		Storage: Storage{Used: rapid.Int64Range(0, 100).Draw(t, "used"), Limit: 100},
	}
	for _, name := range []string{"a", "ab", "b", "ba", "c"}[:rapid.IntRange(1, 5).Draw(t, "functions")] {
		function := Function{Name: name, Runtime: "nodejs20.x", Tags: map[string]string{stackIDTag: "stack-" + name[:1], stackNameTag: name[:1]}}
		number, published := int64(0), today.Add(-100*day)
		for range rapid.IntRange(0, 12).Draw(t, "versions") {
			number += rapid.Int64Range(1, 3).Draw(t, "step")
			published = published.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "hours")) * time.Hour)
			function.Versions = append(function.Versions, Version{
				Number: number, Published: published, Bytes: rapid.Int64Range(0, 3).Draw(t, "bytes"),
				Edge: rapid.IntRange(0, 20).Draw(t, "edge") == 0,
			})
		}
		for _, key := range []string{tag.Keep, tag.Janitor, tag.KeepUntil} {
			if rapid.IntRange(0, 6).Draw(t, "tagged") == 0 {
				function.Tags[key] = rapid.SampledFrom([]string{"1", "2", "5", "off", "on", "2026-06-20", "2020-01-01", "x", ""}).Draw(t, key)
			}
		}
		facts.Functions = append(facts.Functions, function)
	}
	facts.Findings = someFindings(t)
	return facts
}

func someFindings(t *rapid.T) Findings {
	names := rapid.SampledFrom([]string{"a", "ab", "b", "ba", "c", "zz"})
	kinds := rapid.SampledFrom([]Kind{Alias, WeightedAlias, EventSourceMapping, Pipe, StateMachine, Invocation})
	found := Findings{AliasChanges: map[string]time.Time{}, BusyStacks: map[string]string{}, FunctionsRead: map[Kind]int{}}
	for range rapid.IntRange(0, 12).Draw(t, "references") {
		found.References = append(found.References, Reference{
			names.Draw(t, "function"), fmt.Sprint(rapid.IntRange(1, 20).Draw(t, "qualifier")), kinds.Draw(t, "kind"), rapid.SampledFrom([]string{"x", "y"}).Draw(t, "by"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "dynamic") {
		found.Dynamic = append(found.Dynamic, DynamicTarget{names.Draw(t, "function"), rapid.Bool().Draw(t, "prefix"), kinds.Draw(t, "kind"), "x", ""})
	}
	for range rapid.IntRange(0, 2).Draw(t, "unread") {
		found.Unread = append(found.Unread, Unread{Check: rapid.SampledFrom([]string{"p", "q"}).Draw(t, "check"), Function: names.Draw(t, "function"), Cause: rapid.SampledFrom([]string{"r", "s"}).Draw(t, "cause")})
	}
	if rapid.IntRange(0, 4).Draw(t, "changed") == 0 {
		found.AliasChanges[names.Draw(t, "function")] = today.Add(-time.Duration(rapid.IntRange(0, 48).Draw(t, "hours")) * time.Hour)
	}
	if rapid.IntRange(0, 4).Draw(t, "busy") == 0 {
		found.BusyStacks["stack-"+names.Draw(t, "stack")] = "UPDATE_IN_PROGRESS"
	}
	return found
}

func somePolicy(t *rapid.T) Config {
	cfg := Default()
	cfg.Keep.Newest = rapid.IntRange(1, 5).Draw(t, "newest")
	cfg.Keep.SupersededFor = setting.Duration(time.Duration(rapid.IntRange(0, 240).Draw(t, "grace")) * time.Hour)
	cfg.Pressure.Newest = rapid.IntRange(1, 5).Draw(t, "pressureNewest")
	cfg.Belts.MaxDeletions = rapid.IntRange(1, 30).Draw(t, "maxDeletions")
	cfg.Belts.MaxPercent = 100
	cfg.Checks.DynamicTargets = rapid.SampledFrom([]string{ProtectDynamic, IgnoreDynamic}).Draw(t, "dynamicTargets")
	return cfg
}

func TestDecide_neverDeletesWhatIsReferencedOrTheNewest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, cfg := someFacts(t), somePolicy(t)
		plan := Decide(facts, History{}, cfg, today)
		referenced := map[string]bool{}
		for _, reference := range facts.References {
			referenced[reference.Function+":"+reference.Qualifier] = true
		}
		least := min(cfg.Keep.Newest, cfg.Pressure.Newest)
		newest := map[string][]int64{}
		for _, function := range facts.Functions {
			for _, version := range function.Versions {
				newest[function.Name] = append(newest[function.Name], version.Number)
			}
			if function.Tags[tag.Keep] == "" {
				newest[function.Name] = last(newest[function.Name], least)
			} else {
				newest[function.Name] = last(newest[function.Name], 1)
			}
		}
		for _, position := range plan.Deletions() {
			decision := plan.Decisions[position]
			if referenced[decision.Function+":"+decision.Qualifier()] {
				t.Errorf("%s:%s is referenced and goes, want it kept", decision.Function, decision.Qualifier())
			}
			if decision.Version.Number < 1 || slices.Contains(newest[decision.Function], decision.Version.Number) {
				t.Errorf("%s:%s is among the newest and goes, want it kept", decision.Function, decision.Qualifier())
			}
			if decision.Version.Number >= newestNumbers(plan)[decision.Function] {
				t.Errorf("apply's guard would not let %s:%s go", decision.Function, decision.Qualifier())
			}
		}
		if count := len(plan.Deletions()); count > cfg.Belts.MaxDeletions {
			t.Errorf("deletions: %d, want at most %d", count, cfg.Belts.MaxDeletions)
		}
	})
}

func last(numbers []int64, count int) []int64 { return numbers[max(0, len(numbers)-count):] }

func TestDecide_decidesEverythingOnceWithAReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, cfg := someFacts(t), somePolicy(t)
		want := map[string]int{}
		for _, function := range facts.Functions {
			want[function.Name+":0"] = 1
			for _, version := range function.Versions {
				want[fmt.Sprint(function.Name, ":", version.Number)] = 1
			}
		}
		got := map[string]int{}
		for _, decision := range Decide(facts, History{}, cfg, today).Decisions {
			got[fmt.Sprint(decision.Function, ":", decision.Version.Number)]++
			if decision.Reason == "" || decision.Outcome != Kept && decision.Outcome != Deletable && decision.Outcome != Remaining {
				t.Errorf("%s:%s is %q for the reason %q, want it kept, deletable or remaining, and why", decision.Function, decision.Qualifier(), decision.Outcome, decision.Reason)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("how often each version is decided on, want (-) and got (+):\n%s", diff)
		}
	})
}

func TestDecide_isTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, cfg := someFacts(t), somePolicy(t)
		want := Decide(facts, History{}, cfg, today)
		wantShortlist := Shortlist(facts, cfg, today)
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) // #nosec G404 -- an order, not a secret
		mixed := facts
		mixed.Functions = shuffled(source, facts.Functions)
		for position := range mixed.Functions {
			mixed.Functions[position].Versions = shuffled(source, mixed.Functions[position].Versions)
		}
		mixed.References, mixed.Dynamic, mixed.Unread = shuffled(source, facts.References), shuffled(source, facts.Dynamic), shuffled(source, facts.Unread)
		got := Decide(mixed, History{}, cfg, today)
		if diff := cmp.Diff(want.Decisions, got.Decisions); diff != "" {
			t.Errorf("the decisions on facts in another order, want (-) and got (+):\n%s", diff)
		}
		if diff := cmp.Diff(wantShortlist, Shortlist(mixed, cfg, today)); diff != "" {
			t.Errorf("the shortlist of facts in another order, want (-) and got (+):\n%s", diff)
		}
	})
}

func shuffled[T any](source *rand.Rand, items []T) []T {
	mixed := slices.Clone(items)
	source.Shuffle(len(mixed), func(a, b int) { mixed[a], mixed[b] = mixed[b], mixed[a] })
	return mixed
}

func TestDecide_plansNothingMoreOnItsResult(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, cfg := someFacts(t), somePolicy(t)
		cfg.Belts.MaxDeletions = 1000000
		plan := Decide(facts, History{}, cfg, today)
		left := facts
		left.Functions = slices.Clone(facts.Functions)
		for position, function := range left.Functions {
			left.Functions[position].Versions = slices.DeleteFunc(slices.Clone(function.Versions), func(version Version) bool {
				return slices.ContainsFunc(plan.Decisions, func(decision Decision) bool {
					return decision.Outcome == Deletable && decision.Function == function.Name && decision.Version.Number == version.Number
				})
			})
		}
		if again := Decide(left, History{}, cfg, today); len(again.Deletions()) > 0 {
			t.Errorf("deletions planned on the result: %d, want none", len(again.Deletions()))
		}
	})
}

func TestShortlist_holdsWhatThePlanDeletesAndMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, cfg := someFacts(t), somePolicy(t)
		cheap := facts
		cheap.Findings = Findings{}
		shortlisted := map[string]bool{}
		for _, function := range Shortlist(cheap, cfg, today) {
			for _, version := range function.Versions {
				shortlisted[fmt.Sprint(function.Name, ":", version.Number)] = true
			}
		}
		for _, decision := range Decide(facts, History{}, cfg, today).Decisions {
			if decision.Outcome != Kept && !shortlisted[fmt.Sprint(decision.Function, ":", decision.Version.Number)] {
				t.Errorf("%s:%s goes without having been looked at", decision.Function, decision.Qualifier())
			}
		}
	})
}
