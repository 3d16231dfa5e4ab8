package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// attempts are how often a client sends a write in all that is refused, as AWS's SDKs do.
const attempts = 3

// load is what clients ask of the table, minute by minute, and what the table gives them.
type load struct {
	begin   time.Time
	minutes []loadMinute
	// saved are the units that were not used, of which DynamoDB keeps those of five minutes.
	saved float64
}

// loadMinute is in write units a second.
type loadMinute struct{ demand, provisioned, consumed float64 }

func (m loadMinute) throttled() float64 { return (m.demand - m.consumed) * attempts }

// rest lets five minutes go by that the demo does not play.
func (l *load) rest(demand, provisioned float64) { l.saved = 300 * (provisioned - demand) }

// newLoad is a load over the last five whole minutes, as far back as the limit-raiser looks, on a table
// that was idle before.
func newLoad(now time.Time) load {
	return load{saved: 300 * shortUnits, begin: now.UTC().Truncate(time.Minute).Add(-5 * time.Minute)}
}

// end is the end of the last minute.
func (l *load) end() time.Time {
	return l.begin.Add(time.Duration(len(l.minutes)) * time.Minute)
}

// add puts into CloudWatch what DynamoDB would count in the next minute, of the table and of its index.
func (l *load) add(ctx context.Context, client *cloudwatch.Client, demand, provisioned float64) error {
	minute, at := loadMinute{demand, provisioned, min(demand, provisioned+l.saved/60)}, l.end()
	l.saved = min(l.saved+60*(provisioned-minute.consumed), 300*provisioned)
	l.minutes = append(l.minutes, minute)
	var data []cloudwatchtypes.MetricDatum
	of := []cloudwatchtypes.Dimension{{Name: aws.String("TableName"), Value: aws.String(shortTable)}}
	index := append(of[:1:1], cloudwatchtypes.Dimension{Name: aws.String("GlobalSecondaryIndexName"), Value: aws.String(shortIndex)})
	for _, dimensions := range [][]cloudwatchtypes.Dimension{of, index} {
		for name, value := range map[string]float64{
			"ConsumedWriteCapacityUnits": 60 * minute.consumed, "WriteThrottleEvents": 60 * minute.throttled(), "ProvisionedWriteCapacityUnits": provisioned,
		} {
			data = append(data, cloudwatchtypes.MetricDatum{MetricName: &name, Value: &value, Timestamp: &at, Dimensions: dimensions})
		}
	}
	if _, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/DynamoDB"), MetricData: data}); err != nil {
		return fmt.Errorf("putting a minute of load: %w", err)
	}
	return nil
}

// show is the load as a table.
func (l *load) show(out *screen) {
	var rows []table.Row
	for i, minute := range l.minutes {
		rows = append(rows, table.Row{
			l.begin.Add(time.Duration(i) * time.Minute).Format("15:04"), minute.demand, minute.provisioned, minute.consumed, minute.throttled(),
		})
	}
	columns := make([]table.ColumnConfig, 0, 4)
	for number := 2; number <= 5; number++ {
		columns = append(columns, table.ColumnConfig{Number: number, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	out.say("")
	out.table(table.Row{"UTC", "Wanted/s", "Provisioned", "Consumed/s", "Refused/s"}, rows, columns...)
	out.say("")
}
