package janitor

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"caretaker/internal/setting"
	"caretaker/internal/want"
)

func TestDefault_isValidAndDry(t *testing.T) {
	if problems := Default().Validate(); len(problems) > 0 {
		t.Errorf("the problems of what ships: %v, want none", problems)
	}
	want.Equal(t, "a dry run as it ships", Default().DryRun, true)
}

func TestValidate_namesTheKeyThatIsWrong(t *testing.T) {
	hours := func(h float64) setting.Duration { return setting.Duration(h * float64(time.Hour)) }
	for _, test := range []struct {
		name string
		set  func(*Config)
		want string // the keys, empty when all is well
	}{
		{"the slowest rate", func(c *Config) { c.Rate = 1 }, ""},
		{"the fastest rate", func(c *Config) { c.Rate = 15 }, ""},
		{"too slow a rate", func(c *Config) { c.Rate = 0.9 }, "rate"},
		{"too fast a rate", func(c *Config) { c.Rate = 15.1 }, "rate"},
		{"a rate that is not a number", func(c *Config) { c.Rate = math.NaN() }, "rate"},
		{"no rate", func(c *Config) { c.Rate = 0 }, "rate"},

		{"one is kept", func(c *Config) { c.Keep.Newest, c.Pressure.Newest = 1, 1 }, ""},
		{"ten thousand are kept", func(c *Config) { c.Keep.Newest = 10000 }, ""},
		{"none is kept", func(c *Config) { c.Keep.Newest = 0 }, "keep.newest"},
		{"fewer than none are kept", func(c *Config) { c.Keep.Newest = -1 }, "keep.newest"},
		{"too many are kept", func(c *Config) { c.Keep.Newest = 10001 }, "keep.newest"},

		{"no grace period", func(c *Config) { c.Keep.SupersededFor = 0 }, ""},
		{"the shortest grace period", func(c *Config) { c.Keep.SupersededFor = hours(0.5) }, ""},
		{"the longest grace period", func(c *Config) { c.Keep.SupersededFor = hours(90 * 24) }, ""},
		{"too short a grace period", func(c *Config) { c.Keep.SupersededFor = hours(0.49) }, "keep.supersededFor"},
		{"too long a grace period", func(c *Config) { c.Keep.SupersededFor = hours(90*24 + 1) }, "keep.supersededFor"},
		{"a grace period in the future", func(c *Config) { c.Keep.SupersededFor = hours(-24) }, "keep.supersededFor"},

		{"invocations are not looked at", func(c *Config) { c.Keep.InvokedWithin = 0 }, ""},
		{"invocations of a week", func(c *Config) { c.Keep.InvokedWithin = hours(7 * 24) }, "keep.invokedWithin"},
		{"invocations of a quarter", func(c *Config) { c.Keep.InvokedWithin = hours(100 * 24) }, ""},
		{"invocations from before CloudWatch remembers", func(c *Config) { c.Keep.InvokedWithin = hours(456 * 24) }, "keep.invokedWithin"},

		{"pressure keeps as many", func(c *Config) { c.Pressure.Newest = 3 }, ""},
		{"pressure keeps none", func(c *Config) { c.Pressure.Newest = 0 }, "pressure.newest"},
		{"pressure keeps too many", func(c *Config) { c.Pressure.Newest = 10001 }, "pressure.newest"},
		{"tightens where it is idle", func(c *Config) { c.Pressure.Above = 90 }, "pressure.tightenAbove"},
		{"never tightens", func(c *Config) { c.Pressure.Above, c.Pressure.TightenAbove = 90, 0 }, ""},

		{"no deletion", func(c *Config) { c.Belts.MaxDeletions = 0 }, "belts.maxDeletions"},
		{"a million deletions", func(c *Config) { c.Belts.MaxDeletions = 1000000 }, ""},
		{"more than a million deletions", func(c *Config) { c.Belts.MaxDeletions = 1000001 }, "belts.maxDeletions"},
		{"no percent", func(c *Config) { c.Belts.MaxPercent = 0 }, "belts.maxPercent"},
		{"more than all", func(c *Config) { c.Belts.MaxPercent = 100.1 }, "belts.maxPercent"},
		{"a percentage that is not a number", func(c *Config) { c.Belts.MaxPercent = math.NaN() }, "belts.maxPercent"},

		{"dynamic targets are ignored", func(c *Config) { c.Checks.DynamicTargets = "ignore" }, ""},
		{"dynamic targets are switched off", func(c *Config) { c.Checks.DynamicTargets = "false" }, "checks.dynamicTargets"},
		{"nothing is said about dynamic targets", func(c *Config) { c.Checks.DynamicTargets = "" }, "checks.dynamicTargets"},

		{"patterns", func(c *Config) { c.Include.Names, c.Exclude.Names = []string{"a[bc]*"}, []string{"checkout-?", "*"} }, ""},
		{"a pattern without an end", func(c *Config) { c.Include.Names = []string{"ok", "["} }, "include.names[1]"},
		{"an empty pattern", func(c *Config) { c.Exclude.Runtimes = []string{""} }, "exclude.runtimes[0]"},
		{"a pattern that IAM does not know", func(c *Config) { c.Exclude.Names = []string{"a[bc]"} }, "exclude.names[0]"},
		{"a stack's pattern without an end", func(c *Config) { c.Exclude.Stacks = []string{"a["} }, "exclude.stacks[0]"},

		{"a target that was looked at", func(c *Config) { c.Checks.LookedAt = []string{"score-*", "shop/prod"} }, ""},
		{"all targets were looked at", func(c *Config) { c.Checks.LookedAt = []string{"a", "*"} }, "checks.lookedAt[1]"},
		{"a target without a name was looked at", func(c *Config) { c.Checks.LookedAt = []string{""} }, "checks.lookedAt[0]"},

		{"memory, and the rate", func(c *Config) { c.Function.Memory, c.Rate = 1, 0 }, "function.memory rate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := Default()
			test.set(&cfg)
			var keys []string
			for _, problem := range cfg.Validate() {
				keys = append(keys, strings.TrimPrefix(problem.Key, "janitor."))
				if problem.Allowed == "" {
					t.Errorf("%s: it is not said what is allowed", problem.Key)
				}
			}
			slices.Sort(keys)
			want.Equal(t, "the keys that are wrong", strings.Join(keys, " "), test.want)
		})
	}
}
