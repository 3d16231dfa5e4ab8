package janitor

import (
	"fmt"
	"time"

	"caretaker/internal/setting"
)

// change adds to the facts about the function checkout, or to the policy.
type change func(*Facts, *Config)

// checkout is a Region with one function that has versions 1 to n of 1, 2, ... n MB, one
// published a day, the newest ten days ago, and the policy that ships, with these changes.
func checkout(n int, changes ...change) (Facts, Config) {
	facts := Facts{
		Account: "123456789012", Region: "eu-west-1", Storage: Storage{Used: 10 << 30, Limit: 75 << 30},
		Functions: []Function{{Name: "checkout", Runtime: "nodejs20.x", Tags: map[string]string{}}},
	}
	for number := 1; number <= n; number++ {
		facts.Functions[0].Versions = append(facts.Functions[0].Versions, Version{
			Number: int64(number), Bytes: int64(number) << 20, SHA: fmt.Sprint("sha", number), Published: today.Add(time.Duration(number-n-10) * day),
		})
	}
	cfg := Default()
	for _, change := range changes {
		change(&facts, &cfg)
	}
	return facts, cfg
}

func tagged(key, value string) change {
	return func(f *Facts, _ *Config) { f.Functions[0].Tags[key] = value }
}

func inStack(name, id string) change {
	return func(f *Facts, _ *Config) {
		f.Functions[0].Tags[stackNameTag], f.Functions[0].Tags[stackIDTag] = name, id
	}
}

// publishedAgo sets when a version of checkout was published, before today.
func publishedAgo(number int, ago time.Duration) change {
	return func(f *Facts, _ *Config) { f.Functions[0].Versions[number-1].Published = today.Add(-ago) }
}

func undated(number int) change {
	return func(f *Facts, _ *Config) { f.Functions[0].Versions[number-1].Published = time.Time{} }
}

func aliasChangedAgo(ago time.Duration) change {
	return func(f *Facts, _ *Config) { f.AliasChanges = map[string]time.Time{"checkout": today.Add(-ago)} }
}

func referenced(kind Kind, qualifier, by string) change {
	return func(f *Facts, _ *Config) {
		f.References = append(f.References, Reference{"checkout", qualifier, kind, by})
	}
}

func dynamic(function string, prefix bool) change {
	return func(f *Facts, _ *Config) {
		f.Dynamic = append(f.Dynamic, DynamicTarget{Function: function, Prefix: prefix, Kind: StateMachine, By: "orders"})
	}
}

func unreadable(check, function string) change {
	return func(f *Facts, _ *Config) {
		f.Unread = append(f.Unread, Unread{Check: check, Function: function, Cause: "no right"})
	}
}

func stored(percent int64) change {
	return func(f *Facts, _ *Config) { f.Storage = Storage{Used: percent << 20, Limit: 100 << 20} }
}

func policy(set func(*Config)) change { return func(_ *Facts, cfg *Config) { set(cfg) } }

func keeping(newest int) change { return policy(func(c *Config) { c.Keep.Newest = newest }) }

func grace(d time.Duration) change {
	return policy(func(c *Config) { c.Keep.SupersededFor = setting.Duration(d) })
}

// deletable are the numbers of checkout that a plan would delete, ascending.
func deletable(plan Plan) []int64 {
	var numbers []int64
	for _, decision := range plan.Decisions {
		if decision.Outcome == Deletable {
			numbers = append(numbers, decision.Version.Number)
		}
	}
	return numbers
}

// decisionOn is what a plan decides about one version of checkout.
func decisionOn(plan Plan, number int64) Decision {
	for _, decision := range plan.Decisions {
		if decision.Function == "checkout" && decision.Version.Number == number {
			return decision
		}
	}
	return Decision{}
}
