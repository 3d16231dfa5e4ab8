package limitraiser

import (
	"strconv"
	"time"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

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
