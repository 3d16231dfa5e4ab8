package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
	"caretaker/internal/want"
)

var noon = time.Date(2026, 11, 29, 12, 2, 0, 0, time.UTC)

// known is a source of lines by title.
type known struct {
	lines  map[string][]Line
	states map[string]string
	fails  error
}

func (k known) Lines(_ context.Context, graph Graph, _ metric.Frame) ([]Line, error) {
	return k.lines[graph.Title], k.fails
}

func (k known) States(context.Context) (map[string]string, error) { return k.states, nil }

func board(widgets string) alerts.Dashboard {
	return alerts.Dashboard{Name: "caretaker_prod_eu-west-1_fleet", Body: `{"start":"-PT1H","widgets":[` + widgets + `]}`}
}

func graph(title string) string {
	return fmt.Sprintf(`{"type":"metric","x":0,"y":0,"width":8,"height":6,"properties":{"title":%q,"region":"eu-west-1","period":300,"metrics":[["AWS/Lambda","Errors",{"stat":"Sum","label":"errors"}]]}}`, title)
}

func drawn(t *testing.T, widgets string, source Source) Board {
	t.Helper()
	got, failures := Draw(t.Context(), board(widgets), "eu-west-1", source, noon)
	want.Equal(t, "failures", failures, []error(nil))
	return got
}

func TestDraw_readsTheTimeOfTheDashboardInItsPeriods(t *testing.T) {
	values := metric.None(12)
	values[3] = 7
	got := drawn(t, graph("Errors"), known{lines: map[string][]Line{"Errors": {{"errors", values}}}}).Widgets[0].Graph
	want.Equal(t, "where it begins", time.Unix(got.Start, 0).UTC(), time.Date(2026, 11, 29, 11, 0, 0, 0, time.UTC))
	want.Equal(t, "periods", []int64{int64(got.Count), got.Period}, []int64{12, 300})
	text, err := json.Marshal(got.Lines)
	want.NoError(t, "encoding", err)
	want.Equal(t, "the lines", string(text), `[{"label":"errors","values":[null,null,null,7,null,null,null,null,null,null,null,null]}]`)
}

func TestDraw_saysWhyAGraphIsEmpty(t *testing.T) {
	want.Equal(t, "why", drawn(t, graph("Errors"), known{}).Widgets[0].Why, "No datapoint in the last 1h: no function was called.")
	age := strings.Replace(graph("Age"), `"Errors"`, `"IteratorAge"`, 1)
	want.Says(t, "why", drawn(t, age, known{}).Widgets[0].Why, "functions that read a stream")
}

func TestDraw_showsAlarmsThatAreOnFirstAndThoseThatAreNotMade(t *testing.T) {
	const arn = "arn:aws:cloudwatch:eu-west-1:1:alarm:caretaker/prod/function/"
	widget := func(states string) string {
		return fmt.Sprintf(`{"type":"alarm","properties":{"title":"Alarms","states":[%s],"alarms":["%[2]sa/errors","%[2]sb/errors","%[2]sc/errors","%[2]sd/errors"]}}`, states, arn)
	}
	source := known{states: map[string]string{arn + "a/errors": "OK", arn + "b/errors": "ALARM", arn + "c/errors": "INSUFFICIENT_DATA"}}
	want.Equal(t, "all", drawn(t, widget(""), source).Widgets[0].Alarms, []State{
		{"function/b/errors", "ALARM"}, {"function/c/errors", "INSUFFICIENT_DATA"}, {"function/d/errors", NotMade}, {"function/a/errors", "OK"},
	})
	want.Equal(t, "those that are on", drawn(t, widget(`"ALARM"`), source).Widgets[0].Alarms, []State{{"function/b/errors", "ALARM"}})
	want.Equal(t, "why none is", drawn(t, widget(`"ALARM"`), known{}).Widgets[0].Why, "The alarms are planned, 4 of them, and none is made yet.")
	delete(source.states, arn+"b/errors")
	want.Equal(t, "why none of some is", drawn(t, widget(`"ALARM"`), source).Widgets[0].Why, "None is on; 2 of 4 alarms are not made yet.")
}

