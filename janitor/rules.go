package janitor

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"caretaker/internal/tag"
)

// The tags of what CloudFormation deployed.
const (
	stackIDTag   = "aws:cloudformation:stack-id"
	stackNameTag = "aws:cloudformation:stack-name"
)

// findingsIndex has the findings by function.
type findingsIndex struct {
	references map[string]map[string]Reference
	unread     map[string]Unread
	// region is what could not be read for the whole Region, and bounded that which concerns the
	// versions up to a date, the latest there is.
	region  *Unread
	bounded *Unread
	dynamic []DynamicTarget
}

func indexed(findings Findings) findingsIndex {
	index := findingsIndex{references: map[string]map[string]Reference{}, unread: map[string]Unread{}, dynamic: findings.Dynamic}
	for _, reference := range findings.References {
		byQualifier := index.references[reference.Function]
		if byQualifier == nil {
			byQualifier = map[string]Reference{}
			index.references[reference.Function] = byQualifier
		}
		// One is enough to keep; of several the same one is named, whatever the order.
		if known, found := byQualifier[reference.Qualifier]; !found || before(reference, known) {
			byQualifier[reference.Qualifier] = reference
		}
	}
	for _, unread := range findings.Unread {
		if unread.bounded() {
			if index.bounded == nil || unread.Until.After(index.bounded.Until) || unread.Until.Equal(index.bounded.Until) && unread.before(*index.bounded) {
				index.bounded = &unread
			}
			continue
		}
		if unread.Function == "" && (index.region == nil || unread.before(*index.region)) {
			index.region = &unread
		}
		if known, found := index.unread[unread.Function]; !found || unread.before(known) {
			index.unread[unread.Function] = unread
		}
	}
	return index
}

// before puts aliases first, since they say the most to a reader.
func before(a, b Reference) bool {
	rank := func(kind Kind) int {
		switch kind {
		case Alias:
			return 0
		case WeightedAlias:
			return 1
		case Invocation:
			return 3
		}
		return 2
	}
	if rank(a.Kind) != rank(b.Kind) {
		return rank(a.Kind) < rank(b.Kind)
	}
	if a.Kind != b.Kind {
		return a.Kind < b.Kind
	}
	return a.By < b.By
}

func (u Unread) before(other Unread) bool {
	return cmp.Or(strings.Compare(u.Check, other.Check), strings.Compare(u.Cause, other.Cause)) < 0
}

// rules decide about the versions of one function.
type rules struct {
	function Function
	self     Self
	keep     Keep
	newest   int
	now      time.Time
	// owner is the reason for which the function's owners or the file keep all versions; hold
	// is the one for which the state of the Region does. Both are empty when there is none.
	owner, hold             Reason
	ownerDetail, holdDetail string
	// bounded, if not nil, keeps the versions up to this number.
	bounded      *Unread
	upTo         int64
	references   map[string]Reference
	aliasChanged time.Time
	// notReached says that the run had no time to read the function.
	notReached bool
}

func rulesFor(function Function, facts Facts, index findingsIndex, cfg Config, now time.Time) rules {
	// Which versions are the newest hangs on the order: it is not taken on trust.
	if !slices.IsSortedFunc(function.Versions, byNumber) {
		function.Versions = slices.SortedFunc(slices.Values(function.Versions), byNumber)
	}
	r := rules{
		function: function, self: facts.Self, keep: cfg.Keep, newest: cfg.Keep.Newest, now: now,
		references: index.references[function.Name], aliasChanged: facts.AliasChanges[function.Name],
		notReached: facts.NotReached[function.Name],
	}
	r.owner, r.ownerDetail = r.ownersWill(cfg)
	r.hold, r.holdDetail = held(function, facts.Findings, index, cfg)
	if r.bounded = index.bounded; r.bounded != nil {
		r.upTo = publishedBy(function.Versions, r.bounded.Until)
	}
	return r
}

