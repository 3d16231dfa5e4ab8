package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"caretaker/internal/metric"
)

const (
	// The size of an image that nobody asks another one of, and the largest.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Metric-Widget-Structure.html
	usualWidth, usualHeight, largest = 600, 400, 2000
	// mostInImage is how many metrics an image has:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricWidgetImage.html
	mostInImage = 100
	// usualSpan is what an image shows where nothing says it.
	usualSpan = 3 * time.Hour
)

// imageWidget is what an image is drawn of.
type imageWidget struct {
	Title         string
	Width, Height int
	Period        int
	Start, End    string
	Metrics       [][]any
	YAxis         struct {
		Left struct{ Min *float64 }
	}
	Annotations struct {
		Horizontal []struct {
			Label string
			Value float64
		}
		Vertical []struct {
			Label string
			Value time.Time
		}
	}
}

// widgetImage answers with a PNG of the size that is asked for, drawn of the metrics that the emulator has; it has no
// such call itself. Where the picture is not AWS's: it looks otherwise; bands of anomalies, and queries of Metrics
// Insights, are left out; a metric is written out in full, without "." for what stood above it; and a start or an end
// is a moment, or left out, which is the last three hours.
func widgetImage(x *exchange) (*answer, error) {
	request, refused, err := x.asksInCBOR()
	if err != nil || refused != nil {
		return refused, err
	}
	text, _ := request["MetricWidget"].(cbor.String)
	var widget imageWidget
	switch err := json.Unmarshal([]byte(text), &widget); {
	case err != nil:
		return x.refuse(http.StatusBadRequest, "ValidationError", "The MetricWidget is not valid JSON"), nil
	case len(widget.Metrics) == 0 || len(widget.Metrics) > mostInImage:
		return x.refuse(http.StatusBadRequest, "ValidationError", "The MetricWidget has no metrics, or too many"), nil
	case widget.Width < 0 || widget.Height < 0 || widget.Width > largest || widget.Height > largest:
		return x.refuse(http.StatusBadRequest, "ValidationError", "The MetricWidget is too large"), nil
	}
	if widget.Width == 0 {
		widget.Width = usualWidth
	}
	if widget.Height == 0 {
		widget.Height = usualHeight
	}
	frame, err := widget.frame(time.Now())
	if err != nil {
		return x.refuse(http.StatusBadRequest, "ValidationError", "The MetricWidget is not valid: "+err.Error()), nil
	}
	lines, err := x.linesOf(widget, frame)
	if err != nil {
		return x.refuse(http.StatusBadRequest, "ValidationError", "The MetricWidget is not valid: "+err.Error()), nil
	}
	drawn, err := picture(widget, frame, lines)
	if err != nil {
		return nil, err
	}
	return inCBOR(cbor.Map{"MetricWidgetImage": cbor.Slice(drawn)}), nil
}

// frame is the time that is drawn.
func (w imageWidget) frame(now time.Time) (metric.Frame, error) {
	start, end := now.Add(-usualSpan), now
	for text, at := range map[string]*time.Time{w.Start: &start, w.End: &end} {
		if text == "" {
			continue
		}
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return metric.Frame{}, fmt.Errorf("%q is no moment", text)
		}
		*at = moment
	}
	period := time.Duration(max(w.Period, 60)) * time.Second
	frame := metric.Frame{Start: start.Truncate(period), Period: period}
	frame.Count = int((end.Sub(frame.Start) + period - 1) / period)
	if frame.Count <= 0 {
		return metric.Frame{}, errors.New("it ends before it starts")
	}
	return frame, nil
}

// imageOptions stand at the end of a metric, or alone with an expression.
type imageOptions struct {
	ID, Label, Stat, Expression string
	Period                      int
	Visible                     *bool
}

// imageLine is one line of an image.
type imageLine struct {
	label  string
	series metric.Series
}