func TestDraw_goesOnWhereAWidgetCannotBeRead(t *testing.T) {
	got, failures := Draw(t.Context(), board(graph("Errors")+","+`{"type":"text","properties":{"markdown":"# All"}}`), "eu-west-1", known{fails: errors.New("AccessDenied")}, noon)
	want.Equal(t, "widgets", len(got.Widgets), 2)
	want.Says(t, "the failures", fmt.Sprint(failures), "caretaker_prod_eu-west-1_fleet, Errors: AccessDenied")
	want.Says(t, "what the widget says", got.Widgets[0].Why, "could not be read: AccessDenied")
}

func TestDraw_refusesWhatItCannotDraw(t *testing.T) {
	for widgets, says := range map[string]string{
		`{"type":"log","properties":{}}`:                                                 `a widget of type "log" cannot be drawn`,
		`{"type":"metric","properties":{"metrics":[["A","B"]]}}`:                         "its period is 0 seconds",
		`{"type":"metric","properties":{"period":60,"metrics":[["A"]]}}`:                 "line 1 of its metrics: 1 texts are no namespace, metric and pairs of dimensions",
		`{"type":"metric","properties":{"period":60,"metrics":[[{"stat":"Sum"},"A"]]}}`:  "its options stand at place 1 of 2",
		`{"type":"metric","properties":{"period":60,"metrics":[["A","B",7]]}}`:           "7 is neither a text nor options",
		`{"type":"metric","properties":{"period":60,"metrics":[["A","B","C","D","E"]]}}`: "5 texts",
	} {
		_, failures := Draw(t.Context(), board(widgets), "eu-west-1", known{}, noon)
		want.Says(t, "the failures", fmt.Sprint(failures), says)
	}
	_, failures := Draw(t.Context(), alerts.Dashboard{Name: "x", Body: "text"}, "", known{}, noon)
	want.Says(t, "the failures", fmt.Sprint(failures), "x: reading its JSON")
}

// What others wrote stays text, and nothing is fetched.
func TestPage_isOfOnePieceAndLetsNothingIn(t *testing.T) {
	dangerous := "</script><script>alert(1)</script><img src=https://example.com/x.png>"
	text, err := json.Marshal("# " + dangerous + "\n[a](javascript:alert(1))")
	want.NoError(t, "encoding", err)
	widgets := `{"type":"text","properties":{"markdown":` + string(text) + `}},` + graph(strings.ReplaceAll(dangerous, `"`, ""))
	boards := []Board{drawn(t, widgets, known{lines: map[string][]Line{dangerous: {{dangerous, metric.Series{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}}}})}
	out, err := Page(Heading{Stage: "prod", Account: "1", Data: "d", Until: "u"}, boards)
	want.NoError(t, "drawing", err)
	page := string(out)
	for _, never := range []string{"<script>alert", "<img", "javascript:alert", "https://example.com/x.png>", "<link rel=\"stylesheet"} {
		if at := strings.Index(page, never); at >= 0 {
			t.Errorf("%q stands in the page: %s", never, page[max(at-80, 0):min(at+80, len(page))])
		}
	}
	want.Says(t, "the page", page, "uPlot (v1.6.32)", "Permission is hereby granted, free of charge", "default-src 'none'")
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the template took something for dangerous: ZgotmplZ stands in the page")
	}
	want.Equal(t, "graphs", len(regexp.MustCompile(`<div class="graph">`).FindAllString(page, -1)), Graphs(boards))
}

// Every graph of the samples has something to show, or says why not; the same seed makes the same page.
func TestSamples_fillTheDashboards(t *testing.T) {
	pages := map[uint64][]string{}
	for _, seed := range []uint64{1, 1, 2} {
		facts := SampleFacts("prod")
		wanted := alerts.Make(facts, alerts.Default()).Wanted()
		source := Samples{Seed: seed, Facts: facts, Wanted: wanted}
		var boards []Board
		for _, dashboard := range wanted {
			got, failures := Draw(t.Context(), dashboard, SampleRegion, source, noon)
			want.Equal(t, "failures", failures, []error(nil))
			boards = append(boards, got)
		}
		want.Equal(t, "dashboards", len(boards), 4)
		for _, widget := range boards[0].Widgets {
			if widget.Why != "" {
				t.Errorf("%s of the fleet is empty: %s", widget.Title, widget.Why)
			}
		}
		text, err := Page(Heading{}, boards)
		want.NoError(t, "drawing", err)
		pages[seed] = append(pages[seed], string(text))
	}
	if pages[1][0] != pages[1][1] || pages[1][0] == pages[2][0] {
		t.Error("want the same page for the same seed, and another for another")
	}
}
