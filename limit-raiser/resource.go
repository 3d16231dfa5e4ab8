package limitraiser

import (
	"cmp"
	"slices"
	"strings"

	"caretaker/internal/alarm"
)

// Resource is something that is raised as a whole: a table with its indexes, a stream, a
// function, a quota.
type Resource struct {
	Kind Kind `json:"kind"`
	// Name is that of the table, stream or function; of a quota it is like lambda/L-B99A9384.
	Name string `json:"name"`
}

// Key names the resource in the ledger and in messages: table/orders.
func (r Resource) Key() string { return string(r.Kind) + "/" + r.Name }

// resourceOf is the resource of a key.
func resourceOf(key string) Resource {
	kind, name, _ := strings.Cut(key, "/")
	return Resource{Kind(kind), name}
}

// Dimension is what of a resource can be short.
type Dimension string

// Part is one capacity of a resource.
type Part struct {
	// Index is the global secondary index; empty for the table itself and for all other kinds.
	Index     string    `json:"index,omitempty"`
	Dimension Dimension `json:"dimension"`
}

// String names the part as messages do: read, or write of the index by-customer.
func (p Part) String() string {
	if p.Index == "" {
		return string(p.Dimension)
	}
	return string(p.Dimension) + " of the index " + p.Index
}

func (p Part) compare(other Part) int {
	return cmp.Or(strings.Compare(p.Index, other.Index), strings.Compare(string(p.Dimension), string(other.Dimension)))
}

// Shortage is a resource of which an alarm says that something is short.
type Shortage struct {
	Resource Resource
	// Parts are what is short, sorted, each once.
	Parts []Part
}

// shortages are what an alarm's metrics say is short, sorted. Metrics that a raise cures nothing
// of, such as errors, latency or a single hot key, say nothing.
func shortages(metrics []alarm.Metric) []Shortage {
	found := map[Resource][]Part{}
	for _, metric := range metrics {
		resource, parts := shortageOf(metric)
		found[resource] = append(found[resource], parts...)
	}
	var list []Shortage
	for resource, parts := range found {
		if len(parts) > 0 {
			slices.SortFunc(parts, Part.compare)
			list = append(list, Shortage{resource, slices.Compact(parts)})
		}
	}
	slices.SortFunc(list, func(a, b Shortage) int { return strings.Compare(a.Resource.Key(), b.Resource.Key()) })
	return list
}

func shortageOf(metric alarm.Metric) (Resource, []Part) {
	for _, one := range kinds {
		if name, parts := one.kind.names(metric); len(parts) > 0 {
			return Resource{one.name, name}, parts
		}
	}
	return Resource{}, nil
}
