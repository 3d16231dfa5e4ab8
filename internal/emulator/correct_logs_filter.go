package emulator

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// optional are the terms of a filter pattern of which any is enough: ?ERROR ?"timed out".
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-unstructured-log-events
var optional = regexp.MustCompile(`\?("(?:[^"]*)"|\S+)`)

// filterLogEvents knows patterns of such terms, which the emulator takes for words that must all be there.
func filterLogEvents(x *exchange) (*answer, error) {
	var asked object
	if err := decode(x.body, &asked); err != nil {
		return nil, err
	}
	pattern, _ := asked["filterPattern"].(string)
	terms := optional.FindAllStringSubmatch(pattern, -1)
	if len(terms) == 0 {
		return x.forward()
	}
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	delete(asked, "filterPattern")
	var found object
	given, err := x.askTarget("logs", logsTarget+"FilterLogEvents", asked, &found)
	if err != nil || !given.ok() {
		return given, err
	}
	events, _ := found["events"].([]any)
	found["events"] = slices.DeleteFunc(events, func(one any) bool {
		event, _ := one.(map[string]any)
		message, _ := event["message"].(string)
		return !slices.ContainsFunc(terms, func(term []string) bool { return strings.Contains(message, strings.Trim(term[1], `"`)) })
	})
	given.body, err = json.Marshal(found)
	return given, err
}
