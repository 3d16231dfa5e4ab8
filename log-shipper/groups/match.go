package groups

import "strings"

// matches is the first of the patterns that a name matches.
func matches(patterns []string, name string) (string, bool) {
	for _, pattern := range patterns {
		if match(pattern, name) {
			return pattern, true
		}
	}
	return "", false
}

// match is path.Match without classes, and with a * that passes over slashes: the names of log
// groups are full of them.
func match(pattern, name string) bool {
	star, retry := -1, 0 // the last *, and where in the name what comes after it is tried next
	at, in := 0, 0
	for in < len(name) {
		switch {
		case at < len(pattern) && pattern[at] == '*':
			star, retry = at, in
			at++
		case at < len(pattern) && (pattern[at] == '?' || pattern[at] == name[in]):
			at++
			in++
		case star >= 0:
			retry++
			at, in = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[at:], "*") == ""
}
