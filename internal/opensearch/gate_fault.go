package opensearch

import (
	"net/http"
	"slices"
	"time"
)

// Fault is what befalls the requests that match it. The zero value does nothing.
type Fault struct {
	// Match narrows. Nil: any request.
	Match func(GateCall) bool
	// Times is how many requests it befalls. 0: all.
	Times int
	// Delay comes before everything else.
	Delay time.Duration
	// Status answers in place of the service, with Header and Body: nothing is carried out.
	Status int
	Header http.Header
	Body   string
	// Item answers a status for some documents of a _bulk request, which are not carried out; 0 is for
	// those that are. id is empty where the document has none.
	Item func(place int, id string) int
	// Drop cuts the connection without an answer: nothing is carried out.
	Drop bool
	// Truncate cuts the connection in the middle of the answer: all is carried out.
	Truncate bool
	// After runs once the request was carried out.
	After func()
	// Silent never answers: nothing is carried out.
	Silent bool
}

// Inject adds a fault. Of several that match, the first one added befalls the request.
func (g *Gate) Inject(fault Fault) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if fault.Times == 0 {
		fault.Times = -1
	}
	g.faults = append(g.faults, &fault)
}

// ClearFaults takes away all faults.
func (g *Gate) ClearFaults() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.faults = nil
}

// take finds the fault for a request and counts it.
func (g *Gate) take(call GateCall) Fault {
	for at, fault := range g.faults {
		if fault.Match != nil && !fault.Match(call) {
			continue
		}
		if fault.Times > 0 {
			fault.Times--
		}
		if fault.Times == 0 {
			g.faults = slices.Delete(g.faults, at, at+1)
		}
		return *fault
	}
	return Fault{}
}
