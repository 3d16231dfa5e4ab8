package warmer

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"caretaker/internal/tag"
)

// Ref is how a function is called: by its name, and by a qualifier or without one.
type Ref struct {
	Name      string `json:"function"`
	Qualifier string `json:"qualifier,omitempty"`
}

// String is the name, with a colon and the qualifier where there is one.
func (r Ref) String() string {
	if r.Qualifier == "" {
		return r.Name
	}
	return r.Name + ":" + r.Qualifier
}

func (r Ref) compare(other Ref) int {
	return cmp.Or(cmp.Compare(r.Name, other.Name), cmp.Compare(r.Qualifier, other.Qualifier))
}

// byNumber tells whether it names a version, not an alias and not what was not published.
func (r Ref) byNumber() bool {
	return r.Qualifier != "" && strings.Trim(r.Qualifier, "0123456789") == ""
}

// byAlias tells whether it names an alias.
func (r Ref) byAlias() bool {
	return r.Qualifier != "" && r.Qualifier != latest && !r.byNumber()
}

const latest = "$LATEST"

// Wish is what somebody wants to be warm.
type Wish struct {
	Ref
	// Warm is how many, always and by windows.
	Warm map[string]int
	// By says whose wish it is: the file's or a tag's.
	By string
	// Library is that of the file; see Function.
	Library string
	// Provisioned is how many by provisioned concurrency, which only the file asks for; nil for none.
	Provisioned map[string]int
}

// The values of Wish.By.
const (
	ByFile = "file"
	ByTag  = "tag"
)

// Tagged is a function with the tag caretaker:warm.
type Tagged struct{ Name, Value string }

// Wishes are what the file and the tags ask for, one for each way to call a function, in order, and what
// of the tags could not be heeded. names are the functions that there are, which only patterns need.
// Where the file names a function, its tag does not count.
func Wishes(cfg Config, names []string, tagged []Tagged) (wishes []Wish, skips []Skip) {
	byRef, listed := map[Ref]Wish{}, map[string]bool{}
	add := func(ref Ref, warm, provisioned map[string]int, by, library string) {
		before := byRef[ref]
		wish := Wish{Ref: ref, Warm: highestOf(before.Warm, warm), By: by, Library: cmp.Or(library, before.Library)}
		if len(provisioned)+len(before.Provisioned) > 0 {
			wish.Provisioned = highestOf(before.Provisioned, provisioned)
		}
		byRef[ref] = wish
	}
	for _, function := range cfg.Functions {
		for _, name := range matching(function.Name, names) {
			listed[name] = true
			add(Ref{name, function.Qualifier}, function.Warm, function.Provisioned, ByFile, function.Library)
		}
	}
	for _, one := range tagged {
		if listed[one.Name] {
			skips = append(skips, Skip{Ref{Name: one.Name}, TagOverruled, "its tag says " + strconv.Quote(one.Value)})
			continue
		}
		warm, qualifier, err := parseTag(one.Value, cfg)
		if err != nil {
			skips = append(skips, Skip{Ref{Name: one.Name}, BadTag, err.Error()})
			continue
		}
		add(Ref{one.Name, qualifier}, warm, nil, ByTag, "")
	}
	for _, ref := range slices.SortedFunc(maps.Keys(byRef), Ref.compare) {
		wishes = append(wishes, byRef[ref])
	}
	return wishes, skips
}

// highestOf has the higher count of both in each window.
func highestOf(a, b map[string]int) map[string]int {
	merged := map[string]int{}
	for _, counts := range []map[string]int{a, b} {
		for window, count := range counts {
			merged[window] = max(merged[window], count)
		}
	}
	return merged
}

// Choice are some of the functions that are wished for.
type Choice struct {
	// Ref is a function; without a qualifier, all ways to call it. Empty is every function.
	Ref
	// Instead is the qualifier to call it by in place of those of the file and its tag, with the highest of their
	// counts: a version, before an alias moves to it. Empty leaves them.
	Instead string
}

// of are those of the choice.
func (c Choice) of(wishes []Wish, skips []Skip) ([]Wish, []Skip) {
	if c.Name == "" {
		return wishes, skips
	}
	chosen := func(ref Ref) bool { return ref.Name == c.Name && (c.Qualifier == "" || ref.Qualifier == c.Qualifier) }
	skips = slices.DeleteFunc(slices.Clone(skips), func(s Skip) bool { return !chosen(s.Ref) })
	wishes = slices.DeleteFunc(slices.Clone(wishes), func(w Wish) bool { return !chosen(w.Ref) })
	if c.Instead == "" || len(wishes) == 0 {
		return wishes, skips
	}
	merged := Wish{Ref: Ref{c.Name, c.Instead}, By: wishes[0].By, Library: wishes[0].Library}
	for _, wish := range wishes {
		merged.Warm = highestOf(merged.Warm, wish.Warm)
	}
	return []Wish{merged}, skips
}

// matching are the names that a pattern stands for; a name without * is itself, whether or not there is
// such a function.
func matching(pattern string, names []string) []string {
	if !isPattern(pattern) {
		return []string{pattern}
	}
	var found []string
	for _, name := range names {
		// There is nothing in these patterns but *, and no slash in a name.
		if matched, err := path.Match(pattern, name); err == nil && matched && !strings.HasPrefix(name, ownPrefix) {
			found = append(found, name)
		}
	}
	return found
}

func isPattern(name string) bool { return strings.Contains(name, "*") }

// Tag is the key of the tag, and qualifierKey its word for what callers call the function by.
const (
	Tag          = tag.Warm
	qualifierKey = "qualifier"
)

var (
	countForm     = regexp.MustCompile(`^[1-9][0-9]{0,2}$`)
	qualifierForm = regexp.MustCompile(`^([A-Za-z0-9_-]{1,128}|[$]LATEST)$`)
)

const mostWarm = 500

// parseTag reads the value of a tag: 5, or always=2 office=20 qualifier=live.
func parseTag(value string, cfg Config) (warm map[string]int, qualifier string, err error) {
	wrong := func(allowed string) error {
		return fmt.Errorf("the tag %s is %q: %s", Tag, value, allowed)
	}
	warm = map[string]int{}
	for word := range strings.FieldsSeq(value) {
		name, text, named := strings.Cut(word, "=")
		if !named {
			name, text = Always, word
		}
		if name == qualifierKey {
			if !qualifierForm.MatchString(text) || qualifier != "" {
				return nil, "", wrong("a qualifier is written once, like qualifier=live")
			}
			qualifier = text
			continue
		}
		if _, known := cfg.Windows[name]; !known && name != Always {
			return nil, "", wrong(fmt.Sprintf("there is no window %q; a count may be for %s", name, cfg.windowNames()))
		}
		count, _ := strconv.Atoi(text)
		if !countForm.MatchString(text) || count > mostWarm {
			return nil, "", wrong(fmt.Sprintf("%q is not a whole number from 1 to %d", text, mostWarm))
		}
		if warm[name] != 0 {
			return nil, "", wrong(name + " is there twice")
		}
		warm[name] = count
	}
	if len(warm) == 0 {
		return nil, "", wrong("write how many, like 5 or always=2 office=20")
	}
	return warm, qualifier, nil
}
