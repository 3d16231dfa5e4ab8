package limitraiser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// announce writes raises, refusals and maximums into the audit trail and tells people: of a
// raise each time, of all else once an episode. What needs nobody's attention is in the report
// alone.
func (r *Raiser) announce(ctx context.Context, e episode, facts Facts, plan Plan, at time.Time, report *Report) error {
	var failures []error
	for _, notice := range notices(plan) {
		failures = append(failures, r.notify(ctx, e, facts, notice, at, report))
	}
	return errors.Join(failures...)
}

// notices are the decisions that people are told of, by outcome and reason.
func notices(plan Plan) [][]Decision {
	var groups [][]Decision
	for _, decision := range plan.Decisions {
		switch decision.Outcome {
		case Raised, WouldRaise, Refused, AtMaximum, Failed:
		default:
			continue
		}
		same := slices.IndexFunc(groups, func(group []Decision) bool {
			return group[0].Outcome == decision.Outcome && group[0].Reason == decision.Reason
		})
		if same < 0 {
			groups = append(groups, []Decision{decision})
			continue
		}
		groups[same] = append(groups[same], decision)
	}
	return groups
}

func (r *Raiser) notify(ctx context.Context, e episode, facts Facts, group []Decision, at time.Time, report *Report) error {
	once := group[0].Outcome != Raised
	said := string(group[0].Outcome) + ": " + string(group[0].Reason)
	if once {
		told, err := r.ledger.told(ctx, e.key(facts.Resource), said)
		if err != nil || told {
			return err
		}
	}
	for _, decision := range group {
		err := r.ledger.record(ctx, Entry{
			At: at, Resource: facts.Resource.Key(), Part: decision.Part.String(), Means: decision.Means,
			Outcome: decision.Outcome, Reason: decision.Reason, Detail: decision.Detail, From: decision.From, To: decision.To,
			CostAMonth: decision.CostAMonth, Alarm: e.Alarm.Name, Event: e.event(facts.Resource), Step: e.Step,
		})
		if err != nil {
			return err
		}
	}
	if err := r.publish(ctx, newMessage(e, facts, group, r.home(ctx), cmp.Or(r.options.Stage, "default")), report); err != nil {
		return err
	}
	if once {
		return r.ledger.tell(ctx, e.key(facts.Resource), said)
	}
	return nil
}

func (r *Raiser) publish(ctx context.Context, m message, report *Report) error {
	if r.options.Topic == "" {
		return nil
	}
	attributes := map[string]snstypes.MessageAttributeValue{}
	for name, value := range m.attributes {
		if value != "" {
			attributes[name] = snstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	for name, value := range m.numbers {
		text := strconv.FormatFloat(value, 'f', -1, 64)
		attributes[name] = snstypes.MessageAttributeValue{DataType: aws.String("Number"), StringValue: &text}
	}
	_, err := r.aws.SNS.Publish(ctx, &sns.PublishInput{
		TopicArn: &r.options.Topic, Subject: aws.String(m.subject()), Message: aws.String(m.text), MessageAttributes: attributes,
	})
	if err != nil {
		return fmt.Errorf("sending the message about %s: %w", m.attributes["resource"], err)
	}
	report.MessagesSent++
	return nil
}

// message is what people get: text to read, and the same for programs.
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

func newMessage(e episode, facts Facts, group []Decision, home Home, stage string) message {
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
	if note := lowThreshold(e.Alarm, facts.Resource, first); note != "" {
		line("%s", note)
	}
	m.text = text.String()
	m.attributes = map[string]string{
		"part": "limit-raiser", "stage": stage, "outcome": string(first.Outcome), "reason": string(first.Reason),
		"resource": facts.Resource.Key(), "capacity": first.Part.String(), "cause": e.Alarm.Name, "link": link, "stack": stack,
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
func lowThreshold(alarm Alarm, resource Resource, first Decision) string {
	if alarm.Threshold == nil || len(alarm.Metrics) != 1 || alarm.Metrics[0].Expression != "" || first.Outcome != Raised {
		return ""
	}
	metric, threshold := alarm.Metrics[0], *alarm.Threshold
	switch {
	case strings.HasPrefix(metric.Name, "Consumed") && strings.EqualFold(metric.Stat, "Sum") && metric.Period > 0:
		threshold /= metric.Period.Seconds()
	case metric.Name == "ConcurrentExecutions", resource.Kind == KindQuota:
	default:
		return ""
	}
	if threshold >= first.To*farBelow {
		return ""
	}
	return fmt.Sprintf("The alarm's threshold is %s, of now %s: %.0f %%. Raise it, or watch the ratio by metric math, which follows by itself.",
		units(threshold), units(first.To), 100*threshold/first.To)
}

// consoleLink is where the resource is found in the AWS console.
func consoleLink(resource Resource, home Home) string {
	host := map[string]string{"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}[home.Partition]
	base := fmt.Sprintf("https://%s.%s/", home.Region, cmp.Or(host, "console.aws.amazon.com"))
	switch resource.Kind {
	case KindTable:
		return base + "dynamodbv2/home?region=" + home.Region + "#table?name=" + resource.Name
	case KindStream:
		return base + "kinesis/home?region=" + home.Region + "#/streams/details/" + resource.Name
	case KindFunction:
		return base + "lambda/home?region=" + home.Region + "#/functions/" + resource.Name
	}
	service, quota, _ := strings.Cut(resource.Name, "/")
	return base + "servicequotas/home/services/" + service + "/quotas/" + quota
}
