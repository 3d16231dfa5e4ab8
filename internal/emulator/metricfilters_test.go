package emulator_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"caretaker/internal/want"
)

func TestPutMetricFilter_takesAHundredALogGroupAndPatternsAlone(t *testing.T) {
	client := cloudwatchlogs.NewFromConfig(once(fresh(t)))
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("shop")})
	want.NoError(t, "making a log group", err)
	put := func(name, pattern string) string {
		_, err := client.PutMetricFilter(t.Context(), &cloudwatchlogs.PutMetricFilterInput{
			LogGroupName: aws.String("shop"), FilterName: &name, FilterPattern: &pattern,
			MetricTransformations: []logtypes.MetricTransformation{{MetricNamespace: aws.String("Mine"), MetricName: aws.String("Lines"), MetricValue: aws.String("1")}},
		})
		return outcome(err)
	}
	for pattern, answer := range map[string]string{
		`?ERROR ?"timed out"`: "ok", `{ $.level = "ERROR" }`: "ok", `[a, b]`: "ok", `{ $.level = "ERROR"`: "InvalidParameterException", `{ level = "ERROR" }`: "InvalidParameterException", `"open`: "InvalidParameterException",
	} {
		want.Equal(t, "the answer to "+pattern, put("0", pattern), answer)
	}
	for number := range 100 {
		want.Equal(t, fmt.Sprint("the answer to filter ", number), put(fmt.Sprint(number), "ERROR"), "ok")
	}
	want.Equal(t, "the answer to one more", put("100", "ERROR"), "LimitExceededException")
	want.Equal(t, "the answer to another pattern of one that is there", put("7", "FATAL"), "ok")
}
