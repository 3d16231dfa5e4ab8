package dashboards

import (
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

var update = flag.Bool("update", false, "write the file anew that people import by hand")

const (
	file   = "caretaker.ndjson"
	stream = "logs-lambda-default"
)

func TestNDJSON_isTheFileInTheRepository(t *testing.T) {
	made := NDJSON(stream)
	if *update {
		want.NoError(t, "writing", os.WriteFile(file, made, 0o600))
	}
	kept, err := os.ReadFile(file)
	want.NoError(t, "reading; go test ./log-shipper/dashboards -update writes it", err)
	want.Equal(t, "what is made, beside "+file+", which go test ./log-shipper/dashboards -update writes anew", strings.Split(string(made), "\n"), strings.Split(string(kept), "\n"))
}

// object is an object of the file, as Dashboards reads it.
type object struct {
	Type, ID   string
	Attributes struct {
		Title, Description, VisState, PanelsJSON, OptionsJSON, UIStateJSON, TimeFieldName string
		Columns                                                                           []string
		Sort                                                                              [][]string
		KibanaSavedObjectMeta                                                             struct{ SearchSourceJSON string }
	}
	References []struct{ Name, Type, ID string }
}

// objects reads the file: what holds has to hold for that, and not for what it was made from.
func objects(t *testing.T) (all []object) {
	t.Helper()
	kept, err := os.ReadFile(file)
	want.NoError(t, "reading", err)
	for line := range strings.Lines(string(kept)) {
		var one object
		want.NoError(t, "decoding "+line, json.Unmarshal([]byte(line), &one))
		all = append(all, one)
	}
	return all
}

// decoded is JSON that stands in a string.
func decoded[T any](t *testing.T, text string) (value T) {
	t.Helper()
	want.NoError(t, "decoding "+text, json.Unmarshal([]byte(text), &value))
	return value
}

// Whatever one object needs is in the file, before it: Dashboards looks only for some of it itself.
func TestObjects_bringWhatTheyNeed(t *testing.T) {
	seen := map[string]bool{}
	for _, one := range objects(t) {
		if !strings.HasPrefix(one.ID, "caretaker-"+stream+"-") || seen[one.Type+one.ID] {
			t.Errorf("%s %s must have an id of its own that begins with the data stream's", one.Type, one.ID)
		}
		seen[one.Type+one.ID] = true
		named := map[string]bool{}
		for _, of := range one.References {
			named[of.Name] = true
			if !seen[of.Type+of.ID] {
				t.Errorf("%s %s needs %s %s, which does not stand before it", one.Type, one.ID, of.Type, of.ID)
			}
		}
		meta := decoded[struct{ IndexRefName string }](t, cmp.Or(one.Attributes.KibanaSavedObjectMeta.SearchSourceJSON, "{}"))
		if meta.IndexRefName != "" && !named[meta.IndexRefName] {
			t.Errorf("%s %s searches %s, which is no reference of it", one.Type, one.ID, meta.IndexRefName)
		}
		if one.Type == pattern {
			want.Equal(t, "the index pattern and its time", one.Attributes.Title+" "+one.Attributes.TimeFieldName, stream+" @timestamp")
		} else if edition(one.Attributes.Description) == "" {
			t.Errorf("%s %s does not say its edition", one.Type, one.ID)
		}
	}
	want.Equal(t, "objects", len(seen), 1+len(panels)+len(boards))
}

// box is the place of a panel.
type box struct{ X, Y, W, H int }

func TestObjects_panelsOfADashboardStandBesideEachOther(t *testing.T) {
	shown := map[string]bool{}
	for _, one := range objects(t) {
		if one.Type != dashboard {
			continue
		}
		taken := map[[2]int]string{}
		placed := decoded[[]struct {
			PanelRefName string
			GridData     box
		}](t, one.Attributes.PanelsJSON)
		want.Equal(t, "panels, beside the objects that they show", len(placed), len(one.References))
		for i, p := range placed {
			want.Equal(t, "what a panel shows", p.PanelRefName, one.References[i].Name)
			shown[one.References[i].ID] = true
			if p.GridData.X+p.GridData.W > columns || p.GridData.W < 1 || p.GridData.H < 1 {
				t.Errorf("%s: %s does not fit into %d columns: %v", one.ID, p.PanelRefName, columns, p.GridData)
			}
			for x := p.GridData.X; x < p.GridData.X+p.GridData.W; x++ {
				for y := p.GridData.Y; y < p.GridData.Y+p.GridData.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Errorf("%s: %s stands on %s", one.ID, p.PanelRefName, other)
					}
					taken[[2]int{x, y}] = p.PanelRefName
				}
			}
		}
	}
	want.Equal(t, "pictures and lists on dashboards", len(shown), len(panels))
}

// state is a picture as Dashboards keeps it.
type state struct {
	Title, Type string
	Aggs        []agg
}

type agg struct {
	ID, Type, Schema string
	Params           struct {
		Field, Order, OrderBy, JSON, CustomLabel string
		Size                                     int
		Percents                                 []float64
		Filters                                  []struct {
			Label string
			Input struct{ Query, Language string }
		}
	}
}

// kinds are those of fields that an aggregation can work with.
var kinds = map[string][]document.Kind{
	"terms": {document.Keyword, document.Flag}, "cardinality": {document.Keyword}, "date_histogram": {document.Date},
	"max": {document.Number, document.Date}, "min": {document.Number}, "avg": {document.Number}, "sum": {document.Number}, "percentiles": {document.Number},
}

// What is shown stands in the index template, in a form that can be counted.
func TestObjects_showFieldsThatDocumentsHave(t *testing.T) {
	has := map[string]document.Kind{}
	for _, field := range document.Fields {
		has[field.Name] = field.Kind
	}
	for _, one := range objects(t) {
		for _, column := range one.Attributes.Columns {
			if _, there := has[column]; !there {
				t.Errorf("%s lists %s, which no document has", one.ID, column)
			}
		}
		if one.Attributes.VisState == "" {
			continue
		}
		picture := decoded[state](t, one.Attributes.VisState)
		want.Equal(t, "the title in a picture's state", picture.Title, one.Attributes.Title)
		for _, a := range picture.Aggs {
			if kind, there := has[a.Params.Field]; a.Params.Field != "" && (!there || !slices.Contains(kinds[a.Type], kind)) {
				t.Errorf("%s: %s of %s cannot be: the field is there: %v, of kind %d", one.ID, a.Type, a.Params.Field, there, kind)
			}
			if a.Type == "terms" && !slices.ContainsFunc(picture.Aggs, func(m agg) bool { return m.ID == a.Params.OrderBy && m.Schema == "metric" }) {
				t.Errorf("%s orders by %q, which is none of its numbers", one.ID, a.Params.OrderBy)
			}
		}
	}
}

func TestNDJSON_isOfItsDataStreamAlone(t *testing.T) {
	if text := string(NDJSON("logs-lambda-prod")); strings.Contains(text, stream) {
		t.Error("what is made for one data stream names another")
	}
}
