package janitor

import "sync"

// Regions is what the Regions of a run know of one another's functions. The zero value knows nothing.
type Regions struct {
	mutex sync.Mutex
	// read are the last plans that went well, for what they refer to elsewhere, and failed why there is none.
	read   map[string]Plan
	failed map[string]error
}

// Learn takes over what a Region has just read, or why it could not be. One that could not be read
// again still refers to what it did before.
func (r *Regions) Learn(region string, plan Plan, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.read == nil {
		r.read, r.failed = map[string]Plan{}, map[string]error{}
	}
	if err == nil {
		delete(r.failed, region)
		r.read[region] = Plan{Region: region, Findings: Findings{Elsewhere: plan.Elsewhere, Unread: plan.Unread}}
	} else if _, known := r.read[region]; !known {
		r.failed[region] = err
	}
}

// About is what all others say of a Region's functions.
func (r *Regions) About(region string) Findings {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var all Findings
	for name, plan := range r.read {
		if name != region {
			others := plan.Abroad(region)
			all.References = append(all.References, others.References...)
			all.Dynamic = append(all.Dynamic, others.Dynamic...)
			all.Unread = append(all.Unread, others.Unread...)
		}
	}
	for name, err := range r.failed {
		if name != region {
			all.Unread = append(all.Unread, noneOf(name, "Region "+name, err.Error()))
		}
	}
	return all
}
