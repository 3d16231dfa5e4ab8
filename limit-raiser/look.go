package limitraiser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/alarm"
	"caretaker/internal/setting"
)

// lookVersion is the version of the message that Encode writes. One that waits in the queue
// while a new version is deployed, or an old one again, must still be read: only ever add to Look,
// and pass over what is not known.
const lookVersion = 1

// Look is the raiser's message to itself, sent with a delay: look at this alarm again.
type Look struct {
	// Alarm is the state change that began the episode; ChangedAt is the episode's beginning.
	Alarm alarm.Alarm
	// Resource is the key of the resource that the episode is about.
	Resource string
	// Step is the number of the step that this look may bring, 1 or more: the alarm itself
	// brought step 0.
	Step int
}

// lookMessage is how a Look is written.
type lookMessage struct {
	Version int   `json:"version"`
	Look    *Look `json:"look"`
}

// Key names this step of the episode.
func (l Look) Key() string {
	return fmt.Sprintf("%s/step/%d", l.Alarm.Key(), l.Step)
}

// Encode writes the message that Decode reads.
func (l Look) Encode() ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("encoding a look: %w", err)
	}
	raw, err := json.Marshal(lookMessage{lookVersion, &l})
	if err != nil {
		return nil, fmt.Errorf("encoding a look: %w", err)
	}
	return raw, nil
}

// decodeLook reads the raiser's own message. It is false for what is not, and does not want to be, one.
func decodeLook(raw json.RawMessage) (look *Look, is bool, failure error) {
	var kind struct {
		Look json.RawMessage `json:"look"`
	}
	if json.Unmarshal(raw, &kind) != nil || len(kind.Look) == 0 {
		return nil, false, nil
	}
	var message lookMessage
	err := json.Unmarshal(raw, &message)
	switch {
	case err != nil:
		err = fmt.Errorf("reading look: %w", err)
	case message.Version != lookVersion || message.Look == nil:
		err = fmt.Errorf("reading version: %d is not %d", message.Version, lookVersion)
	default:
		look = message.Look
		if look.Alarm, err = look.Alarm.Complete(); err == nil {
			err = look.check()
		}
	}
	if err != nil {
		return nil, true, fmt.Errorf("decoding the event: %w", err)
	}
	return look, true, nil
}

func (l Look) check() error {
	if l.Resource == "" || len(l.Resource) > 2048 {
		return errors.New("reading Resource: it is missing, or longer than a key may be")
	}
	if l.Step < 1 || l.Step > mostSteps {
		return fmt.Errorf("reading Step: %d is not 1 to %d", l.Step, mostSteps)
	}
	return nil
}

// An episode of an alarm that nobody ever clears ends after a month: with a step each minute, as
// while it waits, these are the steps.
const (
	longestEpisode = 30 * setting.Day
	mostSteps      = 45_000
)

// lasting are the reasons that no time changes.
var lasting = map[Reason]bool{NotListed: true, NoMaximum: true, NothingToRaise: true, NotShort: true}

// LookAfter is how long after a plan its alarm is looked at again. It is false where nothing would
// come of it.
func (p Plan) LookAfter(options Options) (after time.Duration, due bool) {
	after = options.LookAfter
	for _, decision := range p.Decisions {
		due = due || !lasting[decision.Reason]
		if decision.Outcome == Waiting {
			after = min(after, options.WaitFor)
		}
	}
	return after, due
}

// next is whether and when a visit is followed by a look.
type next struct {
	due   bool
	after time.Duration
	// ended says that one would be due, were the episode not too old.
	ended bool
}

// next is the look after a visit with that plan, unless nothing would come of it; open says that
// nobody knows yet what an earlier raise came to.
func (v visit) next(plan Plan, open bool, options Options, now time.Time) next {
	// A composite alarm that is in ALARM says nothing when another of its children comes, or one
	// comes back.
	look, due := plan.LookAfter(options)
	after := next{due: due || open || v.claims() && v.Alarm.Rule != "", after: look}
	if open {
		after.after = min(after.after, options.WaitFor)
	}
	if after.due && (v.Step >= mostSteps || !options.AsIfNew && now.Sub(v.Alarm.ChangedAt) >= longestEpisode) {
		return next{ended: true}
	}
	return after
}

// look sends the message that brings the episode's next step, where one is due.
func (r *Raiser) look(ctx context.Context, v visit, plan Plan, open bool, report *Report) error {
	next := v.next(plan, open, r.options, r.now())
	if next.ended {
		report.refuse(v.Alarm.Name, "it has been in ALARM for a month: it is looked at again when it changes")
	}
	if !next.due {
		return nil
	}
	body, err := Look{Alarm: v.Alarm, Resource: v.Resource.Key(), Step: v.Step + 1}.Encode()
	if err != nil {
		return err
	}
	_, err = r.aws.SQS.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &r.options.Queue, MessageBody: aws.String(string(body)), DelaySeconds: int32(next.after.Seconds()),
	})
	if err != nil {
		return fmt.Errorf("sending the message to look at %s again: %w", v.Alarm.Name, err)
	}
	report.LooksSent++
	return nil
}
