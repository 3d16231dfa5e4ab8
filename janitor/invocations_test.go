package janitor

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/setting"
	"caretaker/internal/want"
)

// invokedBefore answers GetMetricData: of earlier runs it knows nothing, of each version how long
// ago it was invoked. It counts the queries in each call, and the first answer of each is half of it.
func (w *world) invokedBefore(t *testing.T, ago map[string]time.Duration) (calls *[]int) {
	t.Helper()
	calls = new([]int)
	w.on("CloudWatch.GetMetricData", func(_ int, request string) (int, string) {
		_, body, _ := strings.Cut(request, "\n") // behind the path
		decoded, err := cbor.Decode([]byte(body))
		if err != nil {
			t.Error(err)
			return http.StatusBadRequest, "InvalidParameterValue"
		}
		asked := decoded.(cbor.Map)
		queries := asked["MetricDataQueries"].(cbor.List)
		results := cbor.List{}
		for _, query := range queries {
			query := query.(cbor.Map)
			metric := query["MetricStat"].(cbor.Map)["Metric"].(cbor.Map)
			if string(metric["Namespace"].(cbor.String)) != "AWS/Lambda" {
				return http.StatusOK, string(cbor.Encode(cbor.Map{"MetricDataResults": cbor.List{}}))
			}
			resource := metric["Dimensions"].(cbor.List)[1].(cbor.Map)["Value"].(cbor.String)
			times, values := cbor.List{}, cbor.List{}
			if before, was := ago[string(resource)]; was {
				times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(today.Add(-before).Unix())})
				values = append(values, cbor.Float64(2))
			} else {
				times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(today.Unix())})
				values = append(values, cbor.Float64(0))
			}
			results = append(results, cbor.Map{"Id": query["Id"], "StatusCode": cbor.String("Complete"), "Timestamps": times, "Values": values})
		}
		if _, again := asked["NextToken"]; again {
			return http.StatusOK, string(cbor.Encode(cbor.Map{"MetricDataResults": results[len(results)/2:]}))
		}
		w.mutex.Lock()
		*calls = append(*calls, len(queries))
		w.mutex.Unlock()
		return http.StatusOK, string(cbor.Encode(cbor.Map{"MetricDataResults": results[:len(results)/2], "NextToken": cbor.String("2")}))
	})
	return calls
}

func TestInvocations_areLookedForAsFarBackAsTheFileSays(t *testing.T) {
	const day = 24 * time.Hour
	invoked := map[string]time.Duration{"orders:2": 80 * day, "orders:5": 20 * day}
	for within, wanted := range map[time.Duration]string{14 * day: "", 100 * day: "2 5"} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		calls := w.invokedBefore(t, invoked)
		cfg := earnest()
		cfg.Keep.InvokedWithin = setting.Duration(within)
		_, decisions, err := w.handle(t.Context(), cfg, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var kept []string
		for version := 1; version <= 5; version++ {
			if decisions[fmt.Sprint("orders:", version)].Reason == Referenced(EarlierInvocation) {
				kept = append(kept, fmt.Sprint(version))
			}
		}
		want.Equal(t, fmt.Sprintf("the versions that invocations within %s keep", within), strings.Join(kept, " "), wanted)
		if wanted != "" {
			want.Equal(t, "the detail of orders:2", decisions["orders:2"].Detail, "on "+today.Add(-80*day).Format(time.DateOnly))
		}
		want.Equal(t, fmt.Sprintf("CloudWatch was asked for invocations within %s", within), len(*calls) > 0, wanted != "")
	}
}

func TestInvocations_areAskedForInAsManyQueriesAsACallTakes(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 700), lambda("cart", 8))
	calls := w.invokedBefore(t, map[string]time.Duration{"orders:650": 99 * 24 * time.Hour, "cart:1": 15 * 24 * time.Hour})
	cfg := earnest()
	cfg.Keep.InvokedWithin = setting.Duration(100 * setting.Day)
	_, decisions, err := w.handle(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, queries := range *calls {
		if sum += queries; queries > 500 {
			t.Errorf("queries in a call: %d, want at most 500", queries)
		}
	}
	want.Equal(t, "queries in all", sum, 697+5)
	for _, version := range []string{"orders:650", "cart:1"} {
		want.Equal(t, "the reason for "+version, decisions[version].Reason, Referenced(EarlierInvocation))
	}
}

func TestInvocations_thatCannotBeReadKeepEverything(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("CloudWatch.GetMetricData", func(_ int, request string) (int, string) {
		if strings.Contains(request, "AWS/Lambda") {
			return denied(0, "")
		}
		return http.StatusOK, string(cbor.Encode(cbor.Map{"MetricDataResults": cbor.List{}}))
	})
	cfg := earnest()
	cfg.Keep.InvokedWithin = setting.Duration(100 * setting.Day)
	_, _, err := w.handle(t.Context(), cfg, Options{})
	want.Says(t, "the error", fmt.Sprint(err), "cloudwatch:GetMetricData")
	want.Equal(t, "deletions", len(w.Deletions()), 0)
}