// linesOf computes the lines that are seen.
func (x *exchange) linesOf(widget imageWidget, frame metric.Frame) (lines []imageLine, err error) {
	span := cbor.Map{"StartTime": moment(frame.Start), "EndTime": moment(frame.End())}
	data := metric.Data{}
	var queries []metric.Query
	var seen []imageOptions
	for number, entry := range widget.Metrics {
		options, of, err := entryOf(entry)
		if err != nil {
			return nil, err
		}
		if options.ID == "" {
			options.ID = fmt.Sprintf("made%d", number)
		}
		switch {
		case of != nil:
			series, err := x.series(span, inRequest(*of), of.Statistic, frame)
			if err != nil {
				return nil, err
			}
			queries = append(queries, metric.Query{ID: options.ID, Metric: of})
			data[of.Key()] = series
		case strings.Contains(options.Expression, "ANOMALY_DETECTION_BAND"), strings.HasPrefix(strings.ToUpper(options.Expression), "SELECT "):
			continue
		default:
			queries = append(queries, metric.Query{ID: options.ID, Expression: options.Expression})
		}
		if options.Visible == nil || *options.Visible {
			seen = append(seen, options)
		}
	}
	for _, options := range seen {
		judging := slices.Clone(queries)
		for at := range judging {
			judging[at].Judged = judging[at].ID == options.ID
		}
		alarm, err := metric.New(options.ID, metric.Rule{Comparison: "GreaterThanThreshold", Datapoints: 1, Periods: 1}, frame.Period, judging)
		if err != nil {
			return nil, err
		}
		series, err := alarm.Values(frame, data)
		if err != nil {
			return nil, err
		}
		lines = append(lines, imageLine{options.Label, series})
	}
	return lines, nil
}

// entryOf reads one metric of a widget: ["AWS/Lambda", "Errors", "FunctionName", "f", {"stat": "Sum"}], or an expression:
// [{"expression": "m1/m2"}]. The metric is nil of an expression.
func entryOf(entry []any) (options imageOptions, of *metric.Metric, err error) {
	if len(entry) == 0 {
		return options, nil, errors.New("a metric says nothing")
	}
	if object, is := entry[len(entry)-1].(map[string]any); is {
		text, err := json.Marshal(object)
		if err == nil {
			err = json.Unmarshal(text, &options)
		}
		if err != nil {
			return options, nil, err
		}
		entry = entry[:len(entry)-1]
	}
	if len(entry) == 0 && options.Expression != "" {
		return options, nil, nil
	}
	words := make([]string, len(entry))
	for at, value := range entry {
		word, is := value.(string)
		if !is || word == "." || word == "..." {
			return options, nil, fmt.Errorf("%v stands where a word has to", value)
		}
		words[at] = word
	}
	if len(words) < 2 || len(words)%2 != 0 {
		return options, nil, fmt.Errorf("%q is not a namespace, a name and pairs of a dimension and its value", words)
	}
	found := metric.Metric{Namespace: words[0], Name: words[1], Statistic: "Average"}
	if options.Stat != "" {
		found.Statistic = options.Stat
	}
	for pair := range slices.Chunk(words[2:], 2) {
		found.Dimensions = append(found.Dimensions, metric.Dimension{Name: pair[0], Value: pair[1]})
	}
	if options.Label == "" {
		options.Label = found.Name
	}
	return options, &found, nil
}

// inRequest is a metric as a call has it.
func inRequest(of metric.Metric) cbor.Map {
	dimensions := cbor.List{}
	for _, one := range of.Dimensions {
		dimensions = append(dimensions, cbor.Map{"Name": cbor.String(one.Name), "Value": cbor.String(one.Value)})
	}
	asked := cbor.Map{"Namespace": cbor.String(of.Namespace), "MetricName": cbor.String(of.Name)}
	if len(dimensions) > 0 {
		asked["Dimensions"] = dimensions
	}
	return asked
}

func moment(at time.Time) cbor.Value {
	return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(at.Unix()))}
}
