package ping

import (
	"sync"
	"time"
)

// Environment is an execution environment that is not this process: models of Lambda have many of
// them in one. Users do not get this file.
type Environment struct {
	// Version and InitType are what Lambda's variables would say.
	Version, InitType string
	// Began and Ready are the beginning and the end of the init.
	Began, Ready time.Time
}

// Wrap is the package's Wrap, with the counts and the id of another environment.
func (e Environment) Wrap(next Handler, options ...Option) Handler {
	here := &environment{version: e.Version, initType: e.InitType, began: e.Began, ready: e.Ready, id: sync.OnceValue(newID)}
	return wrapped{next: next, here: here, accepted: named(options)}
}
