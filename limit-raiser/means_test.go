package limitraiser

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"caretaker/internal/alarm"
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
			if err != nil || report.Outcomes[Raised] != 2 {
				t.Errorf("%+v, %v", report, err)
			}
			if got, _ := w.has(table); got != c.want || w.done("UpdateTable") != c.updates || w.done("RegisterScalableTarget") != len(c.managed) {
				t.Errorf("the table has %v after %d updates, want %v", got, w.done("UpdateTable"), c.want)
			}
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
