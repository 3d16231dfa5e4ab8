package opensearch

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// StandIn answers as an OpenSearch node does, as far as the log-shipper and its tests go: index templates,
// data streams, _bulk, _count and simple searches.
type StandIn struct {
	address string
	most    int64 // bytes of a request, decompressed

	mutex     sync.Mutex
	server    *http.Server
	templates map[string]template
	indexes   map[string]*index
	streams   map[string]string // to their backing indexes
}

// template is what an index template says, as far as it is read.
type template struct {
	raw      json.RawMessage
	patterns []string
	stream   bool
	fields   map[string]field // by path
}

// index is documents by id, in the order in which they came.
type index struct {
	fields map[string]field
	stream bool
	ids    []string
	docs   map[string]json.RawMessage
}

// StartStandIn starts a stand-in that holds nothing. It ends with Stop, and with ctx.
func StartStandIn(ctx context.Context) (*StandIn, error) {
	s := &StandIn{address: "127.0.0.1:0", most: 100 << 20, templates: map[string]template{}, indexes: map[string]*index{}, streams: map[string]string{}}
	if err := s.Restart(ctx); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, s.Kill)
	return s, nil
}

// URL is where it answers.
func (s *StandIn) URL() string { return "http://" + s.address }

// Real is false.
func (s *StandIn) Real() bool { return false }

// LimitBody makes it answer 413 to requests of more bytes, decompressed.
func (s *StandIn) LimitBody(most int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.most = most
}

// Kill closes its port and all connections. The documents stay.
func (s *StandIn) Kill() {
	s.mutex.Lock()
	server := s.server
	s.server = nil
	s.mutex.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

// Stop is Kill: what it keeps is in memory.
func (s *StandIn) Stop() { s.Kill() }

// Restart opens the port again.
func (s *StandIn) Restart(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("starting the stand-in for OpenSearch: %w", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	s.mutex.Lock()
	s.address, s.server = listener.Addr().String(), server
	s.mutex.Unlock()
	go func() { _ = server.Serve(listener) }() // ends with Kill
	return nil
}

// Documents are the documents of an index or a data stream, by id.
func (s *StandIn) Documents(name string) map[string]json.RawMessage {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if found := s.index(name); found != nil {
		return maps.Clone(found.docs)
	}
	return nil
}

// index finds an index, or the one that stands behind a data stream. nil: neither is there.
func (s *StandIn) index(name string) *index {
	if backing := s.streams[name]; backing != "" {
		name = backing
	}
	return s.indexes[name]
}

// ServeHTTP answers one request.
func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := readAll(r)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if int64(len(body)) > s.most {
		w.WriteHeader(http.StatusRequestEntityTooLarge) // the node sends nothing more either
		return
	}
	first, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	var given answer
	switch {
	case first == "":
		given = answer{200, object{"name": "stand-in", "cluster_name": "caretaker", "version": object{"distribution": "opensearch", "number": Version}}}
	case first == "_index_template":
		given = s.template(r.Method, rest, body)
	case first == "_data_stream":
		given = s.dataStream(r.Method, rest)
	case first == "_bulk":
		given = s.bulk("", body)
	case rest == "_bulk":
		given = s.bulk(first, body)
	case rest == "_refresh":
		given = s.known(first, func(*index) answer { return answer{200, object{}} })
	case rest == "_count", rest == "_search":
		given = s.known(first, func(found *index) answer { return found.search(body) })
	case rest == "_mapping" && r.Method == http.MethodPut:
		given = s.known(first, func(found *index) answer { return found.extend(body) })
	case r.Method == http.MethodPut && rest == "":
		given = s.create(first, body)
	case r.Method == http.MethodDelete && rest == "":
		given = s.known(first, func(*index) answer {
			delete(s.indexes, first)
			return answer{200, object{"acknowledged": true}}
		})
	default:
		given = problem(400, "illegal_argument_exception", "the stand-in does not know "+r.Method+" "+r.URL.Path)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(given.status)
	_ = json.NewEncoder(w).Encode(given.body) // the caller may be gone
}

type object = map[string]any

// answer is a status and what is to be encoded as JSON.
type answer struct {
	status int
	body   any
}

func problem(status int, kind, reason string) answer {
	return answer{status, object{"error": cause(kind, reason), "status": status}}
}

func cause(kind, reason string) object {
	return object{"type": kind, "reason": reason}
}

// readAll reads a body, decompressed. Of one that is cut off it takes what came, as the node does.
func readAll(r *http.Request) []byte {
	reader := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil
		}
		reader = unpacked
	}
	body, _ := io.ReadAll(reader)
	return body
}

func (s *StandIn) known(name string, then func(*index) answer) answer {
	found := s.index(name)
	if found == nil {
		return problem(404, "index_not_found_exception", "no such index ["+name+"]")
	}
	return then(found)
}

