package limitraiser

import (
	"encoding/json"
	"errors"
	"fmt"

	"caretaker/internal/alarm"
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

func decodeLook(raw []byte) (*Look, error) {
	var message lookMessage
	if err := json.Unmarshal(raw, &message); err != nil {
		return nil, fmt.Errorf("reading look: %w", err)
	}
	if message.Version != lookVersion || message.Look == nil {
		return nil, fmt.Errorf("reading version: %d is not %d", message.Version, lookVersion)
	}
	look := message.Look
	whole, err := look.Alarm.Complete()
	if err != nil {
		return nil, err
	}
	look.Alarm = whole
	if err := look.check(); err != nil {
		return nil, err
	}
	return look, nil
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
