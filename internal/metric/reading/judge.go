package reading

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/metric"
)

// Verdict is what an alarm comes to at a moment.
type Verdict struct {
	State metric.State
	// Values are those of the evaluation range, the newest last; Breaching is how many of the last N breach.
	Values    metric.Series
	Breaching int
	// Last is the newest value; 0 where there is none.
	Last float64
}

// Judge computes an alarm at a moment from what CloudWatch has of its metrics.
func Judge(ctx context.Context, api API, described cloudwatchtypes.MetricAlarm, now time.Time) (Verdict, error) {
	alarm, err := Alarm(described)
	if err != nil {
		return Verdict{}, err
	}
	frame := Frame(now, alarm.Period, alarm.Rule.Range())
	metrics := alarm.Metrics()
	sampled, counts := alarm.Sampled()
	if counts {
		metrics = append(metrics, sampled)
	}
	data, err := Data(ctx, api, frame, metrics)
	if err != nil {
		return Verdict{}, err
	}
	values, err := alarm.Values(frame, data)
	if err != nil {
		return Verdict{}, err
	}
	found := Verdict{Values: values, State: alarm.Rule.Judge(values, data[sampled.Key()], metric.State(described.StateValue))}
	for slot, value := range values {
		if metric.Missing(value) {
			continue
		}
		found.Last = value
		if slot >= frame.Count-int(aws.ToInt32(described.EvaluationPeriods)) && alarm.Rule.Breaches(value) {
			found.Breaching++
		}
	}
	return found, nil
}
