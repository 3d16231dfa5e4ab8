package limitraiser

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func describeTable(ctx context.Context, client dynamodbAPI, name string) (*dynamodbtypes.TableDescription, error) {
	output, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return nil, err
	}
	if output.Table == nil {
		return nil, errors.New("describing the table: the answer holds none")
	}
	return output.Table, nil
}

func tableTags(ctx context.Context, client dynamodbAPI, arn string) (map[string]string, error) {
	tags := map[string]string{}
	input := &dynamodb.ListTagsOfResourceInput{ResourceArn: &arn}
	for {
		page, err := client.ListTagsOfResource(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if aws.ToString(page.NextToken) == "" {
			return tags, nil
		}
		input.NextToken = page.NextToken
	}
}

// busyTable says why a table takes no change; a table, or an index of it, that is being changed
// refuses another change of any of them. A new index stands in the way only until its backfill
// begins, which takes hours:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
func busyTable(description *dynamodbtypes.TableDescription) string {
	if status := description.TableStatus; status != dynamodbtypes.TableStatusActive {
		return "the table is " + string(status)
	}
	for _, index := range description.GlobalSecondaryIndexes {
		if status := index.IndexStatus; !aws.ToBool(index.Backfilling) && status != "" && status != dynamodbtypes.IndexStatusActive {
			return "the index " + aws.ToString(index.IndexName) + " is " + string(status)
		}
	}
	return ""
}

// tableParts are the capacities of a table and of its indexes.
func tableParts(description *dynamodbtypes.TableDescription, targets map[Part]target, bounds bounds) []Current {
	// A provisioned table may have no BillingModeSummary at all.
	onDemand := description.BillingModeSummary != nil && description.BillingModeSummary.BillingMode == dynamodbtypes.BillingModePayPerRequest
	parts := capacities("", onDemand, description.ProvisionedThroughput, description.OnDemandThroughput)
	for _, index := range description.GlobalSecondaryIndexes {
		parts = append(parts, capacities(aws.ToString(index.IndexName), onDemand, index.ProvisionedThroughput, index.OnDemandThroughput)...)
	}
	for i, part := range parts {
		parts[i].Max, parts[i].Places = bounds.of(part.Part), places(description, part.Part)
		if target, managed := targets[part.Part]; managed && !onDemand {
			parts[i].Means, parts[i].Now, parts[i].InUse, parts[i].Note = AutoScaled, target.max, part.Now, target.note
			if target.note != "" {
				parts[i].Means = NoMeans
			}
		}
	}
	slices.SortFunc(parts, func(a, b Current) int { return a.Part.compare(b.Part) })
	return parts
}

func capacities(index string, onDemand bool, units *dynamodbtypes.ProvisionedThroughputDescription, most *dynamodbtypes.OnDemandThroughput) []Current {
	read, write := Current{Part: Part{index, Read}}, Current{Part: Part{index, Write}}
	if !onDemand {
		read.Means, write.Means = Provisioned, Provisioned
		if units != nil {
			read.Now, write.Now = float64(aws.ToInt64(units.ReadCapacityUnits)), float64(aws.ToInt64(units.WriteCapacityUnits))
		}
		return []Current{read, write}
	}
	if most == nil {
		most = &dynamodbtypes.OnDemandThroughput{}
	}
	for current, units := range map[*Current]*int64{&read: most.MaxReadRequestUnits, &write: most.MaxWriteRequestUnits} {
		// -1 is how the API says that there is no maximum.
		current.Means, current.Now = OnDemandMaximum, float64(aws.ToInt64(units))
		if current.Now <= 0 {
			current.Means, current.Now = NoMeans, 0
			current.Note = "it is on demand and has no maximum, so there is nothing to raise"
		}
	}
	return []Current{read, write}
}

// places are where each unit of a part is paid for: in the table's own Region and in those of its
// replicas. AWS keeps the write units of all replicas the same, and so it does with the read
// units of those that have none of their own:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicaDescription.html
func places(table *dynamodbtypes.TableDescription, part Part) []Place {
	list := []Place{{Infrequent: infrequentAccess(table.TableClassSummary)}}
	own, _ := arn.Parse(aws.ToString(table.TableArn))
	for _, replica := range table.Replicas {
		region := aws.ToString(replica.RegionName)
		if region == own.Region || part.Dimension == Read && readsOfItsOwn(replica, part.Index) {
			continue
		}
		class := table.TableClassSummary
		if replica.ReplicaTableClassSummary != nil {
			class = replica.ReplicaTableClassSummary
		}
		list = append(list, Place{Region: region, Infrequent: infrequentAccess(class)})
	}
	return list
}

// infrequentAccess takes a class that is not known for the dearer one.
func infrequentAccess(class *dynamodbtypes.TableClassSummary) bool {
	return class != nil && class.TableClass != "" && class.TableClass != dynamodbtypes.TableClassStandard
}

func readsOfItsOwn(replica dynamodbtypes.ReplicaDescription, index string) bool {
	own := replica.ProvisionedThroughputOverride
	if index != "" {
		own = nil
		for _, one := range replica.GlobalSecondaryIndexes {
			if aws.ToString(one.IndexName) == index {
				own = one.ProvisionedThroughputOverride
			}
		}
	}
	return own != nil && own.ReadCapacityUnits != nil
}

// building are the indexes that are being built.
func building(description *dynamodbtypes.TableDescription) map[string]bool {
	names := map[string]bool{}
	for _, index := range description.GlobalSecondaryIndexes {
		names[aws.ToString(index.IndexName)] = index.IndexStatus == dynamodbtypes.IndexStatusCreating
	}
	return names
}

// tableLoads are the loads of the parts. Only tables count their requests, by operation; what an
// index is written to comes from the table's writes, and while it is built from what the table holds.
func tableLoads(table string, parts []Current, building map[string]bool) []load {
	loads := make([]load, 0, len(parts))
	for _, current := range parts {
		of := map[string]string{"TableName": table}
		if current.Part.Index != "" {
			of["GlobalSecondaryIndexName"] = current.Part.Index
		}
		direction, operations := "Read", readOperations
		if current.Part.Dimension == Write {
			direction, operations = "Write", writeOperations
		}
		consumed, throttled := []string{"Consumed" + direction + "CapacityUnits"}, []string{direction + "ThrottleEvents"}
		if current.Part.Dimension == Write && building[current.Part.Index] {
			consumed, throttled = append(consumed, onlineIndexConsumed), append(throttled, onlineIndexThrottles)
		}
		one, refused, served := load{}, len(consumed), len(consumed)+len(throttled)
		for _, metric := range slices.Concat(consumed, throttled) {
			one.series = append(one.series, series{"AWS/DynamoDB", metric, "Sum", of})
		}
		for _, operation := range operations {
			one.series = append(one.series, series{
				"AWS/DynamoDB", "SuccessfulRequestLatency", "SampleCount",
				map[string]string{"TableName": table, "Operation": operation},
			})
		}
		one.tell = served
		one.sample = func(values []float64) Sample {
			return Sample{Consumed: sum(values[:refused]), Throttled: sum(values[refused:served]), Requests: sum(values[served:])}
		}
		loads = append(loads, one)
	}
	return loads
}

func sum(values []float64) (sum float64) {
	for _, value := range values {
		sum += value
	}
	return sum
}
