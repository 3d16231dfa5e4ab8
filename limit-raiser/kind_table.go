package limitraiser

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"caretaker/internal/alarm"
	"caretaker/internal/iam"
	"caretaker/internal/setting"
	"caretaker/internal/tag"
)

// tables are DynamoDB's, with their indexes: units that are provisioned, the maximums of Application
// Auto Scaling where that manages them, or the maximum throughput of a table on demand.
type tables struct{ plain }

// KindTable is a DynamoDB table.
const KindTable Kind = "table"

// The dimensions of a table and of its indexes.
const (
	Read  Dimension = "read"
	Write Dimension = "write"
)

// The means of tables alone.
const (
	// AutoScaled is a scalable target's MaxCapacity: Application Auto Scaling would take back
	// what is set on the table within minutes.
	AutoScaled Means = "auto scaling maximum"
	// OnDemandMaximum is the maximum throughput set for a table on demand.
	OnDemandMaximum Means = "on-demand maximum"
)

type dynamodbAPI interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	ListTagsOfResource(context.Context, *dynamodb.ListTagsOfResourceInput, ...func(*dynamodb.Options)) (*dynamodb.ListTagsOfResourceOutput, error)
	UpdateTable(context.Context, *dynamodb.UpdateTableInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error)
}

func (tables) names(metric alarm.Metric) (name string, short []Part) {
	if name = metric.Dimensions["TableName"]; metric.Namespace != "AWS/DynamoDB" || name == "" {
		return "", nil
	}
	for _, dimension := range tableDimensions(metric) {
		short = append(short, Part{Index: metric.Dimensions["GlobalSecondaryIndexName"], Dimension: dimension})
	}
	return name, short
}

// provides: these a raise itself moves.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func (tables) provides(metric alarm.Metric) bool {
	return metric.Namespace == "AWS/DynamoDB" && (strings.HasPrefix(metric.Name, "Provisioned") || strings.HasPrefix(metric.Name, "OnDemandMax"))
}

// tableDimensions are what a DynamoDB metric is about:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
// A key range that is throttled is a hot key, and an account limit is a quota: more capacity
// for the table cures neither.
func tableDimensions(metric alarm.Metric) []Dimension {
	switch metric.Name {
	case "ConsumedReadCapacityUnits", "ProvisionedReadCapacityUnits", "ReadThrottleEvents",
		"ReadProvisionedThroughputThrottleEvents", "ReadMaxOnDemandThroughputThrottleEvents", "OnDemandMaxReadRequestUnits":
		return []Dimension{Read}
	case "ConsumedWriteCapacityUnits", "ProvisionedWriteCapacityUnits", "WriteThrottleEvents",
		"WriteProvisionedThroughputThrottleEvents", "WriteMaxOnDemandThroughputThrottleEvents", "OnDemandMaxWriteRequestUnits",
		onlineIndexThrottles, onlineIndexConsumed:
		return []Dimension{Write}
	case "ThrottledRequests":
		operation := metric.Dimensions["Operation"]
		switch {
		case slices.Contains(readOperations, operation):
			return []Dimension{Read}
		case slices.Contains(writeOperations, operation):
			return []Dimension{Write}
		}
		return []Dimension{Read, Write}
	}
	return nil
}

// What is written while an index is being built, DynamoDB counts apart:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
const (
	onlineIndexConsumed  = "OnlineIndexConsumedWriteCapacity"
	onlineIndexThrottles = "OnlineIndexThrottleEvents"
)

