package emf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emf"
)

var at = time.UnixMilli(1767225600123)

func write(t *testing.T, shared map[string]string, metrics ...emf.Metric) []any {
	t.Helper()
	var b bytes.Buffer
	if err := emf.Write(&b, at, shared, metrics); err != nil {
		t.Fatal(err)
	}
	var written []any
	for text := range strings.Lines(b.String()) {
		var line any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		written = append(written, line)
	}
	return written
}

// line is the documented form of a line with the given definitions.
func line(dimensions []any, definitions []any, fields map[string]any) map[string]any {
	fields["_aws"] = map[string]any{
		"Timestamp": 1767225600123.0,
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "Caretaker", "Dimensions": []any{dimensions}, "Metrics": definitions,
		}},
	}
	return fields
}

func metric(name, unit string) map[string]any { return map[string]any{"Name": name, "Unit": unit} }

func TestWrite_writesALineForEachSetOfDimensions(t *testing.T) {
	got := write(
		t, map[string]string{"Stage": "prod", "Part": "janitor"},
		emf.Metric{Name: "VersionsDeleted", Value: 3, Unit: emf.Count},
		emf.Metric{Name: "ReferencesFound", Value: 7, Unit: emf.Count, Dimensions: map[string]string{"Kind": "alias"}},
		emf.Metric{Name: "BytesFreed", Value: 1e9, Unit: emf.Bytes},
		emf.Metric{Name: "ReferencesFound", Value: 0, Unit: emf.Count, Dimensions: map[string]string{"Kind": "mapping"}},
	)
	want := []any{
		line([]any{"Part", "Stage"}, []any{metric("VersionsDeleted", "Count"), metric("BytesFreed", "Bytes")},
			map[string]any{"Part": "janitor", "Stage": "prod", "VersionsDeleted": 3.0, "BytesFreed": 1e9}),
		line([]any{"Kind", "Part", "Stage"}, []any{metric("ReferencesFound", "Count")},
			map[string]any{"Kind": "alias", "Part": "janitor", "Stage": "prod", "ReferencesFound": 7.0}),
		line([]any{"Kind", "Part", "Stage"}, []any{metric("ReferencesFound", "Count")},
			map[string]any{"Kind": "mapping", "Part": "janitor", "Stage": "prod", "ReferencesFound": 0.0}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +written\n%s", diff)
	}
}

func TestWrite_writesNothingOfNothing(t *testing.T) {
	if got := write(t, map[string]string{"Part": "janitor"}); got != nil {
		t.Errorf("wrote %v", got)
	}
}

func TestWrite_leavesTheSharedDimensionsAlone(t *testing.T) {
	shared := map[string]string{"Part": "janitor"}
	write(t, shared, emf.Metric{Name: "A", Unit: emf.None, Dimensions: map[string]string{"Kind": "alias"}})
	if diff := cmp.Diff(map[string]string{"Part": "janitor"}, shared); diff != "" {
		t.Errorf("-before +after\n%s", diff)
	}
}

func TestWrite_passesErrorsOn(t *testing.T) {
	if err := emf.Write(&bytes.Buffer{}, at, nil, []emf.Metric{{Name: "DaysToLimit", Value: math.Inf(1)}}); err == nil {
		t.Error("infinity was written, which JSON does not have")
	}
	if err := emf.Write(full{}, at, nil, []emf.Metric{{Name: "A"}}); !errors.Is(err, errFull) {
		t.Errorf("Write = %v, want %v", err, errFull)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
