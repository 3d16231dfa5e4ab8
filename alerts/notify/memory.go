package notify

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// MemoryKey is the partition key of the notifier's table, a text.
const MemoryKey = "pk"

// memory is the state between runs: one item of a DynamoDB table, compressed. A run holds it from
// reading to writing, so that two at once do not open the same incident twice, for no longer than
// the run may take.
type memory struct {
	db    memoryAPI
	table string
	now   func() time.Time
	// retry is how long a run waits between two looks whether another is done.
	retry time.Duration
	// length is how long a run holds the state without saying that it is alive, which it does in renew:
	// one that was killed keeps others waiting for no longer.
	length, renew time.Duration
}

// errHeld is that another run was at work for as long as this one had time to wait.
var errHeld = errors.New("another run holds what is remembered")

// remembered is all that the table holds.
type remembered struct {
	// State is what people were told: in Slack, or where there is none, the way that there is.
	State
	// Q is what Amazon Q was told beside Slack; nil where it is not.
	Q *State `json:"amazonQ,omitempty"`
}

// take reads the state and holds it.
func (m memory) take(ctx context.Context) (owner string, state remembered, err error) {
	owner = rand.Text()
	for {
		state, err = m.attempt(ctx, owner, m.now().Add(m.length))
		if !errors.Is(err, errHeld) {
			return owner, state, err
		}
		if pause(ctx, m.retry) != nil {
			return owner, remembered{}, errHeld
		}
	}
}

// hold goes on holding the state until the returned function is called. Without an owner there is nothing
// to hold.
func (m memory) hold(ctx context.Context, owner string) (end func()) {
	if owner == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause(ctx, m.renew) == nil {
			// Whoever has taken it meanwhile knows better: this run then cannot write either.
			_, _ = m.db.UpdateItem(ctx, m.update("SET #until = :until", "#owner = :owner", map[string]dynamodbtypes.AttributeValue{
				":owner": str(owner), ":until": millis(m.now().Add(m.length)),
			}))
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func (m memory) attempt(ctx context.Context, owner string, until time.Time) (remembered, error) {
	input := m.update("SET #owner = :owner, #until = :until", "attribute_not_exists(#until) OR #until < :now", map[string]dynamodbtypes.AttributeValue{
		":owner": str(owner), ":until": millis(until), ":now": millis(m.now()),
	})
	input.ReturnValues = dynamodbtypes.ReturnValueAllNew
	input.ReturnValuesOnConditionCheckFailure = dynamodbtypes.ReturnValuesOnConditionCheckFailureAllOld
	output, err := m.db.UpdateItem(ctx, input)
	var taken *dynamodbtypes.ConditionalCheckFailedException
	switch {
	case errors.As(err, &taken):
		// An answer that was lost makes the SDK ask twice; the second time the item is ours.
		if holder, _ := taken.Item["owner"].(*dynamodbtypes.AttributeValueMemberS); holder == nil || holder.Value != owner {
			return remembered{}, errHeld
		}
		return unpack(taken.Item["state"])
	case err != nil:
		return remembered{}, fmt.Errorf("reading what is remembered: %w", err)
	}
	return unpack(output.Attributes["state"])
}

// keep writes the state down and lets go of it.
func (m memory) keep(ctx context.Context, owner string, state remembered) error {
	packed, err := pack(state)
	if err != nil {
		return fmt.Errorf("writing down what to remember: %w", err)
	}
	_, err = m.db.UpdateItem(ctx, m.update("SET #state = :state REMOVE #owner, #until", "#owner = :owner", map[string]dynamodbtypes.AttributeValue{
		":owner": str(owner), ":state": &dynamodbtypes.AttributeValueMemberB{Value: packed},
	}))
	if err != nil {
		return fmt.Errorf("writing down what to remember: %w", err)
	}
	return nil
}

func (m memory) update(expression, condition string, values map[string]dynamodbtypes.AttributeValue) *dynamodb.UpdateItemInput {
	names := map[string]string{"#owner": "owner", "#until": "until"}
	if _, writes := values[":state"]; writes {
		names["#state"] = "state"
	}
	return &dynamodb.UpdateItemInput{
		TableName: &m.table, Key: map[string]dynamodbtypes.AttributeValue{MemoryKey: str("state")},
		UpdateExpression: &expression, ConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}
}

// mostPacked is what an item has room for, 400 KB, less its names:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const mostPacked = 390_000

// mostUnpacked is far more than the memory of 20,000 alarms takes.
const mostUnpacked = 64 << 20

// pack compresses a state. One that is still too large loses the words of its alarms first, which are in
// the messages already, and then what is over.
func pack(state remembered) ([]byte, error) {
	for _, less := range []func(State) State{func(s State) State { return s }, wordless, withoutOver} {
		packing := remembered{State: less(state.State)}
		if state.Q != nil {
			beside := less(*state.Q)
			packing.Q = &beside
		}
		text, err := json.Marshal(packing)
		if err != nil {
			return nil, err
		}
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		if _, err := writer.Write(text); err != nil {
			return nil, err
		}
		if err := writer.Close(); err != nil {
			return nil, err
		}
		if packed.Len() <= mostPacked {
			return packed.Bytes(), nil
		}
	}
	return nil, errors.New("it is too large for an item of DynamoDB")
}

func unpack(value dynamodbtypes.AttributeValue) (remembered, error) {
	packed, is := value.(*dynamodbtypes.AttributeValueMemberB)
	if !is {
		return remembered{}, nil // the first run
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed.Value))
	if err != nil {
		return remembered{}, fmt.Errorf("reading what is remembered: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(reader, mostUnpacked))
	if err != nil {
		return remembered{}, fmt.Errorf("reading what is remembered: %w", err)
	}
	var state remembered
	if err := json.Unmarshal(text, &state); err != nil {
		return remembered{}, fmt.Errorf("reading what is remembered: %w", err)
	}
	return state, nil
}

func str(value string) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberS{Value: value}
}

func millis(at time.Time) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatInt(at.UnixMilli(), 10)}
}
