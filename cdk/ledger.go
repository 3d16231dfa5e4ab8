package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"
)

// table names the attributes of a part's table: its partition key, its sort key, both texts, and the one by which records expire.
type table struct{ key, sort, ttl string }

// newLedger makes the table of what a part remembers, such as what was raised and what is under way.
//
// It goes with the stack, as everything does, and yet is not lost: of a table with
// point-in-time recovery DynamoDB keeps a backup for 35 days after its deletion, free
// of charge. A table that stays would stand in the way of the next deployment.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
func newLedger(stack awscdk.Stack, name string, has table) awsdynamodb.Table {
	text := func(name string) *awsdynamodb.Attribute {
		return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_STRING}
	}
	props := awsdynamodb.TableProps{
		TableName:    jsii.String(name),
		PartitionKey: text(has.key),
		// Empty stands for none.
		TimeToLiveAttribute: optional(has.ttl),
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	}
	if has.sort != "" {
		props.SortKey = text(has.sort)
	}
	return awsdynamodb.NewTable(stack, jsii.String("Ledger"), &props)
}
