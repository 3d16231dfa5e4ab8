package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Dashboards answers as OpenSearch Dashboards does to who looks for saved objects and imports them, by its
// source: src/core/server/saved_objects of OpenSearch Dashboards. It draws nothing.
type Dashboards struct {
	server *httptest.Server
	// Caller, where set, is who is let in.
	Caller Caller

	mutex   sync.Mutex
	objects map[string]json.RawMessage // by type and id
	imports int
}

// StartDashboards starts one that holds nothing, below a path such as /_dashboards or the empty one.
func StartDashboards(path string) *Dashboards {
	d := &Dashboards{objects: map[string]json.RawMessage{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path+"/api/saved_objects/_bulk_get", d.guarded(d.bulkGet))
	mux.HandleFunc("POST "+path+"/api/saved_objects/_import", d.guarded(d.load))
	d.server = httptest.NewServer(mux)
	return d
}

// URL is where it answers, without the path.
func (d *Dashboards) URL() string { return d.server.URL }

// Close ends it.
func (d *Dashboards) Close() { d.server.Close() }

// Imports is how often objects were imported.
func (d *Dashboards) Imports() int {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.imports
}

// Object is a saved object as it stands there; nil where there is none.
func (d *Dashboards) Object(kind, id string) json.RawMessage {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.objects[kind+":"+id]
}

// Keep puts a saved object there, as somebody's hand does, or with nil takes it away.
func (d *Dashboards) Keep(kind, id string, object json.RawMessage) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.objects[kind+":"+id] = object; object == nil {
		delete(d.objects, kind+":"+id)
	}
}

// guarded looks at what comes before a request is read.
func (d *Dashboards) guarded(next func(w http.ResponseWriter, r *http.Request, body []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if d.Caller != nil {
			if err := d.Caller(r, body); err != nil {
				told(w, http.StatusUnauthorized, object{"statusCode": 401, "error": "Unauthorized", "message": "Authentication Exception"})
				return
			}
		}
		if r.Header.Get("Osd-Xsrf") == "" && r.Header.Get("Osd-Version") == "" {
			refused(w, "Request must contain a osd-xsrf header.")
			return
		}
		d.mutex.Lock()
		defer d.mutex.Unlock()
		next(w, r, body)
	}
}

func told(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // who asked may be gone
}

func refused(w http.ResponseWriter, why string) {
	told(w, http.StatusBadRequest, object{"statusCode": 400, "error": "Bad Request", "message": why})
}

func (d *Dashboards) bulkGet(w http.ResponseWriter, _ *http.Request, body []byte) {
	var asked []struct{ Type, ID string }
	if err := json.Unmarshal(body, &asked); err != nil {
		refused(w, "[request body]: expected value of type [array]")
		return
	}
	found := []any{}
	for _, one := range asked {
		if kept, there := d.objects[one.Type+":"+one.ID]; there {
			found = append(found, kept)
			continue
		}
		message := "Saved object [" + one.Type + "/" + one.ID + "] not found"
		found = append(found, object{"type": one.Type, "id": one.ID, "error": object{"statusCode": 404, "error": "Not Found", "message": message}})
	}
	told(w, http.StatusOK, object{"saved_objects": found})
}

// attributes are those that each type of object may have: the index that holds them refuses others.
var attributes = map[string][]string{
	"index-pattern": {"title", "type", "timeFieldName", "fields", "fieldFormatMap", "sourceFilters", "typeMeta", "intervalName", "dataSource"},
	"visualization": {"description", "kibanaSavedObjectMeta", "savedSearchRefName", "title", "uiStateJSON", "version", "visState"},
	"search":        {"columns", "description", "hits", "kibanaSavedObjectMeta", "sort", "columnWidths", "title", "version"},
	"dashboard":     {"description", "hits", "kibanaSavedObjectMeta", "optionsJSON", "panelsJSON", "refreshInterval", "timeFrom", "timeRestore", "timeTo", "title", "version"},
}

// newest is the form of each type that is taken. Dashboards takes older ones too, and changes them.
var newest = map[string]string{"index-pattern": "7.6.0", "visualization": "7.10.0", "search": "7.9.3", "dashboard": "7.9.3"}

// saved is an object of an import.
type saved struct {
	Type, ID         string
	Attributes       map[string]any
	References       []struct{ Name, Type, ID string }
	MigrationVersion map[string]string
	ExportedCount    int
	raw              json.RawMessage
}

func (d *Dashboards) load(w http.ResponseWriter, r *http.Request, _ []byte) {
	file, header, err := r.FormFile("file")
	switch {
	case err != nil:
		refused(w, "[request body.file]: expected value of type [Stream] but got [undefined]")
		return
	case !strings.EqualFold(filepath.Ext(header.Filename), ".ndjson"):
		refused(w, "Invalid file extension "+strings.ToLower(filepath.Ext(header.Filename)))
		return
	}
	defer func() { _ = file.Close() }()
	text, _ := io.ReadAll(file) // it is in memory
	var objects []saved
	seen := map[string]bool{}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		one := saved{raw: line}
		if err := json.Unmarshal(line, &one); err != nil {
			refused(w, err.Error())
			return
		}
		if one.ExportedCount > 0 {
			continue // the summary of an export
		}
		if seen[one.Type+":"+one.ID] {
			refused(w, "Non-unique import objects detected: ["+one.Type+":"+one.ID+"]")
			return
		}
		seen[one.Type+":"+one.ID] = true
		objects = append(objects, one)
	}
	d.imports++
	failures, made := []any{}, 0
	for _, one := range objects {
		if failure := d.fault(one, seen, r.URL.Query().Get("overwrite") == "true"); failure != nil {
			failures = append(failures, object{"id": one.ID, "type": one.Type, "title": one.Attributes["title"], "error": failure})
			continue
		}
		made++
		d.objects[one.Type+":"+one.ID] = one.raw
	}
	answer := object{"successCount": made, "success": len(failures) == 0}
	if len(failures) > 0 {
		answer["errors"] = failures
	}
	told(w, http.StatusOK, answer)
}

// fault is why an object is not imported; nil where it is.
func (d *Dashboards) fault(one saved, imported map[string]bool, overwrite bool) object {
	known, supported := attributes[one.Type]
	if !supported {
		return object{"type": "unsupported_type"}
	}
	missing := []any{}
	for _, of := range one.References {
		// Only these two are looked for.
		if key := of.Type + ":" + of.ID; (of.Type == "index-pattern" || of.Type == "search") && !imported[key] && d.objects[key] == nil {
			missing = append(missing, object{"type": of.Type, "id": of.ID})
		}
	}
	if len(missing) > 0 {
		return object{"type": "missing_references", "references": missing}
	}
	if d.objects[one.Type+":"+one.ID] != nil && !overwrite {
		return object{"type": "conflict"}
	}
	if form := one.MigrationVersion[one.Type]; form != newest[one.Type] {
		return object{"type": "unknown", "message": fmt.Sprintf("Document %q has property %q which belongs to a more recent version of OpenSearch Dashboards [%s].", one.ID, one.Type, form), "statusCode": 422}
	}
	for key := range one.Attributes {
		if !slices.Contains(known, key) {
			return object{"type": "unknown", "message": "mapping set to strict, dynamic introduction of [" + key + "] within [" + one.Type + "] is not allowed", "statusCode": 400}
		}
	}
	return nil
}
