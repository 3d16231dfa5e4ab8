// Package dashboards holds what people look at in OpenSearch Dashboards: saved objects that show a fleet's
// errors, cold starts, slowest functions and memory, and all lines of one correlation id.
//
// The objects are made for one data stream, under ids of their own, so that each stage has its own and no
// object of others is touched. Put brings them to Dashboards by its import API; what was made of them there
// by hand stays until they change here.
package dashboards

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Object is one saved object, as Dashboards exports and imports it, one on each line.
// https://docs.opensearch.org/latest/dashboards/management/saved-objects-api/
type Object struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
	References []Reference    `json:"references"`
	// Migration is the release whose form the object has: Dashboards brings older ones up to date.
	Migration map[string]string `json:"migrationVersion"`
}

// Reference names an object that another needs.
type Reference struct {
	Name string `json:"name"`
	Type string `json:"type"`
	ID   string `json:"id"`
}

// The types of saved objects that are used, with the release of Kibana whose form they have: the last one
// that OpenSearch Dashboards began with, and still writes.
var forms = map[string]string{pattern: "7.6.0", visualization: "7.10.0", search: "7.9.3", dashboard: "7.9.3"}

const (
	pattern       = "index-pattern"
	visualization = "visualization"
	search        = "search"
	dashboard     = "dashboard"
)

// source is where an object's query stands, and how it names the index pattern.
const source = "kibanaSavedObjectMeta"

// Objects are the saved objects for a data stream, each after those that it needs.
func Objects(dataStream string) []Object {
	s := set{stream: dataStream}
	s.add(pattern, "documents", map[string]any{"title": dataStream, "timeFieldName": "@timestamp"}, nil)
	for _, p := range panels {
		if p.columns != nil {
			s.search(p)
		} else {
			s.visualization(p)
		}
	}
	for _, b := range boards {
		s.board(b)
	}
	return s.objects
}

// NDJSON is the objects as the file that Dashboards imports.
func NDJSON(dataStream string) []byte { return lines(Objects(dataStream)) }

func lines(objects []Object) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, object := range objects {
		if err := encoder.Encode(object); err != nil {
			panic(err) // nothing of it can fail to encode
		}
	}
	return text.Bytes()
}

// set is the objects made so far.
type set struct {
	stream  string
	objects []Object
}

func (s *set) id(name string) string { return "caretaker-" + s.stream + "-" + name }

// add adds an object. Its description ends with its edition, which tells whether the one in Dashboards was
// made of the same.
func (s *set) add(kind, name string, attributes map[string]any, references []Reference) {
	if references == nil {
		references = []Reference{}
	}
	object := Object{Type: kind, ID: s.id(name), Attributes: attributes, References: references, Migration: map[string]string{kind: forms[kind]}}
	if kind != pattern { // it has no description, and its fields are Dashboards' to fill in
		sum := sha256.Sum256(lines([]Object{object}))
		attributes["description"] = fmt.Sprint(attributes["description"], " (", editionMark, hex.EncodeToString(sum[:4]), ")")
	}
	s.objects = append(s.objects, object)
}

const editionMark = "by caretaker, edition "

// edition is that of an object's description; empty where it has none.
func edition(description any) string {
	text, _ := description.(string)
	_, after, _ := strings.Cut(text, editionMark)
	before, _, _ := strings.Cut(after, ")")
	return before
}

// searched is the query of an object over the index pattern, in Lucene's syntax.
func (s *set) searched(query string) (meta map[string]any, references []Reference) {
	name := source + ".searchSourceJSON.index"
	return map[string]any{"searchSourceJSON": inner(map[string]any{
		"query": map[string]any{"query": query, "language": "lucene"}, "filter": []any{}, "indexRefName": name,
	})}, []Reference{{name, pattern, s.id("documents")}}
}

// inner is JSON in a string, as Dashboards keeps much of its state.
func inner(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // nothing of it can fail to encode
	}
	return strings.TrimSpace(text.String())
}

func (s *set) visualization(p panel) {
	title := s.title(p.title)
	attributes := map[string]any{
		"title": title, "description": p.about, "uiStateJSON": "{}", "version": 1,
		"visState": inner(map[string]any{"title": title, "type": p.kind, "aggs": p.aggs(), "params": p.params()}),
	}
	var references []Reference
	if p.kind == markdown {
		attributes[source] = map[string]any{"searchSourceJSON": inner(map[string]any{"query": map[string]any{"query": "", "language": "lucene"}, "filter": []any{}})}
	} else {
		attributes[source], references = s.searched(p.query)
	}
	s.add(visualization, p.name, attributes, references)
}

func (s *set) search(p panel) {
	meta, references := s.searched(p.query)
	s.add(search, p.name, map[string]any{
		"title": s.title(p.title), "description": p.about, "hits": 0, "version": 1, "columns": p.columns, "sort": [][]string{p.sort}, source: meta,
	}, references)
}

// title is what people see: of which data stream it is.
func (s *set) title(of string) string { return "Caretaker: " + of + " (" + s.stream + ")" }

// board is a dashboard: rows of panels, each as wide as the columns that it is given, of 48.
type board struct {
	name, title, about string
	from               string
	rows               []row
}

// row is panels beside each other.
type row struct {
	height int
	panels []string
}

// columns is how many a dashboard has.
const columns = 48

func (s *set) board(b board) {
	var placed []map[string]any
	var references []Reference
	y := 0
	for _, r := range b.rows {
		width := columns / len(r.panels)
		for i, name := range r.panels {
			number := fmt.Sprint(len(placed) + 1)
			reference := "panel_" + number
			placed = append(placed, map[string]any{
				"version": forms[dashboard], "panelIndex": number, "panelRefName": reference, "embeddableConfig": map[string]any{},
				"gridData": map[string]any{"x": i * width, "y": y, "w": width, "h": r.height, "i": number},
			})
			references = append(references, Reference{reference, kindOf(name), s.id(name)})
		}
		y += r.height
	}
	s.add(dashboard, b.name, map[string]any{
		"title": s.title(b.title), "description": b.about, "hits": 0, "version": 1,
		"panelsJSON": inner(placed), "optionsJSON": inner(map[string]any{"useMargins": true, "hidePanelTitles": false}),
		"timeRestore": true, "timeFrom": b.from, "timeTo": "now", "refreshInterval": map[string]any{"pause": true, "value": 0},
		source: map[string]any{"searchSourceJSON": inner(map[string]any{"query": map[string]any{"query": "", "language": "kuery"}, "filter": []any{}})},
	}, references)
}

// kindOf is the type of a panel's object.
func kindOf(name string) string {
	for _, p := range panels {
		if p.name == name && p.columns != nil {
			return search
		}
	}
	return visualization
}
