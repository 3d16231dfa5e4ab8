package janitor

import (
	"sync"

	"caretaker/janitor"
)

// abroad is what the Regions of a run know of one another's functions. The zero value knows nothing.
type abroad struct {
	mutex sync.Mutex
	// read are the last plans that went well, for what they refer to elsewhere, and failed why there is none.
	read   map[string]janitor.Plan
	failed map[string]error
}

// learn takes over what a Region has just read. One that could not be read again still refers to
// what it did before.
func (a *abroad) learn(r *region) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.read == nil {
		a.read, a.failed = map[string]janitor.Plan{}, map[string]error{}
	}
	if r.err == nil {
		delete(a.failed, r.name)
		a.read[r.name] = janitor.Plan{Region: r.name, Findings: janitor.Findings{Elsewhere: r.plan.Elsewhere, Unread: r.plan.Unread}}
	} else if _, known := a.read[r.name]; !known {
		a.failed[r.name] = r.err
	}
}

// about is what all others say of a Region's functions.
func (a *abroad) about(r *region) janitor.Findings {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	var all janitor.Findings
	for name, plan := range a.read {
		if name != r.name {
			others := plan.Abroad(r.name)
			all.References = append(all.References, others.References...)
			all.Dynamic = append(all.Dynamic, others.Dynamic...)
			all.Unread = append(all.Unread, others.Unread...)
		}
	}
	for name, err := range a.failed {
		if name != r.name {
			all.Unread = append(all.Unread, janitor.NoneOf(name, "Region "+name, err.Error()))
		}
	}
	return all
}