// The operations by which DynamoDB counts requests.
var (
	readOperations  = []string{"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}
	writeOperations = []string{"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
)

// read reads a table, its indexes, what of them Application Auto Scaling manages, and
// their load.
func (tables) read(ctx context.Context, r *Raiser, shortage Shortage) (Facts, error) {
	name := shortage.Resource.Name
	facts := Facts{Resource: shortage.Resource}
	bounds, listed := boundsOf(r.cfg, name)
	facts.AlarmAbove = bounds.above
	if !listed && !r.cfg.ByTag {
		return unlisted(facts, shortage.Parts), nil
	}
	description, err := describeTable(ctx, r.aws.DynamoDB, name)
	var absent *dynamodbtypes.ResourceNotFoundException
	switch {
	case errors.As(err, &absent):
		return facts, nil
	case err != nil && !listed && refused(err):
		// The role may touch tables that carry the tag, and this one does not.
		return unlisted(facts, shortage.Parts), nil
	case err != nil:
		return Facts{}, err
	}
	facts.ARN = aws.ToString(description.TableArn)
	if facts.Tags, err = tableTags(ctx, r.aws.DynamoDB, facts.ARN); err != nil {
		return Facts{}, err
	}
	if !listed {
		bounds.all = maximumOf(facts.Tags[RaiseTag], r.cfg.Ceiling)
	}
	targets, err := scalableTargets(ctx, r.aws.AutoScaling, description)
	if err != nil {
		return Facts{}, err
	}
	facts.Busy = busyTable(description)
	facts.Parts = tableParts(description, targets, bounds)
	if err := r.readLoads(ctx, facts.Parts, tableLoads(name, facts.Parts, building(description))); err != nil {
		return Facts{}, err
	}
	return facts, nil
}

// updateTable makes the one call that raises all of a table and its indexes: AWS changes a
// table once at a time, and refuses a call of which any part changes nothing.
func updateTable(facts Facts, decisions []Decision) *dynamodb.UpdateTableInput {
	input := &dynamodb.UpdateTableInput{TableName: aws.String(facts.Resource.Name)}
	wanted := map[Part]Decision{}
	var indexes []string
	for _, decision := range decisions {
		wanted[decision.Part] = decision
		if !slices.Contains(indexes, decision.Part.Index) {
			indexes = append(indexes, decision.Part.Index)
		}
	}
	slices.Sort(indexes)
	for _, index := range indexes {
		read, reads := wanted[Part{index, Read}]
		write, writes := wanted[Part{index, Write}]
		var units *dynamodbtypes.ProvisionedThroughput
		var most *dynamodbtypes.OnDemandThroughput
		if read.Means == OnDemandMaximum || write.Means == OnDemandMaximum {
			most = &dynamodbtypes.OnDemandThroughput{}
			if reads {
				most.MaxReadRequestUnits = aws.Int64(int64(read.To))
			}
			if writes {
				most.MaxWriteRequestUnits = aws.Int64(int64(write.To))
			}
		} else {
			// The API takes both numbers or none.
			units = &dynamodbtypes.ProvisionedThroughput{
				ReadCapacityUnits:  aws.Int64(unitsAfter(facts, Part{index, Read}, wanted)),
				WriteCapacityUnits: aws.Int64(unitsAfter(facts, Part{index, Write}, wanted)),
			}
		}
		if index == "" {
			input.ProvisionedThroughput, input.OnDemandThroughput = units, most
			continue
		}
		input.GlobalSecondaryIndexUpdates = append(input.GlobalSecondaryIndexUpdates, dynamodbtypes.GlobalSecondaryIndexUpdate{
			Update: &dynamodbtypes.UpdateGlobalSecondaryIndexAction{IndexName: aws.String(index), ProvisionedThroughput: units, OnDemandThroughput: most},
		})
	}
	return input
}

// unitsAfter are the provisioned units of a part once it is raised, or as they are.
func unitsAfter(facts Facts, part Part, wanted map[Part]Decision) int64 {
	if decision, raised := wanted[part]; raised {
		return int64(decision.To)
	}
	current, _ := facts.part(part)
	if current.InUse > 0 {
		return int64(current.InUse)
	}
	return int64(current.Now)
}

// bounds are what the file, or its tag, allows a table.
type bounds struct {
	parts map[Part]float64
	// all is for every part that parts does not name.
	all   float64
	above setting.Percent
}

func (b bounds) of(part Part) float64 {
	if most, named := b.parts[part]; named {
		return most
	}
	return b.all
}

// boundsOf are the bounds of a table, and whether the file lists it.
func boundsOf(cfg Config, name string) (bounds, bool) {
	for _, table := range cfg.Tables {
		if table.Name != name {
			continue
		}
		b := bounds{above: cmp.Or(table.AlarmAbove, cfg.AlarmAbove), parts: map[Part]float64{
			{"", Read}: float64(table.Read.Max), {"", Write}: float64(table.Write.Max),
		}}
		for _, index := range table.Indexes {
			b.parts[Part{index.Name, Read}], b.parts[Part{index.Name, Write}] = float64(index.Read.Max), float64(index.Write.Max)
		}
		return b, true
	}
	return bounds{above: cfg.AlarmAbove}, false
}

// RaiseTag lets a table be raised that the file does not list: caretaker:raise=max:4000.
const RaiseTag = tag.Raise

// maximumOf reads the tag's value. What it does not understand allows nothing.
func maximumOf(tag string, ceiling int64) float64 {
	digits, found := strings.CutPrefix(tag, "max:")
	if !found || digits == "" || len(digits) > 12 {
		return 0
	}
	var units int64
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0
		}
		units = units*10 + int64(digit-'0')
	}
	return float64(min(units, ceiling))
}

