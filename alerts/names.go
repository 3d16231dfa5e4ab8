package alerts

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"maps"
	"strings"
	"unicode"

	"caretaker/alerts/label"
	"caretaker/internal/tag"
)

// Prefix begins the names of a stage's alarms, and of no others: the alarms of stacks begin caretaker-, and
// a stage's name has no slash, so that prod is not the beginning of prod-eu.
func Prefix(stage string) string { return "caretaker/" + stage + "/" }

const (
	// longestName is CloudWatch's, in characters:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	longestName = 255
	// longestKey is what names leave free for a check's key.
	longestKey = 20
	// hashed is how many hexadecimal digits stand for what is cut off a name.
	hashed = 12
)

// stem is the name of a resource's alarms without the check. It is the same in every run; where it is cut,
// a digest of the whole keeps two from being one.
func stem(stage string, r Resource) string {
	whole := []rune(Prefix(stage) + r.Title())
	room := longestName - longestKey - 1
	if len(whole) <= room {
		return string(whole)
	}
	digest := sha256.Sum256([]byte(r.Title()))
	return string(whole[:room-hashed-1]) + "~" + hex.EncodeToString(digest[:])[:hashed]
}

func nameOf(stage string, r Resource, key string) string { return stem(stage, r) + "/" + key }

// parts are the stem, the kind and the check in an alarm's name.
func parts(stage, name string) (of string, kind Kind, key string) {
	at := strings.LastIndex(name, "/")
	of, key = name[:max(at, 0)], name[at+1:]
	first, _, _ := strings.Cut(strings.TrimPrefix(of, Prefix(stage)), "/")
	return of, Kind(first), key
}

// serviceOf is whose incident an alarm is part of: what the owner says, else the stack, else the resource.
func serviceOf(r Resource) string {
	if r.Kind == Quota { // the account runs short, and no single quota
		return string(Account)
	}
	if r.Pattern != nil {
		return cmp.Or(r.Pattern.Service, r.Name)
	}
	for _, name := range []string{r.Tags[tag.Service], r.stack()} {
		if name != "" {
			return name
		}
	}
	return r.Name
}

func severityOf(r Resource, c Check) string {
	if text := r.Tags[tag.Severity]; text == label.Critical || text == label.Warning {
		return text
	}
	if r.Pattern != nil {
		return cmp.Or(r.Pattern.Severity, c.Severity)
	}
	return c.Severity
}

const longestTag = 256

// tagsOf are an alarm's tags. A value has 256 characters at most, and only some signs; others become a hyphen:
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
func tagsOf(stage, service, severity string) map[string]string {
	service = strings.Map(func(sign rune) rune {
		if unicode.IsLetter(sign) || unicode.IsNumber(sign) || unicode.IsSpace(sign) || strings.ContainsRune("_.:/=+-@", sign) {
			return sign
		}
		return '-'
	}, service)
	if text := []rune(service); len(text) > longestTag {
		service = string(text[:longestTag])
	}
	return map[string]string{tag.Stage: stage, tag.Service: service, tag.Severity: severity}
}

func keysOf[V any](values map[string]V) iter.Seq[string] { return maps.Keys(values) }
