package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"caretaker/internal/emulator/paging"
	"caretaker/internal/want"
)

func TestHandle_readsEveryListToItsEnd(t *testing.T) {
	part := paging.Part{
		Folder: ".", Clients: reflect.TypeFor[Clients](),
		Exempt: map[string]string{"DescribeStacks": "it asks for one stack, by its id", "DescribeDeliveryStream": "a stream has one destination", "ListStreams": "it has two ways to ask for a page: TestStreams_readsThemToTheEnd"},
	}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		w := everyList(t)
		cutter.Attach(&w.config)
		plan, failures, err := w.reconciler().Plan(t.Context())
		text, failed := json.Marshal(map[string]any{"plan": plan, "errors": fmt.Sprint(err, failures)})
		w.must("encoding the plan", failed)
		return strings.ReplaceAll(string(text), w.account, "ACCOUNT")
	})
}

// everyList is a Region in which something depends on the second item of each list.
func everyList(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.fleet()
	w.function("another", "caretaker:alarm.errors", "2%")
	w.function("third", "caretaker:alarms", "off")
	w.table("refunds", "by-day")
	w.queue("more", nil)
	w.more()
	w.setQuotas()
	w.used(testedQuotas[0])
	w.used(testedQuotas[1])
	w.used(testedQuotas[2])
	w.used(testedQuotas[3])
	w.raiseQuota("dynamodb", "L-F98FE922", 5000)
	w.cfg.LogPatterns = []LogPattern{{Name: "refused", Pattern: "x", Functions: []string{"reader", "another"}}}
	w.group("/aws/lambda/another")
	w.group("/aws/lambda/reader")
	w.runs()
	w.other(Prefix("prod") + "function/reader/old")
	w.emulator.ForgetCalls()
	return w
}

// inPages answers one stream a page.
type inPages struct{ names []string }

func (p inPages) ListStreams(_ context.Context, in *kinesis.ListStreamsInput, _ ...func(*kinesis.Options)) (*kinesis.ListStreamsOutput, error) {
	at := len(aws.ToString(in.NextToken))
	page := &kinesis.ListStreamsOutput{StreamNames: p.names[at : at+1], HasMoreStreams: aws.Bool(at+1 < len(p.names))}
	if *page.HasMoreStreams {
		page.NextToken = aws.String(strings.Repeat("x", at+1))
	}
	return page, nil
}

func TestStreams_readsThemToTheEnd(t *testing.T) {
	r := &Reconciler{aws: Clients{Kinesis: inPages{[]string{"a", "b", "c"}}}}
	found, err := r.streams(t.Context())
	want.NoError(t, "listing", err)
	want.Equal(t, "streams", len(found), 3)
}
