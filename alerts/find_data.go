package alerts

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"caretaker/internal/paged"
)

// tables lists the tables, and asks each for its indexes. Those of replicas that another Region has are
// found there.
func (r *Reconciler) tables(ctx context.Context) ([]Resource, error) {
	var names []string
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.DynamoDB.ListTables(ctx, &dynamodb.ListTablesInput{ExclusiveStartTableName: token})
		if err != nil {
			return nil, err
		}
		names = append(names, page.TableNames...)
		return page.LastEvaluatedTableName, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing tables (dynamodb:ListTables): %w", err)
	}
	return each(ctx, names, func(ctx context.Context, name string) ([]Resource, error) {
		described, err := r.aws.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		var gone *dynamodbtypes.ResourceNotFoundException
		switch {
		case errors.As(err, &gone):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("reading the table %s (dynamodb:DescribeTable): %w", name, err)
		}
		arn := r.arn("dynamodb", "table/"+name)
		found := []Resource{{Kind: Table, Name: name, ARN: arn}}
		for _, index := range described.Table.GlobalSecondaryIndexes {
			found = append(found, Resource{Kind: Index, Name: name + "/" + aws.ToString(index.IndexName), ARN: arn})
		}
		return found, nil
	})
}

// streams lists the streams of Kinesis.
func (r *Reconciler) streams(ctx context.Context) ([]Resource, error) {
	var found []Resource
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Kinesis.ListStreams(ctx, &kinesis.ListStreamsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, name := range page.StreamNames {
			found = append(found, Resource{Kind: Stream, Name: name, ARN: r.arn("kinesis", "stream/"+name)})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return found, fmt.Errorf("listing streams (kinesis:ListStreams): %w", err)
	}
	return found, nil
}
