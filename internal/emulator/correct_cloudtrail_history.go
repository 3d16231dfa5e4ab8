package emulator

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"
)

// lookup is a request to LookupEvents.
type lookup struct {
	LookupAttributes   []struct{ AttributeKey, AttributeValue string }
	StartTime, EndTime json.Number // seconds
	NextToken          string
	MaxResults         int
}

// eventPage is LookupEvents' greatest and usual page.
const eventPage = 50

// lookupEvents answers from the changes of aliases that passed the proxy, newest
// first, and at once where CloudTrail takes up to 15 minutes. The emulator has no
// pages, and calls UpdateAlias and DeleteAlias ListAliases.
func lookupEvents(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() || !x.options.CloudTrail {
		return given, err
	}
	asked := lookup{MaxResults: eventPage}
	if err := decode(x.body, &asked); err != nil {
		return nil, err
	}
	asked.MaxResults = min(asked.MaxResults, eventPage)
	x.memory.mutex.Lock()
	changes := slices.Clone(x.memory.aliasChanges)
	x.memory.mutex.Unlock()
	slices.Reverse(changes)
	slices.SortStableFunc(changes, func(a, b aliasChange) int { return b.at.Compare(a.at) })
	changes = slices.DeleteFunc(changes, func(change aliasChange) bool {
		return change.account != x.account() || change.region != x.region() || !asked.wants(change)
	})
	token, _ := base64.StdEncoding.DecodeString(asked.NextToken)
	if at := slices.IndexFunc(changes, func(change aliasChange) bool { return change.id == string(token) }); at >= 0 {
		changes = changes[at+1:]
	}
	body := object{}
	if len(changes) > asked.MaxResults {
		changes = changes[:asked.MaxResults]
		body["NextToken"] = base64.StdEncoding.EncodeToString([]byte(changes[len(changes)-1].id))
	}
	events := []object{}
	for _, change := range changes {
		event, err := change.event()
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	body["Events"] = events
	return given.replace(body)
}

func (l lookup) wants(change aliasChange) bool {
	if from, err := l.StartTime.Float64(); err == nil && seconds(change.at) < from {
		return false
	}
	if to, err := l.EndTime.Float64(); err == nil && seconds(change.at) > to {
		return false
	}
	for _, attribute := range l.LookupAttributes {
		has, known := map[string]string{
			"EventName": change.operation + apiVersion, "EventSource": "lambda.amazonaws.com", "EventId": change.id,
			"ResourceName": change.arn(), "ResourceType": "AWS::Lambda::Function", "ReadOnly": "false",
		}[attribute.AttributeKey]
		if !known || has != attribute.AttributeValue {
			return false
		}
	}
	return true
}

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

func (c aliasChange) arn() string {
	return "arn:aws:lambda:" + c.region + ":" + c.account + ":function:" + c.function
}

// event is the change as CloudTrail shows it.
func (c aliasChange) event() (object, error) {
	record, err := json.Marshal(object{
		"eventVersion": "1.11", "eventID": c.id, "eventSource": "lambda.amazonaws.com",
		"eventName": c.operation + apiVersion, "eventTime": c.at.UTC().Format(time.RFC3339),
		"awsRegion": c.region, "recipientAccountId": c.account, "readOnly": false, "eventType": "AwsApiCall",
		"userIdentity":      object{"arn": c.principal, "accountId": c.account},
		"requestParameters": object{"functionName": c.function, "name": c.alias},
	})
	return object{
		"EventId": c.id, "EventName": c.operation + apiVersion, "EventSource": "lambda.amazonaws.com",
		"EventTime": seconds(c.at), "ReadOnly": "false", "Username": c.principal,
		"Resources":       []object{{"ResourceType": "AWS::Lambda::Function", "ResourceName": c.arn()}},
		"CloudTrailEvent": string(record),
	}, err
}
