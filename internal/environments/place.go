package environments

import (
	"context"
	"slices"
	"time"

	"caretaker/warmer/ping"
)

// function is a function with its environments.
type function struct {
	Function
	deployment   int
	environments []*environment
	used         int
	counts       Counts
	reached      map[*environment]bool
}

// environment is one of a function's. It is taken while busy, from its init on.
type environment struct {
	of      *function
	handler ping.Handler
	busy    bool
	// used is the number of the last call, and last its end; gone is when it goes at the latest.
	used       int
	last, gone time.Time
	idleLife   time.Duration
	// init and timeout are the function's.
	init, timeout time.Duration
	fresh         bool
}

// nothing is the handler behind the middleware.
type nothing struct{ work time.Duration }

// Invoke takes as long as a real event does.
func (n nothing) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	select {
	case <-time.After(n.work):
	case <-ctx.Done():
	}
	return event, nil
}

// half is a half to the whole of a time, by chance; of none it is for ever.
func (s *Server) half(of time.Duration) time.Duration {
	if of == 0 {
		return 1 << 62
	}
	return of/2 + time.Duration(s.random.Int64N(int64(of)/2+1))
}

// environment makes a new one, which is busy.
func (s *Server) environment(f *function, born time.Time) *environment {
	e := &environment{of: f, busy: true, idleLife: s.half(s.options.IdleLife), init: f.Init, timeout: f.Timeout, fresh: true}
	if life := s.half(s.options.Life); life < 1<<61 {
		e.gone = born.Add(life)
	}
	f.environments = append(f.environments, e)
	return e
}

// ready ends an init that began then, by the real clock, which is the middleware's.
func (e *environment) ready(now, began time.Time) {
	version := "$LATEST"
	if e.of.Alias != "" {
		version = "1"
	}
	e.last = now
	e.handler = ping.Environment{Version: version, InitType: "on-demand", Began: began, Ready: began.Add(e.init)}.Wrap(nothing{e.of.Work}, ping.Accept(e.of.Accept...))
}

// expire takes away the environments that AWS would have by then.
func (f *function) expire(now time.Time) {
	f.environments = slices.DeleteFunc(f.environments, func(e *environment) bool {
		return !e.busy && (now.Sub(e.last) > e.idleLife || !e.gone.IsZero() && now.After(e.gone))
	})
}

// place finds the environment for a call: of the free ones that which was used last, or a new one.
func (s *Server) place(f *function, now time.Time) *environment {
	f.expire(now)
	var free *environment
	for _, e := range f.environments {
		if !e.busy && (free == nil || e.used > free.used) {
			free = e
		}
	}
	if free == nil {
		free = s.environment(f, now)
		f.counts.Cold++
	}
	s.number++
	free.busy, free.used = true, s.number
	f.reached[free] = true
	return free
}

// release gives an environment back.
func (s *Server) release(e *environment) {
	e.busy, e.last, e.fresh = false, s.now(), false
}

// end takes an environment away that did not end its call in time.
func (s *Server) end(e *environment) {
	e.of.environments = slices.DeleteFunc(e.of.environments, func(other *environment) bool { return other == e })
}