func (s *StandIn) template(method, name string, body []byte) answer {
	if method != http.MethodPut {
		known, found := s.templates[name]
		if !found {
			return problem(404, "resource_not_found_exception", "index template matching ["+name+"] not found")
		}
		return answer{200, object{"index_templates": []any{object{"name": name, "index_template": known.raw}}}}
	}
	var given struct {
		Patterns []string         `json:"index_patterns"`
		Stream   *json.RawMessage `json:"data_stream"`
		Template struct {
			Mappings struct {
				Properties map[string]property `json:"properties"`
			} `json:"mappings"`
		} `json:"template"`
	}
	if err := json.Unmarshal(body, &given); err != nil || len(given.Patterns) == 0 {
		return problem(400, "x_content_parse_exception", fmt.Sprint("index_patterns: ", err))
	}
	made := template{raw: normal(body), patterns: given.Patterns, stream: given.Stream != nil, fields: map[string]field{}}
	if err := flatten(made.fields, "", given.Template.Mappings.Properties); err != nil {
		return problem(400, "illegal_argument_exception", err.Error())
	}
	s.templates[name] = made
	return answer{200, object{"acknowledged": true}}
}

// normal is a template as the node answers it: with the lists that it fills in.
func normal(body []byte) json.RawMessage {
	var made object
	_ = json.Unmarshal(body, &made) // it was read before
	for key, empty := range map[string]any{"composed_of": []any{}} {
		if _, has := made[key]; !has {
			made[key] = empty
		}
	}
	text, _ := json.Marshal(made)
	return text
}

// create makes a plain index.
func (s *StandIn) create(name string, body []byte) answer {
	if s.index(name) != nil {
		return problem(400, "resource_already_exists_exception", "index ["+name+"] already exists")
	}
	var given struct{ Mappings json.RawMessage }
	if err := json.Unmarshal(body, &given); err != nil {
		return problem(400, "parse_exception", err.Error())
	}
	made := &index{fields: map[string]field{}, docs: map[string]json.RawMessage{}}
	if refused := made.extend(given.Mappings); refused.status != 200 {
		return refused
	}
	s.indexes[name] = made
	return answer{200, object{"acknowledged": true, "index": name}}
}

// extend adds fields to an index.
func (x *index) extend(body []byte) answer {
	var given struct {
		Properties map[string]property `json:"properties"`
	}
	if err := json.Unmarshal(body, &given); err != nil {
		return problem(400, "parse_exception", err.Error())
	}
	added := map[string]field{}
	if err := flatten(added, "", given.Properties); err != nil {
		return problem(400, "mapper_parsing_exception", err.Error())
	}
	for path, one := range added {
		if stands, known := x.fields[path]; known && stands.kind != one.kind {
			return problem(400, "illegal_argument_exception", fmt.Sprintf("mapper [%s] cannot be changed from type [%s] to [%s]", path, stands.kind, one.kind))
		}
	}
	fields := maps.Clone(x.fields)
	maps.Copy(fields, added)
	x.fields = fields
	return answer{200, object{"acknowledged": true}}
}

// templateOf is the template whose pattern fits a name.
func (s *StandIn) templateOf(name string) (template, bool) {
	for _, key := range slices.Sorted(maps.Keys(s.templates)) {
		for _, pattern := range s.templates[key].patterns {
			if start, any := strings.CutSuffix(pattern, "*"); pattern == name || any && strings.HasPrefix(name, start) {
				return s.templates[key], true
			}
		}
	}
	return template{}, false
}

func (s *StandIn) dataStream(method, name string) answer {
	backing := s.streams[name]
	switch {
	case method == http.MethodPut && backing != "":
		return problem(400, "resource_already_exists_exception", "data_stream ["+name+"] already exists")
	case method == http.MethodPut:
		if s.indexes[name] != nil {
			return problem(400, "illegal_argument_exception", "data stream ["+name+"] conflicts with existing index ["+name+"]")
		}
		if err := s.addStream(name); err != nil {
			return problem(400, "illegal_argument_exception", err.Error())
		}
		return answer{200, object{"acknowledged": true}}
	case backing == "" && s.indexes[name] != nil:
		return answer{200, object{"data_streams": []any{}}}
	case backing == "":
		return problem(404, "index_not_found_exception", "no such index ["+name+"]")
	case method == http.MethodDelete:
		delete(s.indexes, backing)
		delete(s.streams, name)
		return answer{200, object{"acknowledged": true}}
	}
	return answer{200, object{"data_streams": []any{object{"name": name, "timestamp_field": object{"name": "@timestamp"}, "indices": []any{object{"index_name": backing}}, "generation": 1}}}}
}

func (s *StandIn) addStream(name string) error {
	known, found := s.templateOf(name)
	if !found || !known.stream {
		return errors.New("no matching index template found for data stream [" + name + "]")
	}
	backing := ".ds-" + name + "-000001"
	s.streams[name] = backing
	s.indexes[backing] = &index{fields: known.fields, stream: true, docs: map[string]json.RawMessage{}}
	return nil
}

// put finds where documents for a name go, and makes it where it is not there: a plain index too, as the
// node does.
func (s *StandIn) put(name string) (string, *index) {
	if s.index(name) == nil && s.addStream(name) != nil {
		known, _ := s.templateOf(name)
		s.indexes[name] = &index{fields: known.fields, docs: map[string]json.RawMessage{}}
	}
	if backing := s.streams[name]; backing != "" {
		return backing, s.indexes[backing]
	}
	return name, s.indexes[name]
}
