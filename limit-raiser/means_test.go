package limitraiser

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

// What Application Auto Scaling manages is a call for each of its targets, beside the one of the table.
func TestTables_raiseEachPartByItsOwnMeans(t *testing.T) {
	const read, write = autoscalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, autoscalingtypes.ScalableDimensionDynamoDBTableWriteCapacityUnits
	for name, c := range map[string]struct {
		managed []autoscalingtypes.ScalableDimension
		targets map[autoscalingtypes.ScalableDimension]int32
		want    twoUnits
		updates int
	}{
		"reads are scaled":  {[]autoscalingtypes.ScalableDimension{read}, map[autoscalingtypes.ScalableDimension]int32{read: 75}, twoUnits{50, 75}, 1},
		"writes are scaled": {[]autoscalingtypes.ScalableDimension{write}, map[autoscalingtypes.ScalableDimension]int32{write: 75}, twoUnits{75, 50}, 1},
		"both are scaled":   {[]autoscalingtypes.ScalableDimension{read, write}, map[autoscalingtypes.ScalableDimension]int32{read: 75, write: 75}, twoUnits{50, 50}, 0},
		"none is scaled":    {nil, nil, twoUnits{75, 75}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			table := w.table(twoUnits{50, 50}, twoUnits{})
			scaling, id := applicationautoscaling.NewFromConfig(w.config), "table/"+table
			for _, dimension := range c.managed {
				_, err := scaling.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
					ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: &id, ScalableDimension: dimension,
					MinCapacity: aws.Int32(5), MaxCapacity: aws.Int32(50),
				})
				w.must(err)
			}
			metric := alarm.Metric{Namespace: "AWS/DynamoDB", Name: "ThrottledRequests", Dimensions: map[string]string{"TableName": table}}
			event := w.event(w.alarm("ALARM", metric), metric, w.now())
			w.emulator.ForgetCalls()
			report, err := w.raiser(earnest(table)).Handle(t.Context(), event)
			ran(report, err).wants(t, counts{Raised: 2})
			got, _ := w.has(table)
			want.Equal(t, "the table's reads and writes", fmt.Sprint(got), fmt.Sprint(c.want))
			want.Equal(t, "calls of UpdateTable that were carried out", w.done("UpdateTable"), c.updates)
			want.Equal(t, "calls of RegisterScalableTarget that were carried out", w.done("RegisterScalableTarget"), len(c.managed))
			output, err := scaling.DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{
				ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceIds: []string{id},
			})
			w.must(err)
			for _, target := range output.ScalableTargets {
				if most := aws.ToInt32(target.MaxCapacity); most != c.targets[target.ScalableDimension] {
					t.Errorf("%s is scaled up to %d", target.ScalableDimension, most)
				}
			}
		})
	}
}
