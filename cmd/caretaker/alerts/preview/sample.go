package preview

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
	"caretaker/internal/metric/search"
)

// SampleRegion and SampleAccount are where the samples are from.
const (
	SampleRegion  = "eu-west-1"
	SampleAccount = "111122223333"
)

// sampled are the services of the samples with their functions; a name that ends in ! fails for a while.
var sampled = []struct {
	service   string
	functions []string
}{
	{"checkout", []string{"checkout-api!", "checkout-payments", "checkout-receipts", "checkout-stock-reader"}},
	{"search", []string{"search-api", "search-indexer", "search-suggestions"}},
	{"accounts", []string{"accounts-login", "accounts-mails"}},
}

// SampleFacts are what a reconciler would find in an account with a shop.
func SampleFacts(stage string) alerts.Facts {
	place := alerts.Place{Partition: "aws", Region: SampleRegion, Account: SampleAccount}
	topic := fmt.Sprintf("arn:aws:sns:%s:%s:caretaker-%s-alerts", place.Region, place.Account, stage)
	facts := alerts.Facts{Stage: stage, Place: place, Topics: alerts.Topics{Critical: topic, Warning: topic}}
	timeouts := []time.Duration{10 * time.Second, 30 * time.Second, time.Minute}
	number := 0
	for _, service := range sampled {
		tags := map[string]string{"caretaker:service": service.service}
		for _, name := range service.functions {
			name = strings.TrimSuffix(name, "!")
			facts.Resources = append(facts.Resources, alerts.Resource{
				Kind: alerts.Function, Name: name, Tags: tags, Timeout: timeouts[number%len(timeouts)], Memory: 512 << (number % 2), ARM: true, ReadsStream: strings.HasSuffix(name, "-reader"),
			})
			number++
		}
		facts.Resources = append(facts.Resources, alerts.Resource{Kind: alerts.Table, Name: service.service, Tags: tags})
	}
	tags := map[string]string{"caretaker:service": "checkout"}
	facts.Resources = append(
		facts.Resources, alerts.Resource{Kind: alerts.Queue, Name: "checkout-orders", Tags: tags, Visibility: 30 * time.Second}, alerts.Resource{Kind: alerts.Queue, Name: "checkout-dead", Tags: tags, TakesDeadLetters: true},
		alerts.Resource{Kind: alerts.HTTPAPI, Name: "checkout/" + sampleAPI + "/$default", Tags: tags, ARN: "arn:aws:apigateway:" + SampleRegion + "::/apis/" + sampleAPI + "/stages/$default"},
		alerts.Resource{Kind: alerts.Account, Name: "account", Concurrency: 1000},
	)
	return facts
}

// Samples make plausible data, the same for the same seed.
type Samples struct {
	Seed  uint64
	Facts alerts.Facts
	// Wanted are the dashboards, from which the alarms are known.
	Wanted []alerts.Dashboard
}

// Lines evaluates the expressions of a graph over made-up series.
func (s Samples) Lines(_ context.Context, graph Graph, frame metric.Frame) ([]Line, error) {
	var lines []Line
	for _, query := range graph.Lines {
		if query.Expression == "" {
			if series, is := s.series(query.Metric, query.Statistic, of(query), frame); is {
				lines = append(lines, Line{query.Label, series})
			}
			continue
		}
		found, err := search.Evaluate(query.Expression, frame, func(asked search.Search) ([]search.Found, error) {
			return s.look(asked, frame), nil
		})
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			lines = append(lines, Line{strings.TrimSpace(query.Label + " " + one.Label), one.Series})
		}
	}
	return withData(lines), nil
}

// sampleAPI is the id of the API before the function that fails.
const sampleAPI = "a1b2c3d4e5"

// of is what a metric is about: the value of its last dimension, or the id of an API.
func of(query Query) string {
	if len(query.Dimensions) == 0 {
		return ""
	}
	if id := query.Dimensions[0]; id.Name == "ApiId" {
		return id.Value
	}
	return query.Dimensions[len(query.Dimensions)-1].Value
}

func (s Samples) look(asked search.Search, frame metric.Frame) (found []search.Found) {
	if asked.Namespace == "AWS/ApiGateway" {
		series, _ := s.series(asked.Metric, asked.Statistic, sampleAPI, frame)
		return []search.Found{{Label: sampleAPI + " $default", Series: series}}
	}
	for _, resource := range s.Facts.Resources {
		if resource.Kind != alerts.Function || asked.Values != nil && !slices.Contains(asked.Values, resource.Name) {
			continue
		}
		if series, is := s.series(asked.Metric, asked.Statistic, resource.Name, frame); is {
			found = append(found, search.Found{Label: resource.Name, Series: series})
		}
	}
	return found
}

