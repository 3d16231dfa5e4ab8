package limitraiser

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	limitraiser "caretaker/limit-raiser"
)

// readOnly are clients by which a dry run of the limit-raiser leaves no trace: its ledger is
// read and never written, and no message leaves. A dry run makes none of the raising calls.
func readOnly(cfg aws.Config) (limitraiser.Clients, *readLedger) {
	clients := limitraiser.Connect(cfg)
	ledger := &readLedger{db: dynamodb.NewFromConfig(cfg)}
	clients.Ledger, clients.SQS, clients.SNS = ledger, unsent{}, nil
	return clients, ledger
}

// readLedger is a ledger that nothing is written to. Whatever would claim a record finds it as it
// is, and free.
type readLedger struct {
	db *dynamodb.Client
	// missing says that there is no table: nothing was deployed, or under another stage.
	missing bool
}

// GetItem reads. Of a table that is not there every record is empty.
func (l *readLedger) GetItem(ctx context.Context, input *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	output, err := l.db.GetItem(ctx, input, options...)
	var absent *dynamodbtypes.ResourceNotFoundException
	if errors.As(err, &absent) {
		l.missing = true
		return &dynamodb.GetItemOutput{}, nil
	}
	return output, err
}

// PutItem writes nothing.
func (*readLedger) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, nil
}

// UpdateItem writes nothing and answers with the record as it is.
func (l *readLedger) UpdateItem(ctx context.Context, input *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	found, err := l.GetItem(ctx, &dynamodb.GetItemInput{TableName: input.TableName, Key: input.Key}, options...)
	if err != nil {
		return nil, err
	}
	return &dynamodb.UpdateItemOutput{Attributes: found.Item}, nil
}

// unsent is a queue that nothing is sent to.
type unsent struct{}

// SendMessage sends nothing.
func (unsent) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return &sqs.SendMessageOutput{}, nil
}
