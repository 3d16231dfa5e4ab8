package limitraiser

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type values map[string]dynamodbtypes.AttributeValue

func key(partition, sort string) map[string]dynamodbtypes.AttributeValue {
	return map[string]dynamodbtypes.AttributeValue{LedgerKey: str(partition), LedgerSort: str(sort)}
}

// names are the attributes by the placeholders of expressions: most are words that DynamoDB keeps
// for itself.
var names = map[string]string{
	"#status": "status", "#owner": "owner", "#until": "until", "#state": "state", "#spent": "spent", "#changes": "changes", "#told": "told", "#event": "event", "#ttl": LedgerTTL,
}

func (l ledger) update(partition, expression, condition string, given values) *dynamodb.UpdateItemInput {
	input := &dynamodb.UpdateItemInput{
		TableName: &l.table, Key: key(partition, single), UpdateExpression: &expression,
		ExpressionAttributeNames:            used(expression + condition),
		ReturnValuesOnConditionCheckFailure: dynamodbtypes.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if condition != "" {
		input.ConditionExpression = &condition
	}
	if len(given) > 0 {
		input.ExpressionAttributeValues = given
	}
	return input
}

// asOwner changes a record that this process still holds. Its time may be up and somebody
// else may hold it; that one then knows better.
func (l ledger) asOwner(ctx context.Context, h held, doing, expression string, given values) error {
	if given == nil {
		given = values{}
	}
	given[":me"] = str(h.owner)
	if _, err := l.db.UpdateItem(ctx, l.update(h.key, expression, "#owner = :me", given)); err != nil {
		return fmt.Errorf("%s %s: %w", doing, h.key, err)
	}
	return nil
}

func (l ledger) get(ctx context.Context, partition string) (map[string]dynamodbtypes.AttributeValue, error) {
	output, err := l.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &l.table, Key: key(partition, single), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return output.Item, nil
}

// used are the names that an expression uses: DynamoDB refuses any other.
func used(expression string) map[string]string {
	found := map[string]string{}
	for placeholder, name := range names {
		if strings.Contains(expression, placeholder) {
			found[placeholder] = name
		}
	}
	return found
}

// str, num and millis are values as DynamoDB writes them, text and number read them: zero for
// what is absent or of another type.

func str(value string) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberS{Value: value}
}

func num(value float64) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatFloat(value, 'f', -1, 64)}
}

func millis(at time.Time) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatInt(at.UnixMilli(), 10)}
}

func text(value dynamodbtypes.AttributeValue) string {
	member, ok := value.(*dynamodbtypes.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return member.Value
}

func number(value dynamodbtypes.AttributeValue) float64 {
	member, ok := value.(*dynamodbtypes.AttributeValueMemberN)
	if !ok {
		return 0
	}
	parsed, _ := strconv.ParseFloat(member.Value, 64)
	return parsed
}
