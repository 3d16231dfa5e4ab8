package subscriber

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Event is what the function is invoked with: {} by the schedule, {"dryRun": true} by a person, or
// what EventBridge tells of a new log group.
type Event struct {
	// DryRun makes this run a dry run. False leaves it to the configuration.
	DryRun bool
	// Group is the log group that was made; empty for a whole run.
	Group string
	// Account and Region are where it was made.
	Account, Region string
	// Failed is the code of the error that AWS answered the making with: then there is no new group.
	Failed string
}

// newGroup is the part of EventBridge's event that matters here.
// https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-logs.html
type newGroup struct {
	DetailType string `json:"detail-type"`
	Source     string
	Account    string
	Region     string
	Detail     struct {
		EventName         string
		ErrorCode         string
		RequestParameters struct{ LogGroupName string }
	}
}

// UnmarshalJSON refuses everything else: a misspelt dryRun must not subscribe.
func (e *Event) UnmarshalJSON(text []byte) error {
	var told newGroup
	if err := json.Unmarshal(text, &told); err != nil {
		return err
	}
	if told.DetailType == "" {
		var plain struct {
			DryRun bool `json:"dryRun"`
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&plain); err != nil {
			return fmt.Errorf(`it must be {}, {"dryRun": true} or EventBridge's CreateLogGroup: %w`, err)
		}
		*e = Event{DryRun: plain.DryRun}
		return nil
	}
	if told.Source != "aws.logs" || told.Detail.EventName != "CreateLogGroup" {
		return fmt.Errorf("it must be CreateLogGroup of aws.logs, and is %q of %q", told.Detail.EventName, told.Source)
	}
	if told.Detail.RequestParameters.LogGroupName == "" {
		return errors.New("detail.requestParameters.logGroupName is empty: which log group was made?")
	}
	*e = Event{
		Group: told.Detail.RequestParameters.LogGroupName, Account: told.Account, Region: told.Region, Failed: told.Detail.ErrorCode,
	}
	return nil
}