// publishedBy is the highest number that was published until then. All below it were as well, whatever
// their dates say: a version's date can move, and its number cannot. One without a date may have been.
func publishedBy(versions []Version, until time.Time) int64 {
	var highest int64
	for _, version := range versions {
		if !version.Published.After(until) {
			highest = max(highest, version.Number)
		}
	}
	return highest
}

func byNumber(a, b Version) int { return cmp.Compare(a.Number, b.Number) }

// ownersWill reads the file's lists and the function's tags.
func (r *rules) ownersWill(cfg Config) (Reason, string) {
	tags := r.function.Tags
	if key := tag.Misspelt(tags); key != "" {
		return TagUnreadable, fmt.Sprintf("%q is not one of the tags that Caretaker knows", key)
	}
	if text, tagged := tags[tag.Keep]; tagged {
		count, err := strconv.Atoi(text)
		if err != nil || count < 1 || count > 10000 {
			return TagUnreadable, fmt.Sprintf("%s=%q is not a whole number from 1 to 10000", tag.Keep, text)
		}
		r.newest = count
	}
	if text, tagged := tags[tag.Janitor]; tagged && text != "on" {
		if text != "off" {
			return TagUnreadable, fmt.Sprintf("%s=%q is neither on nor off", tag.Janitor, text)
		}
		return TaggedOff, ""
	}
	if text, tagged := tags[tag.KeepUntil]; tagged {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return TagUnreadable, fmt.Sprintf("%s=%q is not a date like 2027-01-31", tag.KeepUntil, text)
		}
		if r.now.Before(day.AddDate(0, 0, 1)) {
			return TaggedUntil, text
		}
	}
	if pattern, excluded := matches(cfg.Exclude.Names, r.function.Name); excluded {
		return ExcludedName, pattern
	}
	if key, excluded := anyTag(cfg.Exclude.Tags, tags); excluded {
		return ExcludedTag, key
	}
	if pattern, excluded := matches(cfg.Exclude.Runtimes, r.function.Runtime); excluded {
		return ExcludedRuntime, pattern
	}
	if pattern, excluded := matches(cfg.Exclude.Stacks, tags[stackNameTag]); excluded && tags[stackNameTag] != "" {
		return ExcludedStack, pattern
	}
	if _, included := matches(cfg.Include.Names, r.function.Name); len(cfg.Include.Names) > 0 && !included {
		return NotIncluded, "by name"
	}
	for key, value := range cfg.Include.Tags {
		if have, tagged := tags[key]; !tagged || value != "*" && value != have {
			return NotIncluded, "by tag"
		}
	}
	return "", ""
}

// held says why the state of the Region keeps every version of a function.
func held(function Function, findings Findings, index findingsIndex, cfg Config) (Reason, string) {
	if index.region != nil {
		return CouldNotRead, index.region.Check + ": " + index.region.Cause
	}
	if unread, found := index.unread[function.Name]; found {
		return CouldNotRead, unread.Check + ": " + unread.Cause
	}
	if status := findings.BusyStacks[function.Tags[stackIDTag]]; status != "" {
		return StackBusy, function.Tags[stackNameTag] + " is " + status
	}
	if cfg.Checks.DynamicTargets == IgnoreDynamic {
		return "", ""
	}
	var named *DynamicTarget
	for position, target := range index.dynamic {
		if target.mayName(function.Name) && !target.lookedAt(cfg.Checks.LookedAt) && (named == nil || target.before(*named)) {
			named = &index.dynamic[position]
		}
	}
	if named != nil {
		return MayBeCalled, string(named.Kind) + " " + named.By
	}
	return "", ""
}

func (d DynamicTarget) mayName(function string) bool {
	return d.Function == function || d.Prefix && strings.HasPrefix(function, d.Function)
}

// elsewhereSuffix is what stands behind the name of a target in another Region.
var elsewhereSuffix = regexp.MustCompile(` in [a-z]+(?:-[a-z]+)+-[0-9]$`)

