package alerts

import (
	"fmt"
	"slices"
	"strings"

	"caretaker/internal/setting"
	"caretaker/internal/tag"
)

// LogPattern is an alarm on lines of logs, over all log groups that it names together: one metric, one alarm.
// A group is meant that is of one of Functions or matches one of Groups, and has all Tags; of a function's group the tags are
// the function's too. With no names at all, any group with the tags is.
type LogPattern struct {
	// Name is part of the names of its alarm and its filters.
	Name string `json:"name" yaml:"name" form:"^[a-z0-9][a-z0-9-]{0,39}$" allowed:"small letters, digits and hyphens, up to 40, such as payment-refused"`
	// Pattern is one of CloudWatch Logs.
	Pattern string `json:"pattern" yaml:"pattern"`
	// Functions are patterns of functions' names. The group is /aws/lambda/ with the name: one that a function has of its own
	// choice stands in Groups.
	Functions []string `json:"functions" yaml:"functions" form:"^[A-Za-z0-9_*?-]{1,140}$" allowed:"a function's name with * and ?, such as checkout-*"`
	// Groups are patterns of log groups' names.
	Groups []string `json:"groups" yaml:"groups" form:"^[A-Za-z0-9_/.#*?-]{1,512}$" allowed:"a log group's name with * and ?, such as /ecs/shop-*"`
	// Tags must all be there; the value * matches any.
	Tags map[string]string `json:"tags" yaml:"tags"`
	// Threshold is from how many lines in five minutes on it rings. Zero means 1.
	Threshold int `json:"threshold" yaml:"threshold" bounds:"0 to 1000000"`
	// Severity is critical or warning. Empty means warning.
	Severity string `json:"severity" yaml:"severity" form:"^(critical|warning)?$" allowed:"critical or warning"`
	// Service is whose incident it is part of. Empty means the pattern's name.
	Service string `json:"service" yaml:"service" form:"^.{0,256}$" allowed:"up to 256 letters"`
}

// functionGroups begins the names of the log groups that Lambda makes.
const functionGroups = "/aws/lambda/"

// LogGroup is one of CloudWatch Logs.
type LogGroup struct {
	Name string
	ARN  string
	Tags map[string]string
}

// Caretaker's own lines are not looked at: a function that logs what it saw would ring by itself.
func (p LogPattern) means(group LogGroup, functionTags map[string]map[string]string) bool {
	of := functionTags[group.Name]
	if group.Tags[tag.Stage] != "" || of[tag.Stage] != "" {
		return false
	}
	function, is := strings.CutPrefix(group.Name, functionGroups)
	_, byFunction := matches(p.Functions, function)
	_, byGroup := matches(p.Groups, group.Name)
	if len(p.Functions)+len(p.Groups) > 0 && !(is && byFunction) && !byGroup {
		return false
	}
	for _, key := range slices.Sorted(keysOf(p.Tags)) {
		own, theirs := Resource{Tags: group.Tags}, Resource{Tags: of}
		if !tagged(own, key, p.Tags[key]) && !tagged(theirs, key, p.Tags[key]) {
			return false
		}
	}
	return true
}

// PatternFacts are a log pattern of the file, with the stage whose it is.
type PatternFacts struct {
	LogPattern
	Stage string
}

// resource is what its alarm is about.
func (p LogPattern) resource(stage string) Resource {
	return Resource{Kind: Pattern, Name: p.Name, Pattern: &PatternFacts{p, stage}}
}

// measure is the metric that the filters of a pattern write.
func (p PatternFacts) measure() Measure { return sum(logNamespace(p.Stage), p.Name) }

// text is the pattern for people, and the namespace of its metric.
func (p *PatternFacts) text() (pattern, logs string) {
	if p == nil {
		return "", ""
	}
	return p.LogPattern.Pattern, logNamespace(p.Stage)
}

// mostPatterns keeps the policy of the role below what AWS allows.
const mostPatterns = 50

// longestPattern is CloudWatch Logs':
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
const longestPattern = 1024

// validatePatterns says what is wrong with the patterns of the file, as far as that can be seen without AWS.
func (c Config) validatePatterns() []setting.Problem {
	var problems []setting.Problem
	seen := map[string]bool{}
	if count := len(c.LogPatterns); count > mostPatterns {
		problems = append(problems, setting.Problem{Key: section + ".logPatterns", Value: fmt.Sprint(count, " patterns"), Allowed: fmt.Sprint("up to ", mostPatterns)})
	}
	for at, pattern := range c.LogPatterns {
		key := fmt.Sprintf("%s.logPatterns[%d]", section, at)
		wrong := func(field, value, allowed string) {
			problems = append(problems, setting.Problem{Key: key + field, Value: value, Allowed: allowed})
		}
		if pattern.Name == "" || seen[pattern.Name] {
			wrong(".name", pattern.Name, "a name that no other pattern has")
		}
		seen[pattern.Name] = true
		if allowed := unbalanced(pattern.Pattern); allowed != "" {
			wrong(".pattern", pattern.Pattern, allowed)
		}
		if len(pattern.Functions)+len(pattern.Groups)+len(pattern.Tags) == 0 {
			wrong("", pattern.Name, "which log groups it is about, by functions, groups or tags")
		}
	}
	return problems
}

// unbalanced is what a filter pattern should be that AWS would not take; empty where nothing is seen to be wrong.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func unbalanced(pattern string) string {
	trimmed := strings.TrimSpace(pattern)
	switch {
	case trimmed == "":
		return "a filter pattern of CloudWatch Logs, such as ?ERROR ?\"timed out\": an empty one matches every line"
	case len([]rune(pattern)) > longestPattern:
		return fmt.Sprintf("a filter pattern of up to %d letters", longestPattern)
	}
	quoted, escaped, regular := false, false, false
	var open []rune
	pairs := map[rune]rune{')': '(', ']': '[', '}': '{'}
	for _, letter := range trimmed {
		switch {
		case escaped:
			escaped = false
		case letter == '\\':
			escaped = true
		case letter == '"' && !regular:
			quoted = !quoted
		case quoted:
		case letter == '%':
			regular = !regular
		case regular:
		case letter == '(' || letter == '[' || letter == '{':
			open = append(open, letter)
		case pairs[letter] != 0:
			if len(open) == 0 || open[len(open)-1] != pairs[letter] {
				return fmt.Sprintf("a filter pattern in which each %c is opened, or stands in quotation marks", letter)
			}
			open = open[:len(open)-1]
		}
	}
	switch {
	case quoted:
		return "a filter pattern whose quotation marks end"
	case regular:
		return "a filter pattern whose expression between % ends, or in which % stands in quotation marks"
	case len(open) > 0:
		return fmt.Sprintf("a filter pattern in which each %c is closed, or stands in quotation marks", open[len(open)-1])
	}
	return ""
}
