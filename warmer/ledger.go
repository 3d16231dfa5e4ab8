package warmer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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

// keepRecords is how long what is known of a function stays after it was last written.
const keepRecords = 400 * setting.Day

// ledger is what outlives a run, in a DynamoDB table: who is at work, and which code has the
// middleware. All writes are conditional, so that of two runs one learns that it is not alone.
type ledger struct {
	db    ledgerAPI
	table string
	now   func() time.Time
}

// claim is true for the one run that may ping until then, and answers what the run before left.
func (l ledger) claim(ctx context.Context, until time.Time) (owner string, left lasting, mine bool, err error) {
	owner = rand.Text()
	input := l.update(runKey, single, "SET #owner = :owner, #until = :until", "attribute_not_exists(#until) OR #until < :now", values{
		":owner": str(owner), ":until": number(until.UnixMilli()), ":now": number(l.now().UnixMilli()),
	})
	input.ReturnValues = dynamodbtypes.ReturnValueAllNew
	output, err := l.db.UpdateItem(ctx, input)
	var taken *dynamodbtypes.ConditionalCheckFailedException
	var item values
	switch {
	case errors.As(err, &taken):
		// An answer that was lost makes the SDK ask twice; the second time the claim is ours.
		if item = taken.Item; text(item["owner"]) != owner {
			return owner, lasting{}, false, nil
		}
	case err != nil:
		return "", lasting{}, false, fmt.Errorf("claiming the run: %w", err)
	default:
		item = output.Attributes
	}
	if left, err = leftIn(item); err != nil {
		return "", lasting{}, false, errors.Join(err, l.end(ctx, owner, l.now()))
	}
	return owner, left, true, nil
}

// release ends the claim at a time, and leaves the traces to the next run.
func (l ledger) release(ctx context.Context, owner string, at time.Time, left lasting) error {
	traces, err := remembered(left.traces, l.now())
	looked, wrong := looks(left.looked, l.now())
	if err = errors.Join(err, wrong); err != nil {
		return errors.Join(fmt.Errorf("writing down what was seen: %w", err), l.end(ctx, owner, at))
	}
	return l.own(ctx, owner, "SET #until = :until, #traces = :traces, #looked = :looked", values{":until": number(at.UnixMilli()), ":traces": str(traces), ":looked": str(looked)})
}

func (l ledger) end(ctx context.Context, owner string, at time.Time) error {
	return l.own(ctx, owner, "SET #until = :until", values{":until": number(at.UnixMilli())})
}

// own changes the item of the claim at the end of a run. Somebody else may hold the claim by now, who knows better.
func (l ledger) own(ctx context.Context, owner, expression string, given values) error {
	given[":owner"] = str(owner)
	_, err := l.db.UpdateItem(ctx, l.update(runKey, single, expression, "#owner = :owner", given))
	var taken *dynamodbtypes.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &taken) {
		return fmt.Errorf("ending the claim of the run: %w", err)
	}
	return nil
}

// keep writes down what the warmer provisioned, or is about to. It is false for a run that lost its claim: another
// one decides by now.
func (l ledger) keep(ctx context.Context, owner string, provisions map[string]provision) (mine bool, err error) {
	written, err := json.Marshal(provisions)
	if err != nil {
		return false, fmt.Errorf("writing down what is provisioned: %w", err)
	}
	// The claim must hold still: what comes after this is a change that costs money.
	_, err = l.db.UpdateItem(ctx, l.update(runKey, single, "SET #provisioned = :provisioned", "#owner = :owner AND #until > :now", values{
		":provisioned": str(string(written)), ":owner": str(owner), ":now": number(l.now().UnixMilli()),
	}))
	var taken *dynamodbtypes.ConditionalCheckFailedException
	switch {
	case errors.As(err, &taken):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("writing down what is provisioned: %w", err)
	}
	return true, nil
}

// peek reads what the last run left, and when the claim of the one at work ends, without one of its own.
func (l ledger) peek(ctx context.Context) (left lasting, until time.Time, err error) {
	output, err := l.db.Query(ctx, &dynamodb.QueryInput{
		TableName: &l.table, ConsistentRead: aws.Bool(true), Limit: aws.Int32(1), KeyConditionExpression: aws.String("#pk = :pk AND #sk = :sk"),
		ExpressionAttributeNames: map[string]string{"#pk": LedgerKey, "#sk": LedgerSort}, ExpressionAttributeValues: values{":pk": str(runKey), ":sk": str(single)},
	})
	if err != nil {
		return lasting{}, until, fmt.Errorf("reading what the last run left: %w", err)
	}
	var item values
	if len(output.Items) > 0 {
		item, until = output.Items[0], time.UnixMilli(whole(output.Items[0]["until"]))
	}
	left, err = leftIn(item)
	return left, until, err
}

