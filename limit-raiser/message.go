package limitraiser

import (
	"cmp"
	"fmt"
	"strings"

	"caretaker/internal/alarm"
)

// message is what people get: text to read, and the same for programs in at most ten attributes.
// With more SNS hands it to no queue that takes messages without their envelope:
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
type message struct {
	headline, text string
	attributes     map[string]string
	numbers        map[string]float64
}

// subject is the headline as SNS takes it: at most 100 printable ASCII characters.
func (m message) subject() string {
	ascii := strings.Map(func(char rune) rune {
		if char < ' ' || char > '~' {
			return '?'
		}
		return char
	}, m.headline)
	return ascii[:min(len(ascii), 100)]
}

func newMessage(e episode, facts Facts, group []Decision, home Home) message {
	first := group[0]
	for _, decision := range group {
		if decision.Short {
			first = decision
			break
		}
	}
	m := message{headline: headline(facts.Resource, first, len(group))}
	cost := costOf(group)
	stack, link := facts.Tags[stackTag], consoleLink(facts.Resource, home)
	var text strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&text, format+"\n", values...) }
	line("%s", m.headline)
	line("")
	for _, decision := range group {
		line("  %s", sentence(decision))
	}
	line("")
	line("Cause: the alarm %s. %s", e.Alarm.Name, e.Alarm.Reason)
	if cost > 0 {
		line("Added cost: $%.2f a month at list prices, for as long as it stays so.", cost)
	}
	line("Where: account %s, Region %s: %s", home.Account, home.Region, link)
	if stack != "" && first.Outcome == Raised {
		line("The CloudFormation stack %s owns it: its next deployment sets it back, unless you change it there too.", stack)
	}
	if first.Reason == StaysOn && first.Outcome == Met {
		line("More capacity would not help. Look for a hot key, bursts within a minute, auto scaling that does not act, or an alarm that looks further back or stays on without data.")
	}
	if note := lowThreshold(e.Alarm, facts.Resource, first); note != "" {
		line("%s", note)
	}
	m.text = text.String()
	m.attributes = map[string]string{
		"outcome": string(first.Outcome), "reason": string(first.Reason), "resource": facts.Resource.Key(),
		"capacity": first.Part.String(), "cause": e.Alarm.Name, "link": link, "stack": stack,
	}
	m.numbers = map[string]float64{"from": first.From, "to": first.To, "costAMonth": cost}
	return m
}

// headline says the whole in one line.
func headline(resource Resource, first Decision, count int) string {
	what := string(first.Outcome) + ": " + string(first.Reason)
	switch first.Outcome {
	case Raised, WouldRaise:
		what = fmt.Sprintf("%s %s from %s to %s", first.Outcome, first.Part, units(first.From), units(first.To))
		if first.Means == Requested && first.Outcome == Raised {
			what = fmt.Sprintf("asked AWS for %s instead of %s", units(first.To), units(first.From))
		}
		if first.Reason == CutToCost || first.Reason == CutToLimits {
			what += ", " + string(first.Reason)
		}
	case AtMaximum:
		what = fmt.Sprintf("%s is at its maximum of %s and still short", first.Part, units(first.From))
	}
	if count > 1 {
		what += fmt.Sprintf(" (and %d more)", count-1)
	}
	return fmt.Sprintf("Limit-raiser %s: %s", resource.Key(), what)
}

// sentence says what became of one part.
func sentence(d Decision) string {
	text := fmt.Sprintf("%s (%s): %s", d.Part, d.Means, d.Outcome)
	if d.To > d.From {
		text += fmt.Sprintf(" from %s to %s", units(d.From), units(d.To))
	} else if d.From > 0 {
		text += fmt.Sprintf(" at %s", units(d.From))
	}
	return text + ", " + string(d.Reason) + ": " + d.Detail
}

// farBelow is the share of the new capacity under which an alarm's threshold is far too low.
const farBelow = 0.5

// lowThreshold tells an alarm's owner that its threshold was made for less capacity than there
// is now: such an alarm calls again at half the load. Ratios need no such care, and their
// expressions are not compared.
func lowThreshold(alarm alarm.Alarm, resource Resource, first Decision) string {
	if alarm.Threshold == nil || len(alarm.Metrics) != 1 || alarm.Metrics[0].Expression != "" || first.Outcome != Raised {
		return ""
	}
	threshold, comparable := resource.kind().threshold(alarm.Metrics[0], *alarm.Threshold)
	if !comparable || threshold >= first.To*farBelow {
		return ""
	}
	return fmt.Sprintf("The alarm's threshold is %s of the present %s: %.0f %%. Raise it, or watch the ratio by metric math, which follows by itself.",
		units(threshold), units(first.To), 100*threshold/first.To)
}

// consoleLink is where the resource is found in the AWS console.
func consoleLink(resource Resource, home Home) string {
	host := map[string]string{"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}[home.Partition]
	return fmt.Sprintf("https://%s.%s/", home.Region, cmp.Or(host, "console.aws.amazon.com")) + resource.kind().link(resource.Name, home.Region)
}
