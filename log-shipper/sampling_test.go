package logshipper

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
)

// taker takes every document.
type taker struct{ took int }

func (s *taker) Send(_ context.Context, b *document.Batch) document.Fates {
	s.took += b.Len()
	fates := document.Fates{Of: make([]document.Fate, b.Len())}
	for i := range fates.Of {
		fates.Of[i] = document.Delivered
	}
	return fates
}

func TestHandle_countsWhatIsSampledAwayAsFiltered(t *testing.T) {
	cfg := Default()
	cfg.Sample.OneIn = 1_000_000
	to := &taker{}
	shipper, err := New(cfg, Clients{}, Alone(to), Options{Region: "eu-west-1"})
	want.NoError(t, "making a shipper", err)
	events := []map[string]any{{"id": fmt.Sprintf("%056d", 1), "timestamp": 1, "message": "INIT_START Runtime Version: x"}}
	for i := range 50 {
		id := fmt.Sprintf("8a1f0000-0000-4000-a000-%012d", i)
		events = append(events, map[string]any{"id": fmt.Sprintf("%056d", i+2), "timestamp": i + 2, "message": "END RequestId: " + id})
	}
	packed := base64.StdEncoding.EncodeToString(sample.Gzip(sample.Of("/aws/lambda/orders", "s", events)))
	report, err := shipper.Handle(t.Context(), []byte(`{"awslogs":{"data":"`+packed+`"}}`))
	want.NoError(t, "shipping", err)
	want.Equal(t, "what became of the events", report.Tally, Tally{In: 51, Delivered: 1, Filtered: 50})
	want.Equal(t, "of them sampled away", report.Sampled, 50)
	want.Equal(t, "documents that were sent", to.took, 1)
}
