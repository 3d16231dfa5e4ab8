// Package emf writes metrics in CloudWatch's embedded metric format: JSON log
// lines that CloudWatch Logs turns into metrics, without an API call.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package emf

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// Namespace is where every metric of Caretaker stands.
const Namespace = "Caretaker"

// The units that Caretaker uses.
const (
	Count   = "Count"
	Bytes   = "Bytes"
	Percent = "Percent"
	Seconds = "Seconds"
	None    = "None"
)

// Metric is one measured value.
type Metric struct {
	Name  string
	Value float64
	Unit  string
	// Dimensions are added to those that all metrics of the run share. Nil adds none.
	Dimensions map[string]string
}

// Write writes the metrics, one line for each set of dimensions, with shared
// dimensions on all of them. A set may hold at most 100 metrics; the parts stay far below.
func Write(w io.Writer, at time.Time, shared map[string]string, metrics []Metric) error {
	type set struct {
		dimensions map[string]string
		metrics    []Metric
	}
	sets := map[string]*set{}
	var order []string
	for _, metric := range metrics {
		dimensions := maps.Clone(shared)
		if dimensions == nil {
			dimensions = map[string]string{}
		}
		maps.Copy(dimensions, metric.Dimensions)
		key := fmt.Sprint(dimensions)
		if sets[key] == nil {
			sets[key] = &set{dimensions: dimensions}
			order = append(order, key)
		}
		sets[key].metrics = append(sets[key].metrics, metric)
	}
	for _, key := range order {
		if err := writeSet(w, at, sets[key].dimensions, sets[key].metrics); err != nil {
			return err
		}
	}
	return nil
}

func writeSet(w io.Writer, at time.Time, dimensions map[string]string, metrics []Metric) error {
	line := map[string]any{}
	definitions := make([]map[string]string, 0, len(metrics))
	for _, metric := range metrics {
		line[metric.Name] = metric.Value
		definitions = append(definitions, map[string]string{"Name": metric.Name, "Unit": metric.Unit})
	}
	names := make([]string, 0, len(dimensions))
	for name, value := range dimensions {
		line[name] = value
		names = append(names, name)
	}
	slices.Sort(names)
	line["_aws"] = map[string]any{
		"Timestamp": at.UnixMilli(),
		"CloudWatchMetrics": []map[string]any{{
			"Namespace":  Namespace,
			"Dimensions": [][]string{slices.Sorted(maps.Keys(dimensions))},
			"Metrics":    definitions,
		}},
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
