package alerts

import (
	"path"
	"slices"
	"strings"

	"caretaker/alerts/label"
	"caretaker/internal/tag"
)

// verdict is what file and tags say of a resource.
type verdict struct {
	// reason says why it has no alarms at all; empty where it has.
	reason Reason
	detail string
	// asked is by the keys of the checks.
	asked   map[string]asked
	remarks []Remark
}

// judge reads the file, and then the resource's tags, which go before it.
func judge(r Resource, cfg Config) verdict {
	v := verdict{asked: map[string]asked{}}
	for _, check := range checksOf(r.Kind) {
		if text := cfg.Thresholds[check.Path()]; text != "" {
			v.asked[check.Key], _ = check.parse(text) // the file was validated
		}
	}
	v.reason, v.detail = chosen(r, cfg)
	for _, key := range slices.Sorted(keysOf(r.Tags)) {
		v.readTag(r, key, r.Tags[key])
	}
	return v
}

// readTag reads one tag. One that cannot be read changes nothing, and is remarked.
func (v *verdict) readTag(r Resource, key, value string) {
	remark := func(allowed string) {
		v.remarks = append(v.remarks, Remark{r.Title(), key, value, allowed})
	}
	name, metric := strings.CutPrefix(key, tag.Alarm)
	switch {
	case key == tag.Alarms && value == "off":
		if v.reason == "" {
			v.reason, v.detail = TaggedOff, ""
		}
	case key == tag.Alarms:
		remark("off")
	case key == tag.Severity && value != label.Critical && value != label.Warning:
		remark(label.Critical + " or " + label.Warning)
	case metric:
		check, known := checkAt(string(r.Kind) + "." + name)
		if !known {
			remark("at a " + string(r.Kind) + " " + tag.Alarm + " is followed by one of " + paths(r.Kind))
			return
		}
		ask, allowed := check.parse(value)
		if allowed != "" {
			remark(allowed)
			return
		}
		v.asked[check.Key] = ask
	case tag.Misspelt(map[string]string{key: value}) != "":
		remark("no tag of Caretaker's is called so: " + tag.Alarms + ", " + tag.Alarm + "<check>, " + tag.Service + " and " + tag.Severity + " are about alarms")
	}
}

// chosen says why a resource is not watched; empty where it is.
func chosen(r Resource, cfg Config) (Reason, string) {
	if stage, own := r.Tags[tag.Stage]; own {
		return IsOwn, "stage " + stage
	}
	if r.Kind == Pattern { // it says itself what it is about
		return "", ""
	}
	if pattern, is := matches(cfg.Exclude.Names, r.Name); is {
		return ExcludedName, pattern
	}
	if pattern, is := matches(cfg.Exclude.Stacks, r.stack()); is && r.stack() != "" {
		return ExcludedStack, pattern
	}
	for _, key := range slices.Sorted(keysOf(cfg.Exclude.Tags)) {
		if tagged(r, key, cfg.Exclude.Tags[key]) {
			return ExcludedTag, key + "=" + r.Tags[key]
		}
	}
	if _, is := matches(cfg.Include.Names, r.Name); !is && len(cfg.Include.Names) > 0 {
		return NotIncluded, "by name"
	}
	if _, is := matches(cfg.Include.Stacks, r.stack()); len(cfg.Include.Stacks) > 0 && (!is || r.stack() == "") {
		return NotIncluded, "by stack"
	}
	for _, key := range slices.Sorted(keysOf(cfg.Include.Tags)) {
		if !tagged(r, key, cfg.Include.Tags[key]) {
			return NotIncluded, "by the tag " + key
		}
	}
	return "", ""
}

func tagged(r Resource, key, value string) bool {
	has, there := r.Tags[key]
	return there && (value == "*" || value == has)
}

// matches is the first of the patterns that a name matches. A * passes over slashes, which stand in the
// names of indexes and rules.
func matches(patterns []string, name string) (string, bool) {
	flat := func(text string) string { return strings.ReplaceAll(text, "/", "\x00") }
	for _, pattern := range patterns {
		if is, err := path.Match(flat(pattern), flat(name)); err == nil && is {
			return pattern, true
		}
	}
	return "", false
}
