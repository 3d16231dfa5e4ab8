package limitraiser

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"caretaker/internal/setting"
)

// The attributes of the ledger's table that the deployment has to know: its partition key, its
// sort key, both strings, and the one by which DynamoDB lets records expire.
const (
	LedgerKey  = "pk"
	LedgerSort = "sk"
	LedgerTTL  = "expires"
)

// How long records stay. An event may come again for as long as a queue keeps it, 14 days,
// once in the queue and once more among the dead letters.
const (
	keepEvents = 30 * setting.Day
	keepAudit  = 400 * setting.Day
)

// ledger is what the raiser remembers, in a DynamoDB table: which events it has handled, what
// is in flight for each resource, what the month's raises cost, and the audit trail. Whoever
// handles an event, or raises a resource, holds a record of it that ends by itself; all writes
// are conditional on being the holder.
type ledger struct {
	db    ledgerAPI
	table string
	now   func() time.Time
}

// newLedger is the ledger in this table. A nil clock is the real one.
func newLedger(db ledgerAPI, table string, now func() time.Time) ledger {
	if now == nil {
		now = time.Now
	}
	return ledger{db: db, table: table, now: now}
}

// held is a record that this process holds.
type held struct {
	key, owner string
}

// standing is what became of an attempt to claim an event.
type standing int

const (
	claimed standing = iota
	// inProgress is claimed by somebody who has not finished and whose time is not up.
	inProgress
	// completed was handled before.
	completed
)

// claim takes an event until then, unless it was handled or is being handled.
func (l ledger) claim(ctx context.Context, event string, until time.Time) (held, standing, error) {
	h := held{key: eventKey(event), owner: rand.Text()}
	_, err := l.db.UpdateItem(ctx, l.update(h.key, "SET #status = :in, #owner = :owner, #until = :until, #event = :event, #ttl = :ttl",
		"attribute_not_exists(#status) OR (#status = :in AND #until < :now)", values{
			":in": str("INPROGRESS"), ":owner": str(h.owner), ":event": str(event), ":until": millis(until), ":now": millis(l.now()), ":ttl": l.expiry(keepEvents),
		}))
	var taken *dynamodbtypes.ConditionalCheckFailedException
	switch {
	case errors.As(err, &taken):
		if text(taken.Item["status"]) == "COMPLETED" {
			return held{}, completed, nil
		}
		// An answer that was lost makes the SDK ask twice; the second time the record is ours.
		if text(taken.Item["owner"]) == h.owner {
			return h, claimed, nil
		}
		return held{}, inProgress, nil
	case err != nil:
		return held{}, 0, fmt.Errorf("claiming the event %s: %w", event, err)
	}
	return h, claimed, nil
}

// complete says that the event was handled. It stays so until the record expires.
func (l ledger) complete(ctx context.Context, h held) error {
	return l.asOwner(ctx, h, "completing", "SET #status = :done REMOVE #until", values{":done": str("COMPLETED")})
}

// completeFor completes the event of a run that died, unless another run is at work on it, which
// then sees for itself.
func (l ledger) completeFor(ctx context.Context, event string) error {
	_, err := l.db.UpdateItem(ctx, l.update(eventKey(event), "SET #status = :done REMOVE #until",
		"#status = :in AND #until < :now", values{":done": str("COMPLETED"), ":in": str("INPROGRESS"), ":now": millis(l.now())}))
	var other *dynamodbtypes.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &other) {
		return fmt.Errorf("completing the event %s: %w", event, err)
	}
	return nil
}

// letGo gives an event back that was not handled, for whoever brings it again.
func (l ledger) letGo(ctx context.Context, h held) error {
	return l.asOwner(ctx, h, "giving back", "SET #until = :then", values{":then": millis(time.UnixMilli(0))})
}

