package environments

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.invoke)
	for pattern, answer := range map[string]func(*http.Request) (any, bool){
		"GET /2015-03-31/functions/{name}":                         s.getFunction,
		"GET /2015-03-31/functions":                                s.listFunctions,
		"GET /2016-08-19/account-settings":                         s.getAccountSettings,
		"GET /2015-03-31/functions/{name}/aliases/{alias}":         s.getAlias,
		"GET /2019-09-30/functions/{name}/provisioned-concurrency": s.listProvisioned,
		"POST /{$}": s.getResources,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mutex.Lock()
			s.reads++
			value, found := answer(r)
			s.mutex.Unlock()
			if !found {
				refuse(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found", "")
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value) // a client that is gone hears nothing
		})
	}
	return mux
}

// find is the function that a request is about, and its version; nil if there is none.
func (s *Server) find(r *http.Request) (*function, string) {
	name := r.PathValue("name")
	f := s.functions[name]
	if f == nil {
		return nil, ""
	}
	switch qualifier := r.URL.Query().Get("Qualifier"); {
	case qualifier == "" || qualifier == "$LATEST":
		return f, "$LATEST"
	case f.Alias != "" && (qualifier == f.Alias || qualifier == "1"):
		return f, "1"
	}
	return nil, ""
}

func arn(name string) string {
	return "arn:aws:lambda:" + Region + ":" + Account + ":function:" + name
}

func (s *Server) getFunction(r *http.Request) (any, bool) {
	f, version := s.find(r)
	if f == nil {
		return nil, false
	}
	configuration := map[string]any{
		"FunctionName": f.Name, "FunctionArn": arn(f.Name), "Version": version, "Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": []string{"x86_64"},
		"CodeSha256": fmt.Sprintf("%s-%d", f.Name, f.deployment), "State": "Active", "LastUpdateStatus": "Successful",
		"Timeout": int(f.Timeout.Seconds()), "MemorySize": f.MemoryMB,
	}
	maps.Copy(configuration, f.Facts)
	answer := map[string]any{"Configuration": configuration}
	if f.Reserved != nil {
		answer["Concurrency"] = map[string]int{"ReservedConcurrentExecutions": *f.Reserved}
	}
	return answer, true
}

func (s *Server) listFunctions(*http.Request) (any, bool) {
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		all = append(all, map[string]any{"FunctionName": name, "FunctionArn": arn(name), "Version": "$LATEST"})
	}
	return map[string]any{"Functions": all}, true
}

func (s *Server) getAccountSettings(*http.Request) (any, bool) {
	unreserved := s.options.Concurrency
	for _, f := range s.functions {
		if f.Reserved != nil {
			unreserved -= *f.Reserved
		}
	}
	return map[string]any{"AccountLimit": map[string]int{"ConcurrentExecutions": s.options.Concurrency, "UnreservedConcurrentExecutions": unreserved}}, true
}

func (s *Server) getAlias(r *http.Request) (any, bool) {
	f := s.functions[r.PathValue("name")]
	if f == nil || f.Alias == "" || f.Alias != r.PathValue("alias") {
		return nil, false
	}
	return map[string]any{"Name": f.Alias, "FunctionVersion": "1", "AliasArn": arn(f.Name) + ":" + f.Alias}, true
}

func (s *Server) listProvisioned(r *http.Request) (any, bool) {
	return map[string]any{"ProvisionedConcurrencyConfigs": []any{}}, s.functions[r.PathValue("name")] != nil
}

// getResources is the tagging API's: all functions with tags, whatever was asked for.
func (s *Server) getResources(r *http.Request) (any, bool) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetResources") {
		return nil, false
	}
	resources := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		var tags []map[string]string
		for key, value := range s.functions[name].Tags {
			tags = append(tags, map[string]string{"Key": key, "Value": value})
		}
		if tags != nil {
			resources = append(resources, map[string]any{"ResourceARN": arn(name), "Tags": tags})
		}
	}
	return map[string]any{"PaginationToken": "", "ResourceTagMappingList": resources}, true
}
