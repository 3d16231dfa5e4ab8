package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// direct points at the emulator itself: what it is used for is not recorded.
func (e *Emulator) direct() aws.Config {
	cfg := e.AWS()
	cfg.BaseEndpoint = aws.String(e.upstream)
	return cfg
}

// PublishEMF does what CloudWatch Logs does and the emulator does not: it makes
// metrics of the embedded ones in a log group's lines that it has not read yet.
// A group that does not exist has none.
func (e *Emulator) PublishEMF(ctx context.Context, logGroup string) error {
	metrics := cloudwatch.NewFromConfig(e.direct())
	position := map[string]int{} // of the line in its stream: the emulator gives lines no id
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(e.direct()),
		&cloudwatchlogs.FilterLogEventsInput{LogGroupName: &logGroup})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if absent := (*logstypes.ResourceNotFoundException)(nil); errors.As(err, &absent) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the lines of %s: %w", logGroup, err)
		}
		for _, event := range page.Events {
			stream := logGroup + " " + aws.ToString(event.LogStreamName)
			position[stream]++
			if !e.memory.readFirst(stream, position[stream]) {
				continue
			}
			for namespace, data := range embedded(aws.ToString(event.Message)) {
				_, err := metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: data})
				if err != nil {
					return fmt.Errorf("publishing metrics of %s: %w", logGroup, err)
				}
			}
		}
	}
	return nil
}

// readFirst tells whether a line of a stream is read for the first time.
func (m *memory) readFirst(stream string, position int) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.lines == nil {
		m.lines = map[string]int{}
	}
	if position <= m.lines[stream] {
		return false
	}
	m.lines[stream] = position
	return true
}

// embedded reads the metrics of one line by namespace; none from other lines.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func embedded(line string) map[string][]cloudwatchtypes.MetricDatum {
	var head struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	fields := map[string]any{}
	if json.Unmarshal([]byte(line), &head) != nil || json.Unmarshal([]byte(line), &fields) != nil {
		return nil
	}
	data := map[string][]cloudwatchtypes.MetricDatum{}
	for _, directive := range head.AWS.CloudWatchMetrics {
		for _, names := range directive.Dimensions {
			var dimensions []cloudwatchtypes.Dimension
			for _, name := range names {
				if value, is := fields[name].(string); is {
					dimensions = append(dimensions, cloudwatchtypes.Dimension{Name: &name, Value: &value})
				}
			}
			for _, metric := range directive.Metrics {
				datum := cloudwatchtypes.MetricDatum{
					MetricName: &metric.Name, Unit: cloudwatchtypes.StandardUnit(metric.Unit),
					Timestamp: aws.Time(time.UnixMilli(head.AWS.Timestamp)), Dimensions: dimensions,
				}
				switch value := fields[metric.Name].(type) {
				case float64:
					datum.Value = &value
				case []any:
					datum.Values = numbers(value)
				default:
					continue
				}
				data[directive.Namespace] = append(data[directive.Namespace], datum)
			}
		}
	}
	return data
}

func numbers(values []any) []float64 {
	var read []float64
	for _, value := range values {
		if number, is := value.(float64); is {
			read = append(read, number)
		}
	}
	return read
}
