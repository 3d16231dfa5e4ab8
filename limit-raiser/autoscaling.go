package limitraiser

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type autoscalingAPI interface {
	DescribeScalableTargets(context.Context, *applicationautoscaling.DescribeScalableTargetsInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.DescribeScalableTargetsOutput, error)
	RegisterScalableTarget(context.Context, *applicationautoscaling.RegisterScalableTargetInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.RegisterScalableTargetOutput, error)
}

// target is a scalable target of Application Auto Scaling.
type target struct {
	max float64
	// note says why raising its maximum would change nothing; empty when it would.
	note string
}

// scalableDimensions are the dimensions of tables and indexes by Auto Scaling's names.
var scalableDimensions = map[autoscalingtypes.ScalableDimension]Dimension{
	autoscalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits:  Read,
	autoscalingtypes.ScalableDimensionDynamoDBTableWriteCapacityUnits: Write,
	autoscalingtypes.ScalableDimensionDynamoDBIndexReadCapacityUnits:  Read,
	autoscalingtypes.ScalableDimensionDynamoDBIndexWriteCapacityUnits: Write,
}

// mostIDs is how many targets one call may ask for:
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
const mostIDs = 50

// scalableTargets are the parts of a table that Application Auto Scaling manages.
func scalableTargets(ctx context.Context, client autoscalingAPI, table *dynamodbtypes.TableDescription) (map[Part]target, error) {
	name := aws.ToString(table.TableName)
	ids := []string{"table/" + name}
	for _, index := range table.GlobalSecondaryIndexes {
		ids = append(ids, "table/"+name+"/index/"+aws.ToString(index.IndexName))
	}
	found := map[Part]target{}
	for some := range slices.Chunk(ids, mostIDs) {
		pages := applicationautoscaling.NewDescribeScalableTargetsPaginator(client, &applicationautoscaling.DescribeScalableTargetsInput{
			ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceIds: some,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, one := range page.ScalableTargets {
				if part, ours := managedPart(one, name); ours {
					found[part] = targetOf(one)
				}
			}
		}
	}
	return found, nil
}

func managedPart(one autoscalingtypes.ScalableTarget, table string) (Part, bool) {
	dimension, known := scalableDimensions[one.ScalableDimension]
	index, ours := indexOf(aws.ToString(one.ResourceId), table)
	return Part{index, dimension}, known && ours
}

func targetOf(one autoscalingtypes.ScalableTarget) target {
	managed := target{max: float64(aws.ToInt32(one.MaxCapacity))}
	if one.SuspendedState != nil && aws.ToBool(one.SuspendedState.DynamicScalingOutSuspended) {
		managed.note = "its auto scaling is suspended: a higher maximum would change nothing"
	}
	return managed
}

// indexOf is the index in a resource id such as table/orders/index/by-customer; empty for the
// table itself.
func indexOf(id, table string) (string, bool) {
	rest, found := strings.CutPrefix(id, "table/"+table)
	if !found {
		return "", false
	}
	if rest == "" {
		return "", true
	}
	return strings.CutPrefix(rest, "/index/")
}

// registerTarget raises a target's maximum and leaves all else of it as it is.
func registerTarget(table string, decision Decision) *applicationautoscaling.RegisterScalableTargetInput {
	id := "table/" + table
	if decision.Part.Index != "" {
		id += "/index/" + decision.Part.Index
	}
	input := &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: &id, MaxCapacity: aws.Int32(int32(decision.To)),
	}
	for name, dimension := range scalableDimensions {
		if dimension == decision.Part.Dimension && strings.Contains(string(name), ":index:") == (decision.Part.Index != "") {
			input.ScalableDimension = name
		}
	}
	return input
}

// dimensionNames are the dimensions that a raise may register, sorted.
func dimensionNames() []string {
	names := make([]string, 0, len(scalableDimensions))
	for name := range scalableDimensions {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}
