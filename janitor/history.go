package janitor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/emf"
	"caretaker/internal/paged"
)

// The janitor's own metrics. A run reads the earlier ones back: they are its only memory.
const (
	metricStorage    = "CodeStorageBytes"
	metricGrowth     = "CodeStorageGrowth"
	metricFunctions  = "FunctionsSeen"
	metricReferences = "ReferencesFound"
	metricRead       = "FunctionsRead"
)

// CloudWatch keeps metrics by the minute for 15 days, and by the hour for 455:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const (
	// memory is how far back a run looks at its own metrics.
	memory = 14 * 24 * time.Hour
	// longMemory is how far back it looks for the belts' counts where the time since holds none.
	longMemory = 455 * 24 * time.Hour
)

// history reads what earlier runs measured. The belts' counts are older than the memory when no
// run since could or would write them; a belt that forgot them would open by itself.
func (j *Janitor) history(ctx context.Context, now time.Time) (History, error) {
	recalled := pastMetrics{
		History: History{References: map[Kind]int{}, FunctionsRead: map[Kind]int{}}, queries: j.historyQueries(),
		latest: map[string]time.Time{}, growth: map[time.Time]int64{},
	}
	recall := func(queries []cloudwatchtypes.MetricDataQuery, start, end time.Time) error {
		return j.metricData(ctx, &cloudwatch.GetMetricDataInput{
			MetricDataQueries: queries, ScanBy: cloudwatchtypes.ScanByTimestampDescending, StartTime: &start, EndTime: &end,
		}, recalled.remember)
	}
	// Whole minutes and hours: otherwise CloudWatch rounds, and may leave the run of this minute out.
	err := recall(recalled.queries, now.Add(-memory).Truncate(time.Minute), now.Truncate(time.Minute).Add(time.Minute))
	if older := recalled.olderCounts(); err == nil && len(older) > 0 {
		err = recall(older, now.Add(-longMemory).Truncate(time.Hour), now.Add(-memory).Truncate(time.Hour).Add(time.Hour))
	}
	if err != nil {
		return History{}, fmt.Errorf("reading the metrics of earlier runs (cloudwatch:GetMetricData): %w", err)
	}
	return recalled.whole(), nil
}

// metricData reads every data point of some metrics.
func (j *Janitor) metricData(ctx context.Context, input *cloudwatch.GetMetricDataInput, read func(id string, at time.Time, value float64)) error {
	return paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := j.aws.CloudWatch.GetMetricData(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			switch result.StatusCode {
			case cloudwatchtypes.StatusCodeInternalError, cloudwatchtypes.StatusCodeForbidden:
				return nil, fmt.Errorf("CloudWatch answers %s for one of them", result.StatusCode)
			}
			for position, at := range result.Timestamps {
				read(aws.ToString(result.Id), at, result.Values[position])
			}
		}
		return page.NextToken, nil
	})
}

func (j *Janitor) historyQueries() []cloudwatchtypes.MetricDataQuery {
	var queries []cloudwatchtypes.MetricDataQuery
	add := func(name, statistic string, kind Kind) {
		dimensions := []cloudwatchtypes.Dimension{
			{Name: aws.String("Part"), Value: aws.String("janitor")},
			{Name: aws.String("Stage"), Value: aws.String(j.options.Stage)},
		}
		if kind != "" {
			dimensions = append(dimensions, cloudwatchtypes.Dimension{Name: aws.String("Kind"), Value: aws.String(string(kind))})
		}
		queries = append(queries, cloudwatchtypes.MetricDataQuery{
			Id: aws.String(fmt.Sprintf("q%d", len(queries))),
			MetricStat: &cloudwatchtypes.MetricStat{
				Metric: &cloudwatchtypes.Metric{Namespace: aws.String(emf.Namespace), MetricName: aws.String(name), Dimensions: dimensions},
				Period: aws.Int32(60), Stat: aws.String(statistic),
			},
		})
	}
	add(metricStorage, "Minimum", "")
	add(metricGrowth, "Sum", "")
	// Of two runs within one minute the one that found more counts: it is the one to compare with.
	add(metricFunctions, "Maximum", "")
	for _, one := range scans {
		for _, kind := range one.kinds {
			add(metricReferences, "Maximum", kind)
			add(metricRead, "Maximum", kind)
		}
	}
	return queries
}

// pastMetrics is a history while its data points come in.
type pastMetrics struct {
	History
	queries []cloudwatchtypes.MetricDataQuery
	// latest is when each query's latest data point was written, growth what grew by when.
	latest map[string]time.Time
	growth map[time.Time]int64
}

// olderCounts are the queries, by the hour, for the counts of which nothing has come in.
func (h *pastMetrics) olderCounts() []cloudwatchtypes.MetricDataQuery {
	var older []cloudwatchtypes.MetricDataQuery
	for _, query := range h.queries {
		name := aws.ToString(query.MetricStat.Metric.MetricName)
		if _, known := h.latest[aws.ToString(query.Id)]; known || name == metricStorage || name == metricGrowth {
			continue
		}
		byTheHour := *query.MetricStat
		byTheHour.Period = aws.Int32(3600)
		query.MetricStat = &byTheHour
		older = append(older, query)
	}
	return older
}

// whole is the history once all is in. What grew until the oldest run is not part of the time since.
func (h *pastMetrics) whole() History {
	for at, grown := range h.growth {
		if at.After(h.Since) {
			h.Growth += grown
		}
	}
	return h.History
}

// remember takes one data point in; of most metrics only the latest counts.
func (h *pastMetrics) remember(id string, at time.Time, value float64) {
	var position int
	if _, err := fmt.Sscanf(id, "q%d", &position); err != nil || position < 0 || position >= len(h.queries) {
		return
	}
	metric := h.queries[position].MetricStat.Metric
	name, kind := aws.ToString(metric.MetricName), Kind("")
	for _, dimension := range metric.Dimensions {
		if strings.EqualFold(aws.ToString(dimension.Name), "Kind") {
			kind = Kind(aws.ToString(dimension.Value))
		}
	}
	newest := !at.Before(h.latest[id])
	if newest {
		h.latest[id] = at
	}
	switch {
	case name == metricGrowth:
		h.growth[at] += int64(value)
	case name == metricStorage && (h.Since.IsZero() || at.Before(h.Since)):
		h.Since = at
	}
	if !newest {
		return
	}
	switch name {
	case metricStorage:
		h.After = int64(value)
	case metricFunctions:
		h.Functions = int(value)
	case metricReferences:
		h.References[kind] = int(value)
	case metricRead:
		h.FunctionsRead[kind] = int(value)
	}
}

// grown is by how many bytes the storage grew since the last run ended; false without one.
func (h History) grown(before Storage) (int64, bool) {
	return before.Used - h.After, h.After > 0
}

// daysToLimit is how many days the free storage lasts at the mean growth of the last two
// weeks. There is no answer while it does not grow or the history is under two days.
func daysToLimit(storage Storage, history History, before Storage, now time.Time) (float64, bool) {
	days := now.Sub(history.Since).Hours() / 24
	if history.Since.IsZero() || days < 2 || storage.Limit <= 0 {
		return 0, false
	}
	growth := history.Growth
	if latest, known := history.grown(before); known {
		growth += latest
	}
	if growth <= 0 {
		return 0, false
	}
	free := max(0, storage.Limit-storage.Used)
	return float64(free) / (float64(growth) / days), true
}