// lookedAt says whether somebody has named the target, or the API whose stage it is.
func (d DynamicTarget) lookedAt(patterns []string) bool {
	name := elsewhereSuffix.ReplaceAllString(d.By, "")
	if _, named := matches(patterns, name); named || d.Kind != APIStage {
		return named
	}
	_, named := matches(patterns, name[:max(0, strings.LastIndex(name, "/"))])
	return named
}

func (d DynamicTarget) before(other DynamicTarget) bool {
	return cmp.Or(strings.Compare(d.By, other.By), strings.Compare(string(d.Kind), string(other.Kind))) < 0
}

// decide appends a decision for each numbered version.
func (r rules) decide(decisions []Decision) []Decision {
	for position, version := range r.function.Versions {
		decision := Decision{Function: r.function.Name, Version: version, Outcome: Kept}
		decision.Reason, decision.Detail = r.reasonToKeep(position, version)
		if decision.Reason == "" {
			decision.Outcome, decision.Reason = Deletable, Superseded
			decision.Detail = ago(r.now.Sub(r.function.Versions[position+1].Published))
		}
		decisions = append(decisions, decision)
	}
	return decisions
}

// reasonToKeep is the first rule that keeps the version; all must allow a deletion.
func (r rules) reasonToKeep(position int, version Version) (Reason, string) {
	qualifier := strconv.FormatInt(version.Number, 10)
	if r.self.Function == r.function.Name && r.self.Version == qualifier {
		return RunsJanitor, ""
	}
	if version.Edge {
		return EdgeReplica, ""
	}
	if version.Deleting {
		return BeingDeleted, ""
	}
	if r.owner != "" {
		return r.owner, r.ownerDetail
	}
	if reference, found := r.references[qualifier]; found {
		return Referenced(reference.Kind), reference.By
	}
	if stays(r.function.Versions[position:]) <= max(1, r.newest) {
		return AmongNewest, strconv.Itoa(r.newest)
	}
	if r.hold != "" {
		return r.hold, r.holdDetail
	}
	if r.bounded != nil && version.Number <= r.upTo {
		return CouldNotRead, r.bounded.Check + ": " + r.bounded.Cause
	}
	if reason, detail := r.grace(r.function.Versions[position+1].Published); reason != "" {
		return reason, detail
	}
	if r.notReached {
		return NotRead, "" // the last of the rules, so that it counts just what may go
	}
	return "", ""
}

// stays is how many of these versions nobody is deleting.
func stays(versions []Version) int {
	count := 0
	for _, version := range versions {
		if !version.Deleting {
			count++
		}
	}
	return count
}

// grace reckons from the later of the next newer version's publication and the function's last
// alias change: only since then nobody was sent to this version any more.
func (r rules) grace(supersededAt time.Time) (Reason, string) {
	if supersededAt.IsZero() {
		return NoDate, ""
	}
	period := r.keep.SupersededFor.Std()
	if period > 0 && r.now.Sub(supersededAt) < period {
		return InGrace, ago(r.now.Sub(supersededAt))
	}
	if period > 0 && r.now.Sub(r.aliasChanged) < period {
		return AliasMoved, ago(r.now.Sub(r.aliasChanged))
	}
	return "", ""
}

func matches(patterns []string, text string) (string, bool) {
	for _, pattern := range patterns {
		if matched, err := path.Match(pattern, text); err == nil && matched {
			return pattern, true
		}
	}
	return "", false
}

func anyTag(wanted, tags map[string]string) (string, bool) {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if have, tagged := tags[key]; tagged && (wanted[key] == "*" || wanted[key] == have) {
			return key, true
		}
	}
	return "", false
}

// ago writes a duration as a person would.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		name string
		long time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if count := int(d / unit.long); count > 1 {
			return fmt.Sprintf("%d %ss ago", count, unit.name)
		} else if count == 1 {
			return "1 " + unit.name + " ago"
		}
	}
	return "just now"
}