// leftIn reads what the item of the claim holds. Traces that cannot be read are learned anew; what was
// provisioned is never taken for nothing.
func leftIn(item map[string]dynamodbtypes.AttributeValue) (lasting, error) {
	left := lasting{traces: map[string]trace{}, provisions: map[string]provision{}, looked: map[string]int64{}}
	if json.Unmarshal([]byte(text(item["traces"])), &left.traces) != nil || left.traces == nil {
		left.traces = map[string]trace{}
	}
	if json.Unmarshal([]byte(text(item["looked"])), &left.looked) != nil || left.looked == nil {
		left.looked = map[string]int64{}
	}
	if written := text(item["provisioned"]); written != "" {
		if err := json.Unmarshal([]byte(written), &left.provisions); err != nil {
			return left, fmt.Errorf("reading what was provisioned: %w", err)
		}
	}
	return left, nil
}

// recall reads what is known of functions, by their names.
func (l ledger) recall(ctx context.Context) (map[string]record, error) {
	records := map[string]record{}
	pages := dynamodb.NewQueryPaginator(l.db, &dynamodb.QueryInput{
		TableName: &l.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("#pk = :pk"),
		ExpressionAttributeNames: map[string]string{"#pk": LedgerKey}, ExpressionAttributeValues: values{":pk": str(functionKey)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading what is known of functions: %w", err)
		}
		for _, item := range page.Items {
			name, r := text(item[LedgerSort]), record{}
			if err := json.Unmarshal([]byte(text(item["state"])), &r); err != nil {
				return nil, fmt.Errorf("reading what is known of %s: %w", name, err)
			}
			r.revision = whole(item["revision"])
			records[name] = r
		}
	}
	return records, nil
}

// write writes what is known of a function over the revision that was read. It is false where somebody else
// wrote meanwhile.
func (l ledger) write(ctx context.Context, function string, r record) (written record, mine bool, err error) {
	state, err := json.Marshal(r)
	if err != nil {
		return r, false, fmt.Errorf("writing down %s: %w", function, err)
	}
	condition, given := "#revision = :before", values{
		":state": str(string(state)), ":revision": number(r.revision + 1), ":before": number(r.revision),
		":ttl": number(l.now().Add(keepRecords).Unix()),
	}
	if r.revision == 0 {
		condition = "attribute_not_exists(#revision)"
		delete(given, ":before")
	}
	_, err = l.db.UpdateItem(ctx, l.update(functionKey, function, "SET #state = :state, #revision = :revision, #ttl = :ttl", condition, given))
	var taken *dynamodbtypes.ConditionalCheckFailedException
	switch {
	case errors.As(err, &taken):
		// As with a claim: an answer that was lost.
		mine = text(taken.Item["state"]) == string(state) && whole(taken.Item["revision"]) == r.revision+1
	case err != nil:
		return r, false, fmt.Errorf("writing down %s: %w", function, err)
	default:
		mine = true
	}
	r.revision++
	return r, mine, nil
}

// HasLedger tells whether there is a ledger of this name; without a deployment there is none.
func HasLedger(ctx context.Context, clients Clients, table string) (bool, error) {
	_, err := clients.Ledger.Query(ctx, &dynamodb.QueryInput{
		TableName: &table, Limit: aws.Int32(1), KeyConditionExpression: aws.String("#pk = :pk"),
		ExpressionAttributeNames: map[string]string{"#pk": LedgerKey}, ExpressionAttributeValues: values{":pk": str(runKey)},
	})
	var absent *dynamodbtypes.ResourceNotFoundException
	switch {
	case errors.As(err, &absent):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("looking for the table %s: %w", table, err)
	}
	return true, nil
}

// The partition keys, and the sort key of what there is once.
const (
	runKey      = "run"
	functionKey = "function"
	single      = "-"
)

type values = map[string]dynamodbtypes.AttributeValue

// names are the attributes by the placeholders of expressions.
var names = map[string]string{"#owner": "owner", "#until": "until", "#state": "state", "#revision": "revision", "#ttl": LedgerTTL, "#traces": "traces", "#looked": "looked", "#provisioned": "provisioned"}

func (l ledger) update(partition, sort, expression, condition string, given values) *dynamodb.UpdateItemInput {
	used := map[string]string{}
	for placeholder, name := range names {
		if strings.Contains(expression+condition, placeholder) { // DynamoDB refuses any other
			used[placeholder] = name
		}
	}
	return &dynamodb.UpdateItemInput{
		TableName: &l.table, Key: values{LedgerKey: str(partition), LedgerSort: str(sort)},
		UpdateExpression: &expression, ConditionExpression: &condition, ExpressionAttributeNames: used, ExpressionAttributeValues: given,
		ReturnValuesOnConditionCheckFailure: dynamodbtypes.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

func str(value string) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberS{Value: value}
}

func number(value int64) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}

// text and whole read values: zero for what is absent or of another type.

func text(value dynamodbtypes.AttributeValue) string {
	member, _ := value.(*dynamodbtypes.AttributeValueMemberS)
	if member == nil {
		return ""
	}
	return member.Value
}

func whole(value dynamodbtypes.AttributeValue) int64 {
	member, _ := value.(*dynamodbtypes.AttributeValueMemberN)
	if member == nil {
		return 0
	}
	parsed, _ := strconv.ParseInt(member.Value, 10, 64)
	return parsed
}
