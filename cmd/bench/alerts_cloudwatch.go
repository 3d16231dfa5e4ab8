package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
	"golang.org/x/time/rate"
)

// alarmStore stands in for CloudWatch where ten thousand alarms are too many for the emulator. It keeps alarms
// as they are put, and refuses what AWS refuses: more writes a second than the limit, and two at once,
// even of different alarms.
type alarmStore struct {
	server   *http.Server
	listener net.Listener

	writing atomic.Int32
	mutex   sync.Mutex
	limit   *rate.Limiter // nil is none
	alarms  map[string]cbor.Map
	boards  map[string]cbor.Map
	calls   map[string]int
	puts    map[string]int // by the alarm's name
	refused int
}

func startAlarmStore(ctx context.Context) (*alarmStore, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for CloudWatch's stand-in: %w", err)
	}
	s := &alarmStore{listener: listener, alarms: map[string]cbor.Map{}, boards: map[string]cbor.Map{}, calls: map[string]int{}, puts: map[string]int{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // ends with stop
	return s, nil
}

func (s *alarmStore) stop() { _ = s.server.Close() }

func (s *alarmStore) url() string { return "http://" + s.listener.Addr().String() }

// forget begins to count anew.
func (s *alarmStore) forget(limit *rate.Limiter) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.limit, s.calls, s.puts, s.refused = limit, map[string]int{}, map[string]int{}, 0
}

// ServeHTTP is CloudWatch's API in CBOR.
func (s *alarmStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	asked, err := cbor.Decode(body)
	request, is := asked.(cbor.Map)
	if err != nil || !is {
		http.Error(w, "no CBOR", http.StatusBadRequest)
		return
	}
	if strings.HasPrefix(r.Header.Get("Amz-Sdk-Request"), "attempt=1;") || r.Header.Get("Amz-Sdk-Request") == "attempt=1" {
		s.count(operation)
	}
	status, given := s.answer(operation, request)
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.WriteHeader(status)
	_, _ = w.Write(cbor.Encode(given)) // #nosec G705 -- no browser reads it; a client that is gone reads nothing
}

func (s *alarmStore) answer(operation string, request cbor.Map) (int, cbor.Map) {
	if strings.Contains(operation, "Dashboard") {
		return http.StatusOK, s.dashboard(operation, request)
	}
	if operation != "DescribeAlarms" {
		defer s.writing.Add(-1)
		if s.writing.Add(1) > 1 {
			return s.refuse("ValidationError", "A separate request to update this alarm is in progress")
		}
		time.Sleep(time.Millisecond) // it takes its time, so that two at once would meet
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if operation != "DescribeAlarms" && s.limit != nil && !s.limit.Allow() {
		s.refused++
		return http.StatusBadRequest, cbor.Map{"__type": cbor.String("Throttling"), "message": cbor.String("Rate exceeded")}
	}
	switch operation {
	case "DescribeAlarms":
		return http.StatusOK, s.page(request)
	case "PutMetricAlarm":
		name := string(request["AlarmName"].(cbor.String))
		s.puts[name]++
		delete(request, "Tags")
		request["AlarmArn"] = cbor.String("arn:aws:cloudwatch:us-east-1:000000000000:alarm:" + name)
		s.alarms[name] = request
		return http.StatusOK, cbor.Map{}
	}
	return http.StatusNotImplemented, cbor.Map{}
}

// dashboard keeps dashboards, of which there are few.
func (s *alarmStore) dashboard(operation string, request cbor.Map) cbor.Map {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	name, _ := request["DashboardName"].(cbor.String)
	switch operation {
	case "PutDashboard":
		s.boards[string(name)] = request
	case "GetDashboard":
		return s.boards[string(name)]
	case "ListDashboards":
		list := cbor.List{}
		for _, board := range s.boards {
			list = append(list, cbor.Map{"DashboardName": board["DashboardName"]})
		}
		return cbor.Map{"DashboardEntries": list}
	}
	return cbor.Map{}
}

// count counts calls, and not how often the SDK tries one again on a busy machine.
func (s *alarmStore) count(operation string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.calls[operation]++
}

func (s *alarmStore) refuse(code, message string) (int, cbor.Map) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.refused++
	return http.StatusBadRequest, cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)}
}

// page is a page of the alarms, whose token is the place of the first that is not in it.
func (s *alarmStore) page(request cbor.Map) cbor.Map {
	names := slices.Sorted(maps.Keys(s.alarms))
	from := 0
	if token, is := request["NextToken"].(cbor.String); is {
		from, _ = strconv.Atoi(string(token)) // its own
	}
	const most = 100
	page := cbor.Map{}
	list := cbor.List{}
	for _, name := range names[from:min(from+most, len(names))] {
		list = append(list, s.alarms[name])
	}
	page["MetricAlarms"] = list
	if from+most < len(names) {
		page["NextToken"] = cbor.String(strconv.Itoa(from + most))
	}
	return page
}
