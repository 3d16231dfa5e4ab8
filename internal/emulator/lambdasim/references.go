package lambdasim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// fields is a small answer.
type fields = map[string]any

// answer adds the marker of the next page, if there is one.
func answer(name string, page []fields, next string) fields {
	body := fields{name: page}
	if next != "" {
		body["NextMarker"] = next
	}
	return body
}

// each turns the items that belong to a function into a page, or answers that the function is not there.
func (s *Server) each(call Call, r *http.Request, name string, p paging, list func(*Function) []fields) (any, *Fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f := s.function(call.Function)
	if f == nil {
		return nil, functionNotFound(call.Function)
	}
	page, next, fault := paged(r, list(f), p)
	if fault != nil {
		return nil, fault
	}
	return answer(name, page, next), nil
}

func (s *Server) listAliases(call Call, r *http.Request) (any, *Fault) {
	version := r.URL.Query().Get("FunctionVersion")
	return s.each(call, r, "Aliases", paging{10000, 10000, pageSize}, func(f *Function) []fields {
		items := []fields{}
		for _, alias := range f.Aliases {
			if version != "" && version != alias.Version {
				continue
			}
			item := fields{
				"AliasArn": ARN(f.Name, alias.Name), "Name": alias.Name, "FunctionVersion": alias.Version,
				"Description": "", "RevisionId": "5b3a1f0e-0000-4000-8000-000000000000",
			}
			if len(alias.Weights) > 0 {
				item["RoutingConfig"] = fields{"AdditionalVersionWeights": alias.Weights}
			}
			items = append(items, item)
		}
		return items
	})
}

func (s *Server) listMappings(_ Call, r *http.Request) (any, *Fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	only := r.URL.Query().Get("FunctionName")
	items := []fields{}
	for index, mapping := range s.mappings {
		function, _ := splitName(mapping.FunctionARN)
		if only != "" && only != function && only != mapping.FunctionARN {
			continue
		}
		digest := sha256.Sum256([]byte(mapping.FunctionARN + mapping.SourceARN + strconv.Itoa(index)))
		id := hex.EncodeToString(digest[:16])
		uuid := id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
		items = append(items, fields{
			"UUID": uuid, "EventSourceMappingArn": "arn:aws:lambda:" + Region + ":" + Account + ":event-source-mapping:" + uuid,
			"EventSourceArn": mapping.SourceARN, "FunctionArn": mapping.FunctionARN, "State": "Enabled",
			"StateTransitionReason": "USER_INITIATED", "BatchSize": 10, "LastModified": epoch(time.Unix(1_700_000_000, 0)),
		})
	}
	page, next, fault := paged(r, items, paging{10000, 100, 100})
	if fault != nil {
		return nil, fault
	}
	return answer("EventSourceMappings", page, next), nil
}

func (s *Server) listProvisioned(call Call, r *http.Request) (any, *Fault) {
	if r.URL.Query().Get("List") != "ALL" {
		return nil, invalidParameter("the simulation lists provisioned concurrency and does not get it")
	}
	return s.each(call, r, "ProvisionedConcurrencyConfigs", paging{pageSize, pageSize, pageSize}, func(f *Function) []fields {
		items := []fields{}
		for _, qualifier := range f.Provisioned {
			items = append(items, fields{
				"FunctionArn": ARN(f.Name, qualifier), "Status": "READY", "LastModified": f.Latest.Published.UTC().Format(lastModified),
				"RequestedProvisionedConcurrentExecutions": 1, "AllocatedProvisionedConcurrentExecutions": 1,
				"AvailableProvisionedConcurrentExecutions": 1,
			})
		}
		return items
	})
}

func (s *Server) listInvokeConfigs(call Call, r *http.Request) (any, *Fault) {
	return s.each(call, r, "FunctionEventInvokeConfigs", paging{pageSize, pageSize, pageSize}, func(f *Function) []fields {
		items := []fields{}
		for _, d := range f.Destinations {
			config := fields{"OnSuccess": fields{}, "OnFailure": fields{}}
			if d.OnSuccess != "" {
				config["OnSuccess"] = fields{"Destination": d.OnSuccess}
			}
			if d.OnFailure != "" {
				config["OnFailure"] = fields{"Destination": d.OnFailure}
			}
			items = append(items, fields{
				"FunctionArn": ARN(f.Name, d.Qualifier), "DestinationConfig": config,
				"LastModified": epoch(f.Latest.Published), "MaximumRetryAttempts": 2,
			})
		}
		return items
	})
}

func (s *Server) listExecutions(call Call, r *http.Request) (any, *Fault) {
	statuses := r.URL.Query()["Statuses"]
	return s.each(call, r, "DurableExecutions", paging{1000, 1000, 100}, func(f *Function) []fields {
		items := []fields{}
		for _, execution := range f.Executions {
			version := strconv.Itoa(execution.Version)
			if call.Qualifier != "" && call.Qualifier != version || len(statuses) > 0 && !slices.Contains(statuses, "RUNNING") {
				continue
			}
			items = append(items, fields{
				"DurableExecutionArn":  ARN(f.Name, version) + "/durable-execution/" + execution.Name + "/1",
				"DurableExecutionName": execution.Name, "FunctionArn": ARN(f.Name, version),
				"Status": "RUNNING", "StartTimestamp": epoch(f.Latest.Published),
			})
		}
		return items
	})
}

// getScalingConfig answers that nobody asked for bounds.
func (s *Server) getScalingConfig(call Call, _ *http.Request) (any, *Fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.function(call.Function) == nil {
		return nil, functionNotFound(call.Function)
	}
	return fields{"FunctionArn": ARN(call.Function, call.Qualifier)}, nil
}

// getPolicy answers the same 404 whether the statement, the version or the function is missing.
func (s *Server) getPolicy(call Call, _ *http.Request) (any, *Fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f := s.function(call.Function)
	if f == nil || f.Policies[call.Qualifier] == "" {
		return nil, &Fault{http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist."}
	}
	return fields{"Policy": f.Policies[call.Qualifier], "RevisionId": "5b3a1f0e-0000-4000-8000-000000000001"}, nil
}
