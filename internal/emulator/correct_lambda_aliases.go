package emulator

import (
	"net/http"
	"strconv"
	"time"
)

// aliasChange is one entry of the event history.
type aliasChange struct {
	id, account, region, operation, function, alias, principal string
	at                                                         time.Time
}

// apiVersion ends the names of Lambda's events in CloudTrail.
// https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
const apiVersion = "20150331"

// changeAlias keeps the change for LookupEvents.
func changeAlias(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err == nil && given.ok() {
		x.keepChange()
	}
	return given, err
}

// deleteAlias answers 204 for an absent alias, as AWS does.
func deleteAlias(x *exchange) (*answer, error) {
	given, err := changeAlias(x)
	if err != nil || given.status != http.StatusNotFound {
		return given, err
	}
	_, refused, err := x.everyAlias()
	if err != nil || refused != nil { // the function itself is not there
		return refused, err
	}
	return &answer{status: http.StatusNoContent, header: given.header}, nil
}

func (x *exchange) keepChange() {
	if !x.options.CloudTrail {
		return
	}
	name := ""
	if segments := split(x.request.URL.Path); x.call.Operation == "CreateAlias" {
		var body object
		_ = decode(x.body, &body) // the emulator could read it
		name = text(body, "Name")
	} else {
		name = segments[len(segments)-1]
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	x.memory.aliasChanges = append(x.memory.aliasChanges, aliasChange{
		id: strconv.Itoa(len(x.memory.aliasChanges) + 1), account: x.account(), region: x.region(),
		operation: x.call.Operation, function: x.call.Function, alias: name, principal: x.call.Principal, at: time.Now(),
	})
}

// BackdateAliasChanges sets the time of all changes so far of a function's aliases
// in the event history. The function is a name, in every account and Region.
func (e *Emulator) BackdateAliasChanges(function string, at time.Time) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	for i := range e.memory.aliasChanges {
		if change := &e.memory.aliasChanges[i]; change.function == function {
			change.at = at
		}
	}
}
