package limitraiser

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/paging"
	"caretaker/internal/want"
)

func TestHandle_readsEveryListToItsEnd(t *testing.T) {
	part := paging.Part{
		Folder: ".", Clients: reflect.TypeFor[Clients](),
		Exempt: map[string]string{"Query": "of the audit trail alone, and not by the clients of a run"},
		Enough: map[string]string{"DescribeAlarmContributors": "the one that is looked for was found"},
	}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		w := newWorld(t)
		table, stream, quota := w.listsOfTable(), w.listsOfStream(), w.listsOfQuota()
		cutter.Attach(&w.config)
		clients := Connect(w.config)
		clients.SQS = w.hasty
		w.clients = clients
		var came []string
		for _, event := range []json.RawMessage{table, stream, quota} {
			report, err := w.raiser(w.everyList()).Handle(t.Context(), event)
			came = append(came, fmt.Sprintf("%d over, error %v", report.Ended, err))
			for _, answer := range report.Answers {
				for _, decision := range answer.Decisions {
					came = append(came, fmt.Sprintf("%s %s", answer.Resource, sentence(decision)))
				}
			}
		}
		for _, told := range w.received(w.inbox) {
			var envelope struct{ Message string }
			w.must(json.Unmarshal([]byte(told), &envelope))
			came = append(came, envelope.Message)
		}
		slices.Sort(came)
		return strings.ReplaceAll(strings.Join(came, "\n"), w.name, "world")
	})
}

func TestHistory_readsTheAuditTrailToItsEnd(t *testing.T) {
	s := throttledWrites(t)
	for range 3 {
		ran(s.handle(s.theEvent())).wants(t, nil)
		s.pass(time.Hour)
	}
	history, err := History(t.Context(), entryByEntry{s.tables}, s.options.Table, 10)
	want.NoError(t, "reading the audit trail", err)
	want.Equal(t, "entries in the audit trail", len(history), 3)
}

// entryByEntry gets one entry a page, as of entries that fill it.
type entryByEntry struct{ dynamodb.QueryAPIClient }

func (c entryByEntry) Query(ctx context.Context, input *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	one := *input
	one.Limit = aws.Int32(1)
	return c.QueryAPIClient.Query(ctx, &one, options...)
}

// everyList is a configuration for what the functions below make, in which something depends on each
// list that the raiser reads.
func (w *world) everyList() Config {
	return earnest("another", func(c *Config) {
		c.ByTag, c.Ceiling = true, 1000
		c.Streams = []Stream{{w.name + "-stream", 20}}
		c.Quotas = []Quota{{Service: "vpc", Code: vpcs, Max: 100}}
	})
}

// listsOfTable is an alarm on a table that is raised by its tag, as far as its auto scaling's
// maximum, by what its metrics say. Its contributor's event comes late, so that it is looked for
// first.
func (w *world) listsOfTable() json.RawMessage {
	w.Helper()
	table := w.table(twoUnits{5, 50}, twoUnits{}, dynamodbtypes.Tag{Key: aws.String(RaiseTag), Value: aws.String("max:400")})
	_, err := applicationautoscaling.NewFromConfig(w.config).RegisterScalableTarget(w.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/" + table),
		ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableWriteCapacityUnits, MinCapacity: aws.Int32(5), MaxCapacity: aws.Int32(50),
	})
	w.must(err)
	for ago := 1; ago <= 3; ago++ {
		w.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 50*60, ago, map[string]string{"TableName": table})
		w.measure("AWS/DynamoDB", "WriteThrottleEvents", 450*60, ago, map[string]string{"TableName": table})
	}
	metric, since := writeThrottles(table), w.now().Add(-5*time.Minute)
	name := w.alarm("ALARM", metric)
	w.emulator.SetContributors(name, map[string]time.Time{"ours": since})
	var event map[string]any
	w.must(json.Unmarshal(w.event(name, metric, since), &event))
	data, _ := event["alarmData"].(map[string]any)
	data["alarmContributor"] = map[string]any{"id": "ours", "attributes": map[string]string{"TableName": table}}
	raw, err := json.Marshal(event)
	w.must(err)
	return raw
}

// listsOfStream is a composite alarm over one on a stream that a stack owns, as its last tag says.
func (w *world) listsOfStream() json.RawMessage {
	w.Helper()
	stream := w.stream(2)
	_, err := kinesis.NewFromConfig(w.config).AddTagsToStream(w.Context(), &kinesis.AddTagsToStreamInput{
		StreamName: &stream, Tags: map[string]string{"a": "first", stackTag: "clicks"},
	})
	w.must(err)
	child := w.alarm("ALARM", alarm.Metric{
		Namespace: "AWS/Kinesis", Name: "WriteProvisionedThroughputExceeded", Dimensions: map[string]string{"StreamName": stream},
	})
	return (&scene{world: w}).composite(child)
}

// listsOfQuota is an alarm on a quota that AWS was asked for already.
func (w *world) listsOfQuota() json.RawMessage {
	w.Helper()
	dimensions := map[string]string{"Service": "VPC", "Type": "Resource", "Resource": "VPCs-" + w.name, "Class": "None"}
	w.emulator.SetQuota(emulator.Quota{Service: "vpc", Code: vpcs, Metric: "ResourceCount", Dimensions: dimensions})
	metric := alarm.Metric{Namespace: "AWS/Usage", Name: "ResourceCount", Dimensions: dimensions}
	event := w.event(w.alarm("ALARM", metric), metric, w.now().Add(-time.Minute))
	_, err := w.raiser(w.everyList()).Handle(w.Context(), event)
	w.must(err)
	w.received(w.inbox)
	return w.event(w.name+"-ResourceCount", metric, w.now())
}
