package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"caretaker/internal/want"
)

func TestFilterLogEvents_findsLinesWithAnyOfTheOptionalTerms(t *testing.T) {
	ctx, client, group, now := t.Context(), cloudwatchlogs.NewFromConfig(fresh(t)), aws.String("shop"), time.Now().UnixMilli()
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	want.NoError(t, "making a log group", err)
	_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String("s")})
	want.NoError(t, "making a stream", err)
	var events []logtypes.InputLogEvent
	for at, line := range []string{"an ERROR", "all is well", "Task timed out after 1 s", "a Task that is done"} {
		events = append(events, logtypes.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(now + int64(at))})
	}
	_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: aws.String("s"), LogEvents: events})
	want.NoError(t, "putting lines", err)
	for pattern, lines := range map[string][]string{
		`?ERROR ?"timed out"`: {"an ERROR", "Task timed out after 1 s"}, `?error`: nil, `Task done`: {"a Task that is done"},
	} {
		found, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: &pattern})
		want.NoError(t, "filtering", err)
		var got []string
		for _, event := range found.Events {
			got = append(got, aws.ToString(event.Message))
		}
		want.Equal(t, pattern, got, lines)
	}
}
