package emulator

import (
	_ "embed"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

//go:embed operations.txt
var operationsText string

// route is one REST operation of a service.
type route struct {
	method    string
	segments  []string // a label is "", a greedy one "+"
	query     url.Values
	operation string
	literals  int
}

// routes are the REST operations by service.
var routes = sync.OnceValue(func() map[string][]route {
	table := map[string][]route{}
	for line := range strings.Lines(operationsText) {
		field := strings.Fields(line)
		if len(field) != 4 || field[0] == "#" {
			continue
		}
		path, query, _ := strings.Cut(field[2], "?")
		r := route{method: field[1], operation: field[3]}
		r.query, _ = url.ParseQuery(query)
		r.literals = len(r.query)
		for _, segment := range split(path) {
			switch {
			case strings.HasSuffix(segment, "+}"):
				segment = "+"
			case strings.HasPrefix(segment, "{"):
				segment = ""
			default:
				r.literals++
			}
			r.segments = append(r.segments, segment)
		}
		table[field[0]] = append(table[field[0]], r)
	}
	return table
})

func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

func (r route) matches(method string, segments []string, query url.Values) bool {
	if method != r.method {
		return false
	}
	for name := range r.query {
		if query.Get(name) != r.query.Get(name) {
			return false
		}
	}
	for i, want := range r.segments {
		if want == "+" {
			return len(segments) > i
		}
		if i >= len(segments) || want != "" && !strings.EqualFold(want, segments[i]) {
			return false
		}
	}
	return len(segments) == len(r.segments)
}

// prefixes are the IAM prefixes that differ from the name a service signs with.
var prefixes = map[string]string{"monitoring": "cloudwatch", "tagging": "tag"}

// identify names the service (its IAM prefix) and the operation (its name in the
// API) of a call, whichever protocol it speaks. Unknown ones are empty.
func identify(request *http.Request, signedFor string, body []byte) (service, operation string) {
	service = signedFor
	if prefix, differs := prefixes[service]; differs {
		service = prefix
	}
	if target := request.Header.Get("X-Amz-Target"); target != "" { // JSON
		return service, target[strings.LastIndex(target, ".")+1:]
	}
	if _, after, found := strings.Cut(request.URL.Path, "/operation/"); found { // CBOR
		return service, strings.Trim(after, "/")
	}
	if action := request.URL.Query().Get("Action"); action != "" {
		return service, action
	}
	if strings.HasPrefix(request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil {
			return service, form.Get("Action")
		}
	}
	if service == "s3" {
		return service, s3Operation(request)
	}
	return service, restOperation(service, request)
}

func restOperation(service string, request *http.Request) string {
	segments, query := split(request.URL.EscapedPath()), request.URL.Query()
	best := route{literals: -1}
	for _, r := range routes()[service] {
		if r.literals > best.literals && r.matches(request.Method, segments, query) {
			best = r
		}
	}
	return best.operation
}

// s3Operation is coarse: it tells buckets from objects and reading from writing.
func s3Operation(request *http.Request) string {
	depth := 0
	if path := strings.Trim(request.URL.Path, "/"); path != "" {
		depth = min(strings.Count(path, "/"), 1) + 1
	}
	return map[string][3]string{
		http.MethodGet:    {"ListBuckets", "GetBucket", "GetObject"},
		http.MethodHead:   {"", "HeadBucket", "HeadObject"},
		http.MethodPut:    {"", "PutBucket", "PutObject"},
		http.MethodPost:   {"", "PostBucket", "PostObject"},
		http.MethodDelete: {"", "DeleteBucket", "DeleteObject"},
	}[request.Method][depth]
}
