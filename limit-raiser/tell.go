package limitraiser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"caretaker/internal/alarm"
)

// notice is what people are to be told and the audit trail is to hold: decisions of one outcome,
// for one reason.
type notice struct {
	// Episode is the step that made them, without what no message needs of its alarm.
	Episode   episode    `json:"episode"`
	At        time.Time  `json:"at"`
	Decisions []Decision `json:"decisions"`
	// Stack is the CloudFormation stack that owns the resource; empty where none does.
	Stack string `json:"stack,omitempty"`
}

// news is what there is to tell of a plan: of raises each time, of refusals and maximums what was
// not told in the episode yet, and once that an alarm stays on though nothing is left to raise.
// What needs nobody's attention is in the report alone.
func (r *Raiser) news(ctx context.Context, h hold, facts Facts, plan Plan) ([]notice, error) {
	if !h.ours() {
		return nil, nil // whoever has the resource tells of it
	}
	if h.Step >= patientSteps && plan.At.Sub(h.Alarm.ChangedAt) >= patience && plan.At.Sub(h.known.last()) >= patience {
		plan = plan.lingering()
	}
	if !slices.ContainsFunc(plan.Decisions, func(d Decision) bool { return dedupKey(d) != "" }) {
		return notices(h.episode, facts, plan, nil), nil
	}
	notified, err := r.ledger.notified(ctx, h.key(h.Resource))
	if err != nil {
		return nil, err
	}
	for _, waiting := range h.known.Unsent {
		if waiting.Episode.key(h.Resource) == h.key(h.Resource) {
			notified = append(notified, waiting.dedupKeys()...)
		}
	}
	return notices(h.episode, facts, plan, notified), nil
}

// How long an alarm may stay on that more capacity would not help, or which a raise has yet to
// calm, before people are told.
const (
	patience     = 15 * time.Minute
	patientSteps = 3
)

// notices are the decisions to tell of, but for those whose dedup keys are among the notified.
func notices(e episode, facts Facts, plan Plan, notified []string) []notice {
	e.Alarm.Rule, e.Alarm.Description, e.Alarm.Attributes, e.Alarm.Recent = "", "", nil, alarm.Recent{}
	if len(e.Alarm.Metrics) != 1 {
		e.Alarm.Metrics = nil
	}
	var list []notice
	for _, decision := range plan.Decisions {
		dedup := dedupKey(decision)
		if decision.Outcome != Raised && (dedup == "" || slices.Contains(notified, dedup)) {
			continue
		}
		same := slices.IndexFunc(list, func(other notice) bool {
			return other.Decisions[0].Outcome == decision.Outcome && other.Decisions[0].Reason == decision.Reason
		})
		if same < 0 {
			same, list = len(list), append(list, notice{Episode: e, At: plan.At, Stack: facts.Tags[stackTag]})
		}
		list[same].Decisions = append(list[same].Decisions, decision)
	}
	return list
}

// dedupKey is what people are told of a decision once an episode; empty for what they are told
// each time, or never.
func dedupKey(decision Decision) string {
	switch decision.Outcome {
	case WouldRaise, Refused, AtMaximum, Failed:
		return string(decision.Outcome) + ": " + string(decision.Reason) + ": " + decision.Part.String()
	case Met, Waiting:
		if decision.Reason == StaysOn || decision.Reason == AlarmTooLow {
			return string(decision.Reason)
		}
	}
	return ""
}

// dedupKeys are those of all its decisions, each once.
func (n notice) dedupKeys() []string {
	var notified []string
	for _, decision := range n.Decisions {
		if dedup := dedupKey(decision); dedup != "" && !slices.Contains(notified, dedup) {
			notified = append(notified, dedup)
		}
	}
	return notified
}

// tell tells of a resource what there is to tell, oldest first, and hands back what it could not.
// A refusal may be of one message; an outage would keep all others waiting just as long, in this
// run those of other resources too, and the raises behind them.
func (r *Raiser) tell(ctx context.Context, resource Resource, list []notice, report *Report) ([]notice, error) {
	var unsent []notice
	var failures []error
	for _, one := range list {
		if report.outage != nil {
			unsent = append(unsent, one)
			continue
		}
		if err := r.tellOne(ctx, resource, one, report); err != nil {
			failures, unsent = append(failures, err), append(unsent, one)
			if answerOf(err) != no {
				report.outage = err
			}
		}
	}
	if len(unsent) > 0 && len(failures) == 0 {
		failures = append(failures, report.outage)
	}
	for weight(unsent) > mostUnsent {
		first := unsent[0].Decisions
		failures = append(failures, fmt.Errorf("too many messages are unsent, and people will not be told this: %s", headline(resource, first[0], len(first))))
		unsent = unsent[1:]
	}
	return unsent, errors.Join(failures...)
}

// mostUnsent is how many bytes of a record are for what is unsent: DynamoDB takes 400 KB in all.
const mostUnsent = 200_000

func weight(list []notice) int {
	raw, _ := json.Marshal(list)
	return len(raw)
}

func (r *Raiser) tellOne(ctx context.Context, resource Resource, n notice, report *Report) error {
	for _, decision := range n.Decisions {
		err := r.ledger.audit(ctx, Entry{
			At: n.At, Resource: resource.Key(), Part: decision.Part.String(), Means: decision.Means,
			Outcome: decision.Outcome, Reason: decision.Reason, Detail: decision.Detail, From: decision.From, To: decision.To,
			CostAMonth: decision.CostAMonth, Alarm: n.Episode.Alarm.Name, Event: n.Episode.event(resource), Step: n.Episode.Step,
		})
		if err != nil {
			return err
		}
	}
	facts := Facts{Resource: resource, Tags: map[string]string{stackTag: n.Stack}}
	if err := r.publish(ctx, newMessage(n.Episode, facts, n.Decisions, r.home(ctx)), report); err != nil {
		return err
	}
	if notified := n.dedupKeys(); len(notified) > 0 {
		return r.ledger.markNotified(ctx, n.Episode.key(resource), notified)
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
