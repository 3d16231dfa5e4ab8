package emulator

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"

	"caretaker/internal/metric"
)

// The colours of a picture: the lines', a threshold's and a moment's.
var (
	lineColours = []drawing.Color{drawing.ColorFromHex("1f77b4"), drawing.ColorFromHex("9467bd"), drawing.ColorFromHex("2ca02c"), drawing.ColorFromHex("8c564b")}
	acrossColor = drawing.ColorFromHex("d13212")
	momentColor = drawing.ColorFromHex("eb5f07")
	textColor   = drawing.ColorFromHex("414d5c")
)

// picture draws lines over a frame, with the annotations of the widget, as a PNG of its size.
func picture(widget imageWidget, frame metric.Frame, lines []imageLine) ([]byte, error) {
	ticks := ticksOf(bounds(widget, lines))
	low, high := ticks[0].Value, ticks[len(ticks)-1].Value
	text := chart.Style{FontColor: textColor, FontSize: 8, StrokeColor: drawing.ColorFromHex("aab7b8")}
	grid := chart.Style{StrokeColor: drawing.ColorFromHex("e9ebed"), StrokeWidth: 1}
	drawn := chart.Chart{
		Title: widget.Title, TitleStyle: chart.Style{FontColor: textColor, FontSize: 10, Padding: chart.Box{Top: 1}}, Width: widget.Width, Height: widget.Height,
		Background: chart.Style{Padding: chart.Box{Top: 56, Left: 14, Right: 24, Bottom: 20}},
		XAxis:      chart.XAxis{Style: text, ValueFormatter: chart.TimeValueFormatterWithFormat("15:04"), Range: &chart.ContinuousRange{Min: chart.TimeToFloat64(frame.Start), Max: chart.TimeToFloat64(frame.End())}},
		// The first axis of the library is on the right, and it takes the range of the second from the ticks of the first.
		YAxis:          chart.YAxis{Style: chart.Hidden(), Ticks: ticks},
		YAxisSecondary: chart.YAxis{Style: text, GridMajorStyle: grid, Range: &chart.ContinuousRange{Min: low, Max: high}, Ticks: ticks},
	}
	for number, line := range lines {
		series := chart.TimeSeries{Name: line.label, YAxis: chart.YAxisSecondary, Style: chart.Style{StrokeColor: lineColours[number%len(lineColours)], StrokeWidth: 2}}
		for slot, value := range line.series {
			if !metric.Missing(value) {
				series.XValues, series.YValues = append(series.XValues, frame.At(slot).UTC()), append(series.YValues, value)
			}
		}
		if len(series.XValues) > 0 {
			drawn.Series = append(drawn.Series, series)
		}
	}
	across := func(label string, colour drawing.Color, times []time.Time, values []float64) {
		drawn.Series = append(drawn.Series, chart.TimeSeries{Name: label, YAxis: chart.YAxisSecondary, Style: chart.Style{StrokeColor: colour, StrokeWidth: 1.5, StrokeDashArray: []float64{5, 3}}, XValues: times, YValues: values})
	}
	for _, one := range widget.Annotations.Horizontal {
		across(one.Label, acrossColor, []time.Time{frame.Start.UTC(), frame.End().UTC()}, []float64{one.Value, one.Value})
	}
	for _, one := range widget.Annotations.Vertical {
		across(one.Label, momentColor, []time.Time{one.Value.UTC(), one.Value.UTC()}, []float64{low, high})
	}
	if len(drawn.Series) == 0 { // it draws none without a line
		across("no data", textColor, []time.Time{frame.Start.UTC(), frame.End().UTC()}, []float64{low, low})
	}
	drawn.Elements = []chart.Renderable{chart.LegendThin(&drawn, chart.Style{FontColor: textColor, FontSize: 8, StrokeColor: drawing.ColorWhite, FillColor: drawing.ColorWhite})}
	var out bytes.Buffer
	if err := drawn.Render(chart.PNG, &out); err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	return out.Bytes(), nil
}

// bounds are the values between which all that is drawn lies.
func bounds(widget imageWidget, lines []imageLine) (low, high float64) {
	first := true
	reach := func(value float64) {
		if first || value < low {
			low = value
		}
		if first || value > high {
			high = value
		}
		first = false
	}
	for _, line := range lines {
		for _, value := range line.series {
			if !metric.Missing(value) {
				reach(value)
			}
		}
	}
	for _, one := range widget.Annotations.Horizontal {
		reach(one.Value)
	}
	if least := widget.YAxis.Left.Min; least != nil {
		low = *least
	}
	if high <= low {
		high = low + 1
	}
	return low, high
}

// ticksOf are round values from below the lowest to above the highest.
func ticksOf(low, high float64) (ticks []chart.Tick) {
	const most = 6
	step := math.Pow(10, math.Floor(math.Log10((high-low)/most)))
	for _, times := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*times) <= most {
			step *= times
			break
		}
	}
	for number := math.Floor(low / step); ; number++ {
		value := number * step
		ticks = append(ticks, chart.Tick{Value: value, Label: fmt.Sprintf("%.6g", value)})
		if value > high {
			return ticks
		}
	}
}
