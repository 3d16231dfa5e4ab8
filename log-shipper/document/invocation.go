package document

import (
	"bytes"
	"slices"

	"caretaker/log-shipper/payload"
)

// invocation is what a payload tells of one run of a function.
type invocation struct {
	id, version, trace []byte
	// cold and warm are both false where nothing says which it was.
	cold, warm bool
	// place is where it stands in the list of the open ones, from 1; 0 where it is not open.
	place int
}

// none is the number of no invocation.
const none = -1

// invocations sorts the lines of a payload by invocation. It gives one to a line only where the payload
// proves it: the line names it, or stands between its beginning and its end while no other was open.
// A guess would put lines under another's request id, which misleads more than none.
type invocations struct {
	all  []invocation
	byID map[[requestID]byte]int32
	// of is the invocation of each line, or none.
	of []int32
	// open are those that began in this payload, and of whose end nothing was seen yet.
	open []int32
	// begun says that a line told of a beginning: until then the lines are of the invocation that ends
	// first.
	begun bool
	// named is the request id that the last line before that named, and since is the first line that
	// may be of that invocation.
	named []byte
	since int
	// starting says that the environment started, and no invocation has begun yet.
	starting bool
	// version and function are the environment's.
	version, function []byte
}

// begin sorts the events of a payload. platform reads an event of Lambda's own in JSON, and gives the
// name of the function with it if it tells.
func (v *invocations) begin(text []byte, events []payload.Event, platform func(r *report, line []byte) (function []byte, is bool)) {
	clear(v.byID)
	*v = invocations{all: v.all[:0], byID: v.byID, of: slices.Grow(v.of[:0], len(events)), open: v.open[:0]}
	var r report
	for i := range events {
		line := events[i].Message.Of(text)
		if events[i].Marks&(payload.NoEvent|payload.NoString) != 0 {
			line = nil
		}
		if textReport(&r, line) {
			v.own(&r, true)
			continue
		}
		if isPlatform(line) {
			if function, is := platform(&r, line); is {
				if len(function) > 0 {
					v.function = function
				}
				v.own(&r, false)
				continue
			}
		}
		v.other(line)
	}
}

// isPlatform tells lines that may be platform events: {"time":"...","type":"platform.start", ...
func isPlatform(line []byte) bool {
	return len(line) > 0 && line[0] == '{' && bytes.Contains(line[:min(len(line), 200)], []byte("platform."))
}

// other takes a line that a function wrote.
func (v *invocations) other(line []byte) {
	if !v.begun {
		if id := headerOf(line).id; id != nil && !bytes.Equal(id, v.named) {
			if v.named != nil {
				v.since = len(v.of)
			}
			v.named = id
		}
	}
	v.of = append(v.of, v.current())
}

// current is the invocation that a line is of which names none.
func (v *invocations) current() int32 {
	if len(v.open) == 1 {
		return v.open[0]
	}
	return none
}

// own takes a line that Lambda wrote. Environments that log in text handle one invocation at a time, so
// that a beginning ends what was before; others may handle several.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
func (v *invocations) own(r *report, oneAtATime bool) {
	if r.id == nil {
		v.environment(r)
		v.of = append(v.of, v.current())
		return
	}
	number := v.numbered(r.id)
	one := &v.all[number]
	switch {
	case r.is("start"):
		if oneAtATime {
			v.closeAll()
		}
		one.version, one.cold = r.version, one.cold || v.starting
		v.begun, v.starting = true, false
		v.opened(number)
	case oneAtATime && !v.begun:
		v.before(number)
	}
	if len(r.trace) > 0 {
		one.trace = r.trace
	}
	v.of = append(v.of, number)
	if r.is("report") {
		one.cold = one.cold || r.metrics[initDuration] != nil || r.metrics[restoreDuration] != nil
		one.warm = !one.cold && r.metrics[memorySize] != nil
		v.closed(number)
	}
}

// environment takes a line about the environment, such as its start.
func (v *invocations) environment(r *report) {
	if r.is("initStart") || r.is("restoreStart") {
		v.closeAll()
		v.begun, v.starting = true, true
	}
	if len(r.version) > 0 {
		v.version = r.version
	}
}

// before gives the lines before the first end to the invocation that ends, as far as none of them names
// another.
func (v *invocations) before(number int32) {
	v.begun = true
	v.opened(number)
	if v.named != nil && !bytes.Equal(v.named, v.all[number].id) {
		return
	}
	for i := v.since; i < len(v.of); i++ {
		v.of[i] = number
	}
}

// numbered is the number of the invocation with an id.
func (v *invocations) numbered(id []byte) int32 {
	key := [requestID]byte(id)
	if number, known := v.byID[key]; known {
		return number
	}
	if v.byID == nil {
		v.byID = map[[requestID]byte]int32{}
	}
	number := int32(len(v.all)) // #nosec G115 -- no more than lines
	v.all = append(v.all, invocation{id: id})
	v.byID[key] = number
	return number
}

func (v *invocations) opened(number int32) {
	if v.all[number].place == 0 {
		v.open = append(v.open, number)
		v.all[number].place = len(v.open)
	}
}

func (v *invocations) closed(number int32) {
	place := v.all[number].place
	if place == 0 {
		return
	}
	last := v.open[len(v.open)-1]
	v.open[place-1], v.all[last].place = last, place
	v.open, v.all[number].place = v.open[:len(v.open)-1], 0
}

func (v *invocations) closeAll() {
	for _, number := range v.open {
		v.all[number].place = 0
	}
	v.open = v.open[:0]
}

// find is the number of the invocation with an id that a line names; none where only that line does.
func (v *invocations) find(id []byte) int32 {
	if number, known := v.byID[[requestID]byte(id)]; known {
		return number
	}
	return none
}