// together: one call raises a table with all its indexes.
func (tables) together(d Decision) bool { return d.Means != AutoScaled }

func (tables) raise(ctx context.Context, r *Raiser, facts Facts, decisions []Decision) error {
	if decisions[0].Means == AutoScaled {
		_, err := r.aws.AutoScaling.RegisterScalableTarget(ctx, registerTarget(facts.Resource.Name, decisions[0]),
			func(o *applicationautoscaling.Options) { o.Retryer = retryThrottled() })
		return err
	}
	_, err := r.aws.DynamoDB.UpdateTable(ctx, updateTable(facts, decisions), func(o *dynamodb.Options) { o.Retryer = retryThrottled() })
	return err
}

func (tables) threshold(metric alarm.Metric, threshold float64) (float64, bool) {
	if strings.HasPrefix(metric.Name, "Consumed") && strings.EqualFold(metric.Stat, "Sum") && metric.Period > 0 {
		return threshold / metric.Period.Seconds(), true
	}
	return 0, false
}

func (tables) link(name, region string) string {
	return "dynamodbv2/home?region=" + region + "#table?name=" + name
}

// The table's ARN as IAM names it, and the actions on one that the file or its tag names.
const (
	anyTable       = "arn:${Partition}:dynamodb:${Region}:${Account}:table/"
	scalableTarget = "arn:${Partition}:application-autoscaling:${Region}:${Account}:scalable-target/*"
)

var (
	readsTable  = []string{"dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"}
	raisesTable = []string{"dynamodb:UpdateTable"}
)

func (tables) statements(cfg Config) []iam.Statement {
	var statements []iam.Statement
	listed := each(cfg.Tables, func(t Table) string { return anyTable + t.Name })
	if len(listed) > 0 {
		statements = append(statements, iam.Statement{Sid: "RaiseTables", Resources: listed, Actions: slices.Concat(readsTable, raisesTable)})
	}
	if cfg.ByTag {
		statements = append(statements, iam.Statement{
			Sid: "RaiseTaggedTables", Resources: []string{anyTable + "*"}, Actions: slices.Concat(readsTable, raisesTable),
			Conditions: map[string]map[string][]string{"StringLike": {"aws:ResourceTag/" + RaiseTag: {"*"}}},
		})
	}
	if len(statements) > 0 {
		statements = append(statements, iam.Statement{
			Sid: "RaiseScalableTargets", Resources: []string{scalableTarget}, Actions: []string{"application-autoscaling:RegisterScalableTarget"},
			// The ARN of a target does not say what is scaled: without these its role could scale anything.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
			Conditions: map[string]map[string][]string{"StringEquals": {
				"application-autoscaling:service-namespace":  {string(autoscalingtypes.ServiceNamespaceDynamodb)},
				"application-autoscaling:scalable-dimension": dimensionNames(),
			}},
		}, iam.Statement{
			Sid: "ReadScalableTargets", Resources: []string{anyResource}, Actions: []string{"application-autoscaling:DescribeScalableTargets"},
			WhyStar: "listing scalable targets has no narrower resource",
		})
	}
	return statements
}

// The names of a unit's price.
const (
	// PriceReadUnit is a provisioned read capacity unit, PriceWriteUnit a write capacity unit, of
	// a table of the standard class or of its indexes. A replicated write unit of a global table
	// costs the same since November 2024.
	PriceReadUnit  = "readUnitHour"
	PriceWriteUnit = "writeUnitHour"
	// PriceInfrequentReadUnit and PriceInfrequentWriteUnit are those of the class for infrequent access.
	PriceInfrequentReadUnit  = "infrequentReadUnitHour"
	PriceInfrequentWriteUnit = "infrequentWriteUnitHour"
)

func (tables) price(d Decision, at Place) string {
	switch {
	case d.Means != Provisioned && d.Means != AutoScaled:
		return Free
	case d.Part.Dimension == Read && at.Infrequent:
		return PriceInfrequentReadUnit
	case d.Part.Dimension == Read:
		return PriceReadUnit
	case at.Infrequent:
		return PriceInfrequentWriteUnit
	}
	return PriceWriteUnit
}
