package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
)

// Done is what Setup found and did, in words.
type Done struct {
	// Server is the name and the release of what answers; empty where it does not say.
	Server string
	// Template and Stream are what became of the index template and of the data stream.
	Template, Stream string
}

// What becomes of a template or a data stream.
const (
	Created   = "created"
	Changed   = "changed"
	AsItWas   = "as it was"
	NotNeeded = "not needed"
)

// Setup puts the index template and the data stream. It may be run again at any time, and keeps what
// others have put into the template. How long documents stay is left to ISM or ILM.
func (d *Destination) Setup(ctx context.Context) (Done, error) {
	done, err := d.setup(ctx)
	if err != nil {
		return done, fmt.Errorf("setting up %s at %s: %w", d.options.DataStream, d.endpoint, err)
	}
	return done, nil
}

func (d *Destination) setup(ctx context.Context) (done Done, err error) {
	if d.serverless() {
		return d.setupCollection(ctx)
	}
	elastic := false
	if done.Server, elastic, err = d.server(ctx); err != nil {
		return done, err
	}
	fields := mappings(elastic)
	if done.Template, err = d.putTemplate(ctx, fields); err != nil {
		return done, fmt.Errorf("putting the index template: %w", err)
	}
	if done.Stream, err = d.putStream(ctx); err != nil {
		return done, fmt.Errorf("putting the data stream: %w", err)
	}
	if done.Stream == AsItWas && done.Template != AsItWas {
		// The template is for indexes to come; new fields are for today's too.
		if _, err = d.ask(ctx, http.MethodPut, d.path()+"/_mapping", fields); err != nil {
			return done, fmt.Errorf("adding fields to the index in use: %w; POST %s/_rollover begins one with the new template", err, d.path())
		}
		done.Stream = Changed
	}
	return done, nil
}

// setupCollection makes a plain index with the fields.
func (d *Destination) setupCollection(ctx context.Context) (Done, error) {
	done := Done{Server: "OpenSearch Serverless", Template: NotNeeded}
	_, err := d.ask(ctx, http.MethodPut, d.path(), object{"mappings": mappings(false)})
	switch refused := (*refusal)(nil); {
	case err == nil:
		done.Stream = Created
	case errors.As(err, &refused) && refused.kind == "resource_already_exists_exception":
		done.Stream = AsItWas
	default:
		return done, fmt.Errorf("putting the index: %w", err)
	}
	return done, nil
}

// server asks who answers.
func (d *Destination) server(ctx context.Context) (name string, elastic bool, err error) {
	answer, err := d.ask(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return "", false, err
	}
	var told struct {
		Version struct{ Distribution, Number string }
	}
	if err := json.Unmarshal(answer, &told); err != nil || told.Version.Number == "" {
		return "", false, errors.New("neither OpenSearch nor Elasticsearch answers there")
	}
	if told.Version.Distribution == "opensearch" {
		return "OpenSearch " + told.Version.Number, false, nil
	}
	return "Elasticsearch " + told.Version.Number, true, nil
}

func (d *Destination) putTemplate(ctx context.Context, fields object) (string, error) {
	path := "/_index_template/" + url.PathEscape("caretaker-"+d.options.DataStream)
	stands, err := d.template(ctx, path)
	if err != nil {
		return "", err
	}
	wanted := templateFor(stands, d.options.DataStream, fields)
	if same(stands, wanted) {
		return AsItWas, nil
	}
	if _, err := d.ask(ctx, http.MethodPut, path, wanted); err != nil {
		return "", err
	}
	if stands == nil {
		return Created, nil
	}
	return Changed, nil
}

// template reads the template that stands; nil where there is none.
func (d *Destination) template(ctx context.Context, path string) (object, error) {
	answer, err := d.ask(ctx, http.MethodGet, path, nil)
	if refused := (*refusal)(nil); errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var told struct {
		Templates []struct {
			Template object `json:"index_template"`
		} `json:"index_templates"`
	}
	if err := json.Unmarshal(answer, &told); err != nil || len(told.Templates) != 1 {
		return nil, fmt.Errorf("reading %s: %w", path, errUnreadable)
	}
	return told.Templates[0].Template, nil
}

// same compares values by what they are as JSON.
func same(a, b any) bool {
	var values [2]any
	for i, value := range []any{a, b} {
		text, err := json.Marshal(value)
		if err != nil || json.Unmarshal(text, &values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

func (d *Destination) putStream(ctx context.Context) (string, error) {
	_, err := d.ask(ctx, http.MethodPut, "/_data_stream/"+url.PathEscape(d.options.DataStream), nil)
	refused := (*refusal)(nil)
	switch {
	case err == nil:
		return Created, nil
	case errors.As(err, &refused) && refused.kind == "resource_already_exists_exception":
		return AsItWas, nil
	}
	if _, plain := d.ask(ctx, http.MethodGet, d.path()+"/_count", nil); plain == nil {
		return "", fmt.Errorf("%w; a plain index of that name is in the way, made by documents that came before the template: reindex it under another name or delete it, then run this again", err)
	}
	return "", err
}
