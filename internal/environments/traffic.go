package environments

import (
	"slices"
	"time"
)

// Elapse lets the clock jump to a later time, with the real events of a function that arrive until
// then. It answers how many of them met a cold start. No call may be under way.
func (s *Server) Elapse(to time.Time, name string, arrivals []time.Time) (cold int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	f := s.functions[name]
	slices.SortFunc(arrivals, time.Time.Compare)
	var under []*environment // way; last is when it ends
	for _, at := range arrivals {
		under = finish(under, at)
		before := f.counts.Cold
		e := s.place(f, at)
		took := f.Work
		if f.counts.Cold > before {
			cold++
			e.ready(at, time.Now().Add(-f.Init))
			took += f.Init
		}
		f.counts.Calls++
		f.counts.Billed += took
		e.last, e.fresh = at.Add(took), false
		under = append(under, e)
	}
	for _, e := range under {
		e.busy = false
	}
	s.ahead += max(0, to.Sub(s.now()))
	return cold
}

// finish frees what ended before a time.
func finish(under []*environment, at time.Time) []*environment {
	return slices.DeleteFunc(under, func(e *environment) bool {
		if e.last.After(at) {
			return false
		}
		e.busy = false
		return true
	})
}
