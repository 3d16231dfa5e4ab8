package limitraiser

import (
	"context"
	"testing"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

// pools are a kind that nobody else knows: a number, which the raiser may raise to 40.
type pools struct {
	plain
	size *float64
}

func (pools) names(metric alarm.Metric) (string, []Part) {
	if metric.Namespace != "Pools" {
		return "", nil
	}
	return metric.Dimensions["Pool"], []Part{{Dimension: "size"}}
}

func (p pools) read(_ context.Context, _ *Raiser, shortage Shortage) (Facts, error) {
	return Facts{Resource: shortage.Resource, ARN: "arn", Parts: []Current{{Part: Part{Dimension: "size"}, Means: Provisioned, Now: *p.size, Max: 40}}}, nil
}

func (p pools) raise(_ context.Context, _ *Raiser, _ Facts, decisions []Decision) error {
	*p.size = decisions[0].To
	return nil
}

func (pools) link(name, region string) string { return "pools/" + region + "/" + name }

// A further kind of resource is a type and a line in the table: everything else takes it as it is.
func TestKinds_areATypeAndALineInTheTable(t *testing.T) {
	w := newWorld(t)
	size, before := 20.0, kinds
	t.Cleanup(func() { kinds = before })
	kinds = append(kinds[:len(kinds):len(kinds)], kindOf{"pool", pools{size: &size}})
	metric := alarm.Metric{Namespace: "Pools", Name: "Refused", Dimensions: map[string]string{"Pool": "drivers"}}
	event := w.event(w.alarm("ALARM", metric), metric, w.now())
	report, err := w.raiser(earnest("none")).Handle(t.Context(), event)
	got := decision(t, report, err)
	wantDecision(t, got, Decision{Outcome: Raised, To: 30})
	want.Equal(t, "the size of the pool", size, 30)
	want.Equal(t, "the cost of a month", got.CostAMonth, 0)
	w.wantTold(1, "pool/drivers", "console.aws.amazon.com/pools/us-east-1/drivers")
	w.look()
}

func TestKinds_areNotTakenForOneAnother(t *testing.T) {
	metrics := []alarm.Metric{
		{Namespace: "AWS/DynamoDB", Name: "WriteThrottleEvents", Dimensions: map[string]string{"TableName": "a", "StreamName": "a", "FunctionName": "a"}},
		{Namespace: "AWS/Kinesis", Name: "IncomingBytes", Dimensions: map[string]string{"TableName": "a", "StreamName": "a", "FunctionName": "a"}},
		{Namespace: "AWS/Lambda", Name: "Throttles", Dimensions: map[string]string{"TableName": "a", "StreamName": "a", "FunctionName": "a"}},
	}
	for position, metric := range metrics {
		for number, one := range kinds {
			if _, parts := one.kind.names(metric); (len(parts) > 0) != (number == position) {
				t.Errorf("%s takes %s for its own: %v", one.name, metric.Namespace, parts)
			}
		}
	}
	if _, err := (Resource{"unknown", "a"}).kind().read(t.Context(), nil, Shortage{}); err == nil {
		t.Error("a kind that is not known is read as if there were nothing")
	}
}
