package logshipper

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"caretaker/log-shipper/document"
)

// Report says what came of an event. It is also the answer that Lambda reads for a stream and a queue.
// It names no log event, and holds nothing of one.
type Report struct {
	// Payloads is how many the event brought, Controls how many of them were CloudWatch's own messages.
	Payloads int `json:"payloads"`
	Controls int `json:"controls,omitempty"`
	// Braked says that DRY_RUN is set: nothing is sent.
	Braked bool `json:"braked,omitempty"`
	// Account is what became of the events. Where there are several destinations, an event counts once for each
	// that it is for.
	Account
	// Destinations are the accounts of the destinations that have a name.
	Destinations map[string]*Account `json:"destinations,omitempty"`
	// Waiting is how many payloads were left for later before anybody looked into them.
	Waiting int `json:"waiting,omitempty"`
	// Gone is how many messages of the queue were about something that was sent already.
	Gone int `json:"gone,omitempty"`
	// Sampled is how many of the filtered events were of invocations that were left out for others like them.
	Sampled int `json:"sampled,omitempty"`
	// Own is how many events came from groups that must not be shipped, OwnGroups the first of these.
	Own       int      `json:"own,omitempty"`
	OwnGroups []string `json:"ownGroups,omitempty"`
	// Marked were changed, Redacted have something redacted.
	Marked   int `json:"marked,omitempty"`
	Redacted int `json:"redacted,omitempty"`
	// Untyped is how many payloads said no, or an unknown, messageType.
	Untyped int `json:"untyped,omitempty"`
	// Letters are the first objects of dead letters that were written.
	Letters []string `json:"letters,omitempty"`
	// Errors are the first of what went wrong otherwise.
	Errors []string `json:"errors,omitempty"`
	// BatchItemFailures are what has to come again of a stream or a queue: never nil, which some read as
	// none and some as an error.
	BatchItemFailures []BatchItemFailure `json:"batchItemFailures"`

	failure []error
}

// BatchItemFailure names a record of a stream, at which and after which all comes again, or a message of
// a queue: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
type BatchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// What a report holds at most of each list, and how long a text in it may be.
const (
	mostListed = 20
	longest    = 500
)

// counted adds what became of the payloads' events on the way to documents.
func (r *Report) counted(c document.Counts) {
	r.Controls += c.Controls
	r.Sampled += c.Sampled
	r.Own += c.Own
	r.Marked += c.Marked
	r.Redacted += c.Redacted
	r.Untyped += c.Untyped
	for _, group := range c.OwnGroups {
		if len(r.OwnGroups) < mostListed && !slices.Contains(r.OwnGroups, group) {
			r.OwnGroups = append(r.OwnGroups, group)
		}
	}
}

// accounts are those that an event counts in that is for a destination of that name.
func (r *Report) accounts(name string) []*Account {
	if name == "" {
		return []*Account{&r.Account}
	}
	if r.Destinations == nil {
		r.Destinations = map[string]*Account{}
	}
	if r.Destinations[name] == nil {
		r.Destinations[name] = new(Account)
	}
	return []*Account{&r.Account, r.Destinations[name]}
}

// sent notes what a destination said beside what became of each document.
func (r *Report) sent(name string, fates document.Fates) {
	for _, account := range r.accounts(name) {
		account.Bare += fates.Bare
		if fates.Err != nil && account.Unsent == "" {
			account.Unsent = cut(fates.Err.Error())
			if name != "" && account == &r.Account {
				account.Unsent = cut(name + ": " + fates.Err.Error())
			}
		}
	}
}

// wrong lists an error that does not end the run in one.
func (r *Report) wrong(err error) {
	if len(r.Errors) < mostListed {
		r.Errors = append(r.Errors, cut(err.Error()))
	}
}

// fail ends the run in an error.
func (r *Report) fail(err error) {
	r.wrong(err)
	r.failure = append(r.failure, err)
}

// settled adds what became of a load.
func (r *Report) settled(l *load, now time.Time) {
	for _, d := range l.dues {
		for _, account := range r.accounts(d.lane.name) {
			account.settled(d)
			if l.waits(d) {
				account.ParkedMs = max(account.ParkedMs, now.UnixMilli()-l.Waiting.Since)
			}
		}
		if d.wrote != "" && len(r.Letters) < mostListed {
			r.Letters = append(r.Letters, d.wrote)
		}
	}
	if l.gone {
		r.Gone++
	}
	if l.untouched {
		r.Waiting++
	}
	for _, err := range []error{l.err, l.leftover} {
		if err != nil {
			r.wrong(err)
		}
	}
}

// why is the reason why something comes again.
func (r *Report) why() string {
	return cmp.Or(strings.Join(append(r.Errors, r.Unsent), "; "), "no time was left")
}

// Imbalance is how many events became nothing, or more than one thing, at any of the destinations. It must be 0.
func (r Report) Imbalance() int {
	if len(r.Destinations) == 0 {
		return r.Account.Imbalance()
	}
	odd := 0
	for _, account := range r.Destinations { // added up they might make up for each other
		odd += max(account.Imbalance(), -account.Imbalance())
	}
	return odd
}

// close checks the accounts, and says how the run ends.
func (r *Report) close() error {
	odd := func(of string, account Account) {
		if odd := account.Imbalance(); odd != 0 {
			r.fail(fmt.Errorf("the account%s does not balance: of %d events %d became nothing, or, below 0, more than one thing", of, account.In, odd))
		}
	}
	if len(r.Destinations) == 0 {
		odd("", r.Account)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Destinations)) {
		odd(" of "+name, *r.Destinations[name])
	}
	return errors.Join(r.failure...)
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest])
	}
	return text
}