// take holds the resource's record until then; nobody else raises it meanwhile. It is false
// while somebody else holds it.
func (l ledger) take(ctx context.Context, resource string, until time.Time) (held, record, bool, error) {
	h := held{key: "resource#" + resource, owner: rand.Text()}
	input := l.update(h.key, "SET #owner = :owner, #until = :until",
		"attribute_not_exists(#until) OR #until < :now",
		values{":owner": str(h.owner), ":until": millis(until), ":now": millis(l.now())})
	input.ReturnValues = dynamodbtypes.ReturnValueAllNew
	output, err := l.db.UpdateItem(ctx, input)
	var item map[string]dynamodbtypes.AttributeValue
	var taken *dynamodbtypes.ConditionalCheckFailedException
	switch {
	case errors.As(err, &taken) && text(taken.Item["owner"]) == h.owner:
		item = taken.Item
	case errors.As(err, &taken):
		return held{}, record{}, false, nil
	case err != nil:
		return held{}, record{}, false, fmt.Errorf("taking the record of %s: %w", resource, err)
	default:
		item = output.Attributes
	}
	known, err := recordOf(item)
	if err != nil {
		return held{}, record{}, false, errors.Join(fmt.Errorf("reading the record of %s: %w", resource, err), l.release(ctx, h))
	}
	return h, known, true, nil
}

// known reads a resource's record without taking it.
func (l ledger) known(ctx context.Context, resource string) (record, error) {
	item, err := l.get(ctx, "resource#"+resource)
	if err != nil {
		return record{}, fmt.Errorf("reading the record of %s: %w", resource, err)
	}
	known, err := recordOf(item)
	if err != nil {
		return record{}, fmt.Errorf("reading the record of %s: %w", resource, err)
	}
	return known, nil
}

func recordOf(item map[string]dynamodbtypes.AttributeValue) (record, error) {
	var known record
	state := text(item["state"])
	if state == "" {
		return known, nil
	}
	err := json.Unmarshal([]byte(state), &known)
	return known, err
}

// keep writes down what is known of a resource and goes on holding it.
func (l ledger) keep(ctx context.Context, h held, known record) error {
	state, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("writing down %s: %w", h.key, err)
	}
	return l.asOwner(ctx, h, "writing down", "SET #state = :state", values{":state": str(string(state))})
}

// settle writes down what is known of a resource and lets go of it.
func (l ledger) settle(ctx context.Context, h held, known record) error {
	state, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("settling %s: %w", h.key, err)
	}
	return l.asOwner(ctx, h, "settling", "SET #state = :state REMOVE #owner, #until", values{":state": str(string(state))})
}

// release lets go of a resource, of which nothing new is known.
func (l ledger) release(ctx context.Context, h held) error {
	return l.asOwner(ctx, h, "releasing", "REMOVE #owner, #until", nil)
}

// notified are the dedup keys of what people were told in an episode already, and markNotified adds
// those of what they are told now.
func (l ledger) notified(ctx context.Context, episode string) ([]string, error) {
	item, err := l.get(ctx, episodeKey(episode))
	if err != nil {
		return nil, fmt.Errorf("reading the episode %s: %w", episode, err)
	}
	set, _ := item["told"].(*dynamodbtypes.AttributeValueMemberSS)
	if set == nil {
		return nil, nil
	}
	return set.Value, nil
}

func (l ledger) markNotified(ctx context.Context, episode string, what []string) error {
	input := l.update(episodeKey(episode), "ADD #told :what SET #event = :event, #ttl = :ttl", "", values{
		":what": &dynamodbtypes.AttributeValueMemberSS{Value: what}, ":event": str(episode), ":ttl": l.expiry(keepEvents),
	})
	if _, err := l.db.UpdateItem(ctx, input); err != nil {
		return fmt.Errorf("writing down the episode %s: %w", episode, err)
	}
	return nil
}

// single is the sort key of all records but those of the audit trail.
const single = "-"

// The keys of what is known of an event and of an episode hold a digest: an alarm's name in
// another script than Latin would be longer than DynamoDB's keys may be, 2,048 bytes, and 1,024 for
// a sort key. Its attribute says what it is.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
func eventKey(event string) string     { return "event#" + digest(event) }
func episodeKey(episode string) string { return "episode#" + digest(episode) }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (l ledger) expiry(after time.Duration) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatInt(l.now().Add(after).Unix(), 10)}
}
