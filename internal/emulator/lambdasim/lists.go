package lambdasim

import (
	"encoding/base64"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// pageSize is the most that ListFunctions, ListVersionsByFunction and some others put
// on a page, whatever MaxItems asks for:
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
const pageSize = 50

// settings fills each function's environment to the kilobyte that real ones are apt to have.
var settings = strings.Repeat("feature-flag=on;", 60)

// lastModified is the form of dates in function configurations, which is not RFC 3339.
const lastModified = "2006-01-02T15:04:05.000-0700"

// configuration has the fields that the lists show of a zip function. They leave out
// State, LastUpdateStatus and RuntimeVersionConfig, as AWS's do.
type configuration struct {
	FunctionName     string
	FunctionARN      string `json:"FunctionArn"`
	Runtime          string
	Role             string
	Handler          string
	CodeSize         int64
	Description      string
	Timeout          int
	MemorySize       int
	LastModified     string
	CodeSha256       string
	Version          string
	Environment      environment
	TracingConfig    map[string]string
	MasterARN        string `json:"MasterArn,omitempty"`
	RevisionID       string `json:"RevisionId"`
	PackageType      string
	Architectures    []string
	EphemeralStorage map[string]int
	SnapStart        map[string]string
	LoggingConfig    map[string]string
	State            string         `json:",omitempty"` // of what is being deleted only
	DurableConfig    map[string]int `json:",omitempty"`

	CapacityProviderConfig map[string]any `json:",omitempty"`
}

type environment struct{ Variables map[string]string }

// describe makes the list item of a version; number 0 is $LATEST.
func (f *Function) describe(v Version, qualified bool) configuration {
	version, qualifier := "$LATEST", ""
	if v.Number != 0 {
		version = strconv.Itoa(v.Number)
	}
	if qualified {
		qualifier = version
	}
	digest := CodeSha256(f.Name, v.Number)
	c := configuration{
		FunctionName: f.Name, FunctionARN: ARN(f.Name, qualifier), Version: version, MasterARN: f.Masters[v.Number],
		Runtime: f.Runtime, Handler: "bootstrap", Role: "arn:aws:iam::" + Account + ":role/" + f.Name,
		CodeSize: v.CodeSize, CodeSha256: digest, LastModified: v.Published.UTC().Format(lastModified),
		Description: "Release " + version + " of " + f.Name + ", built by the delivery pipeline.",
		RevisionID:  "0a1b2c3d-4e5f-6071-8293-" + strings.ToLower(digest[:12]),
		Timeout:     30, MemorySize: 512, PackageType: "Zip", Architectures: []string{"arm64"},
		Environment:      environment{map[string]string{"SETTINGS": settings, "STAGE": "prod"}},
		TracingConfig:    map[string]string{"Mode": "Active"},
		EphemeralStorage: map[string]int{"Size": 512},
		SnapStart:        map[string]string{"ApplyOn": "None", "OptimizationStatus": "Off"},
		LoggingConfig:    map[string]string{"LogFormat": "JSON", "LogGroup": "/aws/lambda/" + f.Name},
	}
	if c.Runtime == "" {
		c.Runtime = "provided.al2023"
	}
	maps.Copy(c.Environment.Variables, f.Variables)
	if f.Durable {
		c.DurableConfig = map[string]int{"ExecutionTimeout": 86400, "RetentionPeriodInDays": 14}
	}
	if v.Deleting {
		c.State = "Deleting"
	}
	if f.Managed {
		c.CapacityProviderConfig = map[string]any{"LambdaManagedInstancesCapacityProviderConfig": map[string]string{
			"CapacityProviderArn": "arn:aws:lambda:" + Region + ":" + Account + ":capacity-provider:shop",
		}}
	}
	return c
}

func (s *Server) getAccountSettings(Call, *http.Request) (any, *Fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	total := int64(0)
	for _, f := range s.functions {
		total += f.Latest.CodeSize
		for _, v := range f.Versions {
			total += v.CodeSize
		}
	}
	return map[string]any{
		"AccountLimit": map[string]int64{
			"TotalCodeSize": s.options.Limit, "CodeSizeUnzipped": 250 << 20, "CodeSizeZipped": 50 << 20,
			"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000,
		},
		"AccountUsage": map[string]int64{"TotalCodeSize": total, "FunctionCount": int64(len(s.functions))},
	}, nil
}

func (s *Server) listFunctions(_ Call, r *http.Request) (any, *Fault) {
	all := r.URL.Query().Get("FunctionVersion")
	if all != "" && all != "ALL" {
		return nil, validation("Value '" + all + "' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]")
	}
	size, fault := byFifty.size(r)
	if fault != nil {
		return nil, fault
	}
	after, fault := marker(r)
	if fault != nil {
		return nil, fault
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var page struct {
		Functions  []configuration
		NextMarker string `json:",omitempty"`
	}
	for f, v := range s.from(after, all == "ALL") {
		if len(page.Functions) == size {
			page.NextMarker = encode(position{f.Name, v.Number})
			break
		}
		page.Functions = append(page.Functions, f.describe(v, all == "ALL"))
	}
	return page, nil
}

// from yields every version, or every $LATEST only, from the position on. The lock must be held.
func (s *Server) from(start position, all bool) iter.Seq2[*Function, Version] {
	return func(yield func(*Function, Version) bool) {
		for _, f := range s.functions {
			if f.Name < start.function {
				continue
			}
			first := 0
			if f.Name == start.function {
				first = start.version
			}
			if first == 0 && !yield(f, Version{CodeSize: f.Latest.CodeSize, Published: f.Latest.Published}) {
				return
			}
			if !all {
				continue
			}
			for _, v := range f.Versions {
				if v.Number >= first && !yield(f, v) {
					return
				}
			}
		}
	}
}

func (s *Server) listVersions(call Call, r *http.Request) (any, *Fault) {
	size, fault := byFifty.size(r)
	if fault != nil {
		return nil, fault
	}
	after, fault := marker(r)
	if fault != nil {
		return nil, fault
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.function(call.Function) == nil {
		return nil, functionNotFound(call.Function)
	}
	var page struct {
		Versions   []configuration
		NextMarker string `json:",omitempty"`
	}
	for f, v := range s.from(position{call.Function, after.version}, true) {
		if f.Name != call.Function {
			break
		}
		if len(page.Versions) == size {
			page.NextMarker = encode(position{f.Name, v.Number})
			break
		}
		page.Versions = append(page.Versions, f.describe(v, true))
	}
	return page, nil
}

// position is where a page starts: at a version of a function, 0 being $LATEST. It
// stays good when what lies before it is deleted.
type position struct {
	function string
	version  int
}

func encode(p position) string {
	return base64.StdEncoding.EncodeToString([]byte(p.function + ":" + strconv.Itoa(p.version)))
}

func marker(r *http.Request) (position, *Fault) {
	given := r.URL.Query().Get("Marker")
	if given == "" {
		return position{}, nil
	}
	text, err := base64.StdEncoding.DecodeString(given)
	function, number, found := strings.Cut(string(text), ":")
	version, errNumber := strconv.Atoi(number)
	if err != nil || errNumber != nil || !found {
		return position{}, invalidParameter("Invalid marker.")
	}
	return position{function, version}, nil
}

// paging is how an operation cuts its pages: what MaxItems may say, what the most is
// that really comes, and how much comes when nothing is said.
type paging struct{ allowed, most, usual int }

// byFifty is what ListFunctions and ListVersionsByFunction do.
var byFifty = paging{10000, pageSize, pageSize}

// size is the page size for a call.
func (p paging) size(r *http.Request) (int, *Fault) {
	given := r.URL.Query().Get("MaxItems")
	if given == "" {
		return p.usual, nil
	}
	size, err := strconv.Atoi(given)
	if err != nil || size < 1 || size > p.allowed {
		return 0, validation("Value '" + given + "' at 'maxItems' failed to satisfy constraint: Member must have value from 1 to " + strconv.Itoa(p.allowed))
	}
	return min(size, p.most), nil
}

// paged cuts one page out of items that are few; the marker holds the index.
func paged[T any](r *http.Request, items []T, p paging) (page []T, next string, fault *Fault) {
	size, fault := p.size(r)
	if fault != nil {
		return nil, "", fault
	}
	at, fault := marker(r)
	if fault != nil {
		return nil, "", fault
	}
	start := min(max(at.version, 0), len(items))
	end := min(start+size, len(items))
	if end < len(items) {
		next = encode(position{"", end})
	}
	return items[start:end], next, nil
}

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
