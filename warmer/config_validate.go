package warmer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"caretaker/internal/schedule"
	"caretaker/internal/setting"
)

// windowForm is the form of a window's name: one that fits into a tag's value.
var windowForm = regexp.MustCompile(`^[a-z][A-Za-z0-9_-]{0,31}$`)

// keywords are the words of a tag that no window may be called by.
var keywords = []string{Always, qualifierKey}

// problems collects what is wrong, under keys of the warmer's section.
type problems []setting.Problem

func (p *problems) wrong(key string, value any, allowed string) {
	*p = append(*p, setting.Problem{Key: "warmer." + key, Value: fmt.Sprint(value), Allowed: allowed})
}

// Validate says everything that is wrong, each with its key, its value and what is allowed.
func (c Config) Validate() []setting.Problem {
	p := problems(setting.Check("warmer", c))
	if c.ShareOfUnreserved == 0 {
		p.wrong("shareOfUnreserved", c.ShareOfUnreserved, "more than 0%: without a share there is nothing to ping with")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Windows)) {
		if !windowForm.MatchString(name) || slices.Contains(keywords, name) {
			p.wrong("windows."+name, name, "a name of up to 32 letters, digits and _- that begins with a small letter and is neither "+strings.Join(keywords, " nor "))
		}
		if _, err := zoneOf(c.Windows[name].TimeZone); err != nil {
			p.wrong("windows."+name+".timeZone", c.Windows[name].TimeZone, err.Error())
		}
	}
	seen := map[Ref]bool{}
	for index, function := range c.Functions {
		key, ref := fmt.Sprintf("functions[%d]", index), Ref{function.Name, function.Qualifier}
		if seen[ref] {
			p.wrong(key+".name", ref, "each function with each of its qualifiers once")
		}
		seen[ref] = true
		if strings.HasPrefix(function.Name, ownPrefix) {
			p.wrong(key+".name", function.Name, "a function that is not Caretaker's own, which its role is denied to invoke")
		}
		if len(function.Warm) == 0 && len(function.Provisioned) == 0 {
			p.wrong(key+".warm", "{}", "how many environments, always or in a window: {always: 2}")
		}
		if len(function.Provisioned) > 0 && !ref.byAlias() {
			p.wrong(key+".provisioned", function.Qualifier, "only with an alias as the qualifier: AWS has none for $LATEST, and with a number it would stay on a version that nobody calls")
		}
		for _, counts := range []struct {
			key     string
			windows map[string]int
		}{{"warm", function.Warm}, {"provisioned", function.Provisioned}} {
			for _, window := range slices.Sorted(maps.Keys(counts.windows)) {
				if _, known := c.Windows[window]; !known && window != Always {
					p.wrong(key+"."+counts.key+"."+window, window, c.windowNames())
				}
			}
		}
	}
	return p
}

// every is the least time between two runs; 0 where the schedule cannot be read, which reading the file refuses.
func (c Config) every() time.Duration {
	runs, err := schedule.Parse(c.Schedule, c.TimeZone)
	if err != nil {
		return 0
	}
	return runs.ShortestGap()
}

// windowNames are the names that a count may have.
func (c Config) windowNames() string {
	names := append([]string{Always}, slices.Sorted(maps.Keys(c.Windows))...)
	if len(names) == 1 {
		return "always, since warmer.windows has no window"
	}
	return "one of " + strings.Join(names, ", ") + ", which are always and the windows of warmer.windows"
}

// Notes are what is allowed and yet mostly a mistake.
func (c Config) Notes() []setting.Note {
	if len(c.Functions) == 0 && !c.ByTag {
		return []setting.Note{{Key: "warmer", Text: "it is enabled and can keep nothing warm: list functions, or set byTag"}}
	}
	var notes []setting.Note
	used := map[string]bool{}
	for index, function := range c.Functions {
		for _, counts := range []struct {
			key, does string
			windows   map[string]int
		}{{"warm", "kept warm", function.Warm}, {"provisioned", "provisioned", function.Provisioned}} {
			for _, window := range slices.Sorted(maps.Keys(counts.windows)) {
				used[window] = true
				if counts.windows[window] > c.MaxConcurrency {
					notes = append(notes, setting.Note{
						Key:  fmt.Sprintf("warmer.functions[%d].%s.%s", index, counts.key, window),
						Text: fmt.Sprintf("%d are %s: warmer.maxConcurrency is the most of one function", c.MaxConcurrency, counts.does),
					})
				}
			}
		}
	}
	if every := c.every(); c.LongestInterval > 0 && c.LongestInterval.Std() <= every {
		notes = append(notes, setting.Note{Key: "warmer.longestInterval", Text: fmt.Sprintf("it changes nothing: the schedule runs only every %s", every)})
	}
	for _, window := range slices.Sorted(maps.Keys(c.Windows)) {
		if !used[window] && !c.ByTag {
			notes = append(notes, setting.Note{Key: "warmer.windows." + window, Text: "nothing is kept warm in it"})
		}
	}
	return notes
}