// function is one of the samples by its name; false of the account's own metrics, and of tables and queues.
func (s Samples) function(name string) (found alerts.Resource, is bool) {
	for _, resource := range s.Facts.Resources {
		if resource.Kind == alerts.Function && resource.Name == name {
			return resource, true
		}
	}
	return alerts.Resource{}, false
}

// series are the values of a metric; false where AWS would publish none.
func (s Samples) series(name, statistic, about string, frame metric.Frame) (metric.Series, bool) {
	function, is := s.function(about)
	if name == "IteratorAge" && !function.ReadsStream || strings.HasSuffix(name, "ThrottleEvents") && about != "search" {
		return nil, false
	}
	if !is && about == "" { // all functions together
		return s.all(name, statistic, frame)
	}
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(about))
	chance := rand.New(rand.NewPCG(s.Seed, seed.Sum64()+uint64(len(name)))) // #nosec G404 -- samples
	busy := 40 + float64(seed.Sum64()%400)
	failing := 0.0
	series := metric.None(frame.Count)
	noise := 0.0
	for slot := range series {
		noise = 0.7*noise + 0.3*(chance.Float64()*2-1)
		wave := 1 + 0.25*math.Sin(float64(slot)/9+float64(seed.Sum64()%7)) + 0.3*noise
		failing = 0
		if s.fails(about) && slot > frame.Count*7/10 {
			failing = 1
		}
		calls := math.Round(busy * wave)
		series[slot] = sample(name, statistic, calls, failing, wave, chance.Float64(), function)
	}
	return series, true
}

// fails says whether a function fails for a while, or the API before it.
func (s Samples) fails(name string) bool {
	if name == sampleAPI {
		return true
	}
	for _, service := range sampled {
		if slices.Contains(service.functions, name+"!") {
			return true
		}
	}
	return false
}

// sample is one value.
func sample(name, statistic string, calls, failing, wave, chance float64, function alerts.Resource) float64 {
	timeout := max(float64(function.Timeout.Milliseconds()), 1000)
	middle := (60 + 0.004*timeout) * wave
	switch name {
	case "Count":
		return calls
	case "Latency":
		return 180*wave + failing*900*chance
	case "5xx":
		return math.Round(failing * calls * (0.1 + 0.1*chance))
	case "Invocations":
		return calls
	case "Errors":
		return math.Round(failing*calls*(0.2+0.2*chance)) + math.Floor(chance+0.06)
	case "Throttles":
		return math.Round(failing * 8 * chance)
	case "Duration":
		switch statistic {
		case "Sum":
			return calls * middle * 1.2
		case "p99":
			return middle*(4+2*chance) + failing*timeout*0.75*(0.8+0.4*chance)
		}
		return middle * (1 + 0.5*failing)
	case "ConcurrentExecutions":
		return math.Ceil(calls * middle / 60_000 * (3 + 2*chance))
	case "IteratorAge":
		return 800*wave + failing*1000
	case "ApproximateAgeOfOldestMessage":
		return math.Round(25 * wave)
	case "ReadThrottleEvents", "WriteThrottleEvents":
		return math.Floor(2 * chance)
	}
	return 0
}

// all are the sums, or the greatest, over all functions.
func (s Samples) all(name, statistic string, frame metric.Frame) (metric.Series, bool) {
	from := name
	if name == "ClaimedAccountConcurrency" {
		from = "ConcurrentExecutions"
	}
	total := make(metric.Series, frame.Count)
	for _, resource := range s.Facts.Resources {
		if resource.Kind != alerts.Function {
			continue
		}
		series, _ := s.series(from, statistic, resource.Name, frame)
		for slot, value := range series {
			total[slot] += value
		}
	}
	if name != from {
		for slot := range total {
			total[slot] += 120 // what is reserved
		}
	}
	return total, true
}

// States are made up for the alarms of the dashboards: those of the function that fails are on.
func (s Samples) States(context.Context) (map[string]string, error) {
	states := map[string]string{}
	for _, dashboard := range s.Wanted {
		for _, arn := range alarmsIn(dashboard.Body) {
			name := nameIn(arn)
			states[arn] = "OK"
			switch parts := strings.Split(name, "/"); {
			case len(parts) == 3 && s.fails(parts[1]) && slices.Contains([]string{"errors", "failing", "throttles"}, parts[2]):
				states[arn] = "ALARM"
			case strings.Contains(name, "/"+sampleAPI+"/") && slices.Contains([]string{"errors", "failing"}, parts[len(parts)-1]):
				states[arn] = "ALARM"
			case strings.HasSuffix(name, "accounts-mails/duration"):
				states[arn] = "INSUFFICIENT_DATA"
			}
		}
	}
	return states, nil
}
