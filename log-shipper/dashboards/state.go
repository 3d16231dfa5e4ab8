package dashboards

import (
	"fmt"
	"strconv"
)

// aggs are the aggregations of a picture, in the words of Dashboards: the metrics first, which the groups
// refer to by their numbers.
func (p panel) aggs() []map[string]any {
	all := []map[string]any{}
	add := func(kind, schema string, params map[string]any) {
		all = append(all, map[string]any{"id": strconv.Itoa(len(all) + 1), "enabled": true, "type": kind, "schema": schema, "params": params})
	}
	for _, m := range p.metrics {
		add(m.kind, "metric", m.params())
	}
	for i, g := range p.groups {
		// In a table each group is a column; of bars the first is the axis, and the others stand on each other.
		schema := "bucket"
		if p.kind == histogram {
			schema = [...]string{"segment", "group"}[min(i, 1)]
		}
		kind, params := g.params()
		add(kind, schema, params)
	}
	return all
}

func (m metric) params() map[string]any {
	params := map[string]any{"customLabel": m.label}
	if m.field != "" {
		params["field"] = m.field
	}
	if m.percents != nil {
		params["percents"] = m.percents
	}
	if m.missing != 0 { // there is no field for it in Dashboards but the one for JSON
		params["json"] = fmt.Sprintf(`{"missing":%d}`, m.missing)
	}
	return params
}

func (g group) params() (kind string, params map[string]any) {
	switch {
	case g.queries != nil:
		var filters []any
		for _, q := range g.queries {
			filters = append(filters, map[string]any{"input": map[string]any{"query": q.query, "language": "lucene"}, "label": q.label})
		}
		return "filters", map[string]any{"filters": filters}
	case g.most == 0:
		return "date_histogram", map[string]any{
			"field": g.field, "customLabel": g.label, "interval": "auto", "useNormalizedOpenSearchInterval": true, "scaleMetricValues": false,
			"drop_partials": false, "min_doc_count": 1, "extended_bounds": map[string]any{},
		}
	}
	return "terms", map[string]any{
		"field": g.field, "customLabel": g.label, "size": g.most, "order": "desc", "orderBy": strconv.Itoa(g.by),
		"otherBucket": false, "otherBucketLabel": "Other", "missingBucket": false, "missingBucketLabel": "Missing",
	}
}

// params are how a picture looks.
func (p panel) params() map[string]any {
	switch p.kind {
	case markdown:
		return map[string]any{"markdown": p.text, "fontSize": 12, "openLinksInNewTab": false}
	case table:
		return map[string]any{
			"perPage": 10, "showPartialRows": false, "showMetricsAtAllLevels": false, "showTotal": false, "totalFunc": "sum", "percentageCol": "",
			"sort": map[string]any{"columnIndex": nil, "direction": nil},
		}
	}
	label := p.metrics[0].label
	mode := map[string]string{"percentage": "percentage"}[p.stacked]
	if mode == "" {
		mode = "normal"
	}
	return map[string]any{
		"type": histogram, "addTooltip": true, "addLegend": true, "legendPosition": "right", "times": []any{}, "addTimeMarker": false,
		"grid": map[string]any{"categoryLines": false}, "labels": map[string]any{"show": false},
		"thresholdLine": map[string]any{"show": false, "value": 10, "width": 1, "style": "full", "color": "#E7664C"},
		"categoryAxes": []any{map[string]any{
			"id": "CategoryAxis-1", "type": "category", "position": "bottom", "show": true, "style": map[string]any{},
			"scale": map[string]any{"type": "linear"}, "labels": map[string]any{"show": true, "filter": true, "truncate": 100}, "title": map[string]any{},
		}},
		"valueAxes": []any{map[string]any{
			"id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left", "show": true, "style": map[string]any{},
			"scale":  map[string]any{"type": "linear", "mode": mode},
			"labels": map[string]any{"show": true, "rotate": 0, "filter": false, "truncate": 100}, "title": map[string]any{"text": label},
		}},
		"seriesParams": []any{map[string]any{
			"show": true, "type": histogram, "mode": "stacked", "data": map[string]any{"label": label, "id": "1"}, "valueAxis": "ValueAxis-1",
			"drawLinesBetweenPoints": true, "lineWidth": 2, "showCircles": true,
		}},
	}
}
