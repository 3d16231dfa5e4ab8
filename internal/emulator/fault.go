package emulator

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// errCut stands for a connection that breaks.
var errCut = errors.New("connection cut")

// truncated marks an answer of which only half is to be sent.
const truncated = "X-Emulator-Truncated"

// Fault is what befalls the calls that match it. Without Status, Refuse, Drop or Truncate
// the call itself succeeds, delayed or with its hooks run.
type Fault struct {
	// Service and Operation as in Call. Empty: any.
	Service, Operation string
	// Function is a part of the Lambda function's name. Empty: any.
	Function string
	// Match narrows further. Nil: any.
	Match func(Call) bool
	// Times is how many calls it befalls. 0: all.
	Times int
	// Delay comes before everything else.
	Delay time.Duration
	// Before runs before the call reaches the emulator, After once it was
	// carried out (not when Status or Drop keep it from that). Calls they make
	// go through the proxy like any other.
	Before, After func(Call)
	// Status, Code and Message answer in place of AWS: the call is not carried out.
	Status        int
	Code, Message string
	// Refuse says which records of a batch AWS does not take, by their places from 0: they are answered with
	// Code and Message, the others are carried out. Kinesis' PutRecords and Firehose's PutRecordBatch
	// bring such batches.
	Refuse func(place int) bool
	// Drop cuts the connection without an answer: the call is not carried out.
	Drop bool
	// Truncate cuts the connection in the middle of the answer: the call was
	// carried out.
	Truncate bool
}

// faults are the faults to come. The zero value has none.
type faults struct {
	mutex   sync.Mutex
	planned []*Fault
	onCall  []func(Call)
	latency time.Duration
}

// Inject adds a fault. Of several that match, the first one added befalls the call.
func (e *Emulator) Inject(fault Fault) {
	e.faults.mutex.Lock()
	defer e.faults.mutex.Unlock()
	if fault.Times == 0 {
		fault.Times = -1
	}
	e.faults.planned = append(e.faults.planned, &fault)
}

// OnCall runs a function before each call reaches the emulator, until
// ClearFaults. Calls that it makes come through the proxy too: match narrowly.
func (e *Emulator) OnCall(hook func(Call)) {
	e.faults.mutex.Lock()
	defer e.faults.mutex.Unlock()
	e.faults.onCall = append(e.faults.onCall, hook)
}

// ClearFaults takes away all faults and OnCall hooks.
func (e *Emulator) ClearFaults() {
	e.faults.mutex.Lock()
	defer e.faults.mutex.Unlock()
	e.faults.planned, e.faults.onCall = nil, nil
}

// SetLatency makes each call take so much longer. 0: as fast as it is.
func (e *Emulator) SetLatency(d time.Duration) {
	e.faults.mutex.Lock()
	defer e.faults.mutex.Unlock()
	e.faults.latency = d
}

func (x *exchange) latency() time.Duration {
	x.faults.mutex.Lock()
	defer x.faults.mutex.Unlock()
	return x.faults.latency
}

// take finds the fault for a call and counts it.
func (f *faults) take(call Call) Fault {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for i, fault := range f.planned {
		if !fault.matches(call) {
			continue
		}
		if fault.Times > 0 {
			fault.Times--
		}
		if fault.Times == 0 {
			f.planned = slices.Delete(f.planned, i, i+1)
		}
		return *fault
	}
	return Fault{}
}

func (f *Fault) matches(call Call) bool {
	return (f.Service == "" || f.Service == call.Service) &&
		(f.Operation == "" || f.Operation == call.Operation) &&
		strings.Contains(call.Function, f.Function) &&
		(f.Match == nil || f.Match(call))
}

// withFault runs the hooks and carries the call out, unless a fault stands in
// its way.
func (x *exchange) withFault(carryOut func() (*answer, error)) (*answer, error) {
	x.faults.mutex.Lock()
	hooks := slices.Clone(x.faults.onCall)
	x.faults.mutex.Unlock()
	for _, hook := range hooks {
		hook(x.call)
	}
	fault := x.faults.take(x.call)
	if err := x.delay(fault.Delay); err != nil {
		return nil, err
	}
	if fault.Before != nil {
		fault.Before(x.call)
	}
	switch {
	case fault.Drop:
		return nil, errCut
	case fault.Status != 0:
		return x.refuse(fault.Status, fault.Code, fault.Message), nil
	case fault.Refuse != nil:
		carryOut = func() (*answer, error) { return x.partly(fault) }
	}
	given, err := carryOut()
	if err != nil {
		return nil, err
	}
	if fault.After != nil {
		fault.After(x.call)
	}
	if fault.Truncate {
		given.header.Set(truncated, "true")
	}
	return given, nil
}
