package emulator

import (
	"maps"
	"strings"
)

// The emulator drops some fields when a resource is made. The proxy keeps them
// from the calls that pass it, and puts them back where the resource is read.
// Resources that a CloudFormation template makes do not pass it.

func (x *exchange) lastSegment() string {
	path := strings.TrimSuffix(x.request.URL.Path, "/")
	return path[strings.LastIndex(path, "/")+1:]
}

// resource names a resource of the call's service, account and Region.
func (x *exchange) resource(id string) string {
	return x.call.Service + " " + x.account() + " " + x.region() + " " + id
}

// keepFields keeps fields of the request. An update leaves those it does not name.
func (x *exchange) keepFields(update bool, id string, fields ...string) {
	var sent object
	if decode(x.body, &sent) != nil {
		return
	}
	kept := object{}
	if update {
		x.putBack(kept, id)
	}
	maps.Copy(kept, pick(sent, fields...))
	x.keep(id, kept)
}

// pick takes those of some fields that there are.
func pick(from object, fields ...string) object {
	picked := object{}
	for _, field := range fields {
		if value, is := from[field]; is {
			picked[field] = value
		}
	}
	return picked
}

// keep keeps fields of a resource.
func (x *exchange) keep(id string, fields object) {
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	if x.memory.dropped == nil {
		x.memory.dropped = map[string]object{}
	}
	x.memory.dropped[x.resource(id)] = fields
}

// restore puts kept fields into the answer: one resource, or a list of them.
func (x *exchange) restore(list string, id func(object) string) (*answer, error) {
	var body object
	return x.amend(&body, func() {
		x.putBack(body, id(body))
		items, _ := body[list].([]any)
		for _, item := range items {
			if fields, is := item.(object); is {
				x.putBack(fields, id(fields))
			}
		}
	})
}

func (x *exchange) putBack(fields object, id string) {
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	for field, value := range x.memory.dropped[x.resource(id)] {
		fields[field] = value
	}
}
