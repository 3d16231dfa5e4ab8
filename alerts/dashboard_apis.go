package alerts

import "fmt"

// apiKinds are the APIs, with what their metrics on server errors are called, and by what they are found.
var apiKinds = []struct {
	kind           Kind
	server, schema string
}{
	{RestAPI, "5XXError", "ApiName"},
	{HTTPAPI, "5xx", "ApiId"},
}

// mostAPIs is how many a service's graphs show: as many lines as one can tell apart.
const mostAPIs = 20

// apis adds graphs of the APIs of a service: what is asked, what fails, and how long it takes.
func (p *page) apis(resources []watched) {
	var asked, failed, slow [][]any
	var lines []Line
	all := 0
	for _, of := range apiKinds {
		apis := ofKind(resources, of.kind)
		lines = append(lines, thresholds(apis, "latency")...)
		all += len(apis)
		for _, api := range apis[:min(len(apis), mostAPIs-len(asked))] {
			line := func(name, statistic string) []any {
				measure := Measure{"AWS/ApiGateway", name, statistic, ""}
				return metricLine(api.Resource, Metric{measure, dimensions(api.Resource, measure), graphPeriod}, false)
			}
			asked = append(asked, line("Count", "SampleCount"))
			failed = append(failed, line(of.server, "Sum"))
			slow = append(slow, line("Latency", "p99"))
		}
	}
	if len(asked) == 0 {
		return
	}
	some := ""
	if all > mostAPIs {
		some = fmt.Sprintf(", %d of %d APIs", mostAPIs, all)
	}
	p.graph(8, "API requests"+some, "requests in 5 minutes", asked)
	p.graph(8, "API server errors"+some, "requests in 5 minutes", failed)
	p.graph(8, "API latency, p99"+some, "ms", slow, lines...)
}

// fleetAPIs adds graphs of the APIs of the Region that stand out, where there are some.
func (p *page) fleetAPIs(resources []watched) {
	var failed, slow []string
	for _, of := range apiKinds {
		if len(ofKind(resources, of.kind)) == 0 {
			continue
		}
		search := func(metric, statistic string) string {
			return fmt.Sprintf(`SORT(SEARCH('{AWS/ApiGateway,%s,Stage} MetricName="%s"', '%s', %d), MAX, DESC, 10)`, of.schema, metric, statistic, graphPeriod)
		}
		failed = append(failed, search(of.server, "Sum"))
		slow = append(slow, search("Latency", "p99"))
	}
	if len(failed) > 0 {
		p.graph(12, "API server errors, top ten", "requests in 5 minutes", expressions("", failed))
		p.graph(12, "API latency, p99, slowest ten", "ms", expressions("", slow))
	}
}

// apart says whether a check's graph is one of those of apis.
func apart(c Check) bool {
	return (c.Kind == RestAPI || c.Kind == HTTPAPI) && c.Key != "client-errors"
}
