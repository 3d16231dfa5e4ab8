package warmer

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Event is what the Lambda function is invoked with: nothing by its schedule, and by its rule what CloudTrail says of a
// deployment. What is warmed, and how many, stands in the file and in tags alone, so that nobody who may invoke the
// warmer can make it send more.
type Event struct {
	// Change is a deployment; nil for a run of everything.
	Change *Change
}

// Change is a change after which a function's environments are new ones.
type Change struct {
	// Function is its name, and Operation what was done, such as UpdateAlias.
	Function, Operation string
	At                  time.Time
	// Void says why nothing is new all the same; empty where something is.
	Void string
}

// Operations are the beginnings of the names that CloudTrail has for the calls after which environments are new. A
// version of the API follows them, such as 20150331v2, or does not: AWS has announced that those go.
// https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
func Operations() []string {
	return []string{"CreateAlias", "PublishVersion", "UpdateAlias", "UpdateFunctionCode", "UpdateFunctionConfiguration"}
}

// The fields of the event of the rule.
const (
	ChangeSource = "aws.lambda"
	ChangeType   = "AWS API Call via CloudTrail"
	ChangeCaller = "lambda.amazonaws.com"
)

var (
	operationForm = regexp.MustCompile(`^(` + strings.Join(Operations(), "|") + `)([0-9]{8}(v[0-9]+)?)?$`)
	// nameForm finds the name in what a caller wrote: a name, a part of an ARN or a whole one, each with a qualifier or not.
	nameForm = regexp.MustCompile(`^(?:(?:arn:[a-z-]+:lambda:[a-z0-9-]+:)?[0-9]{12}:function:)?([A-Za-z0-9_-]{1,64})(?::(?:[$]LATEST|[A-Za-z0-9_-]{1,128}))?$`)
)

// UnmarshalJSON refuses whatever else there is, by its name.
func (e *Event) UnmarshalJSON(event []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(event, &keys); err != nil {
		return errors.New("the warmer takes an empty object, {}, an event of its rule, and no other event")
	}
	if keys["detail-type"] != nil {
		change, err := changeOf(event)
		e.Change = &change
		return err
	}
	for key := range keys {
		return fmt.Errorf("the warmer takes nothing from its event, and this one has %.40q: write it into caretaker.yaml", key)
	}
	return nil
}

// changeOf reads an event of the rule.
func changeOf(event []byte) (Change, error) {
	var outer struct {
		Source     string
		DetailType string `json:"detail-type"`
		Detail     struct {
			EventSource, EventName string
			EventTime              time.Time
			ErrorCode              string
			RequestParameters      struct {
				FunctionName string
				DryRun       bool
			}
			ResponseElements struct{ FunctionName string }
		}
	}
	if err := json.Unmarshal(event, &outer); err != nil {
		return Change{}, fmt.Errorf("the warmer cannot read the event of its rule: %w", err)
	}
	detail := outer.Detail
	named := operationForm.FindStringSubmatch(detail.EventName)
	for _, field := range []struct{ name, value, wanted string }{
		{"source", outer.Source, ChangeSource}, {"detail-type", outer.DetailType, ChangeType}, {"detail.eventSource", detail.EventSource, ChangeCaller},
	} {
		if field.value != field.wanted {
			return Change{}, fmt.Errorf("the warmer takes events of its rule alone: %s is %.60q, and not %q", field.name, field.value, field.wanted)
		}
	}
	if named == nil {
		return Change{}, fmt.Errorf("the warmer takes events of its rule alone: detail.eventName is %.60q, and not one of %s", detail.EventName, strings.Join(Operations(), ", "))
	}
	if detail.EventTime.IsZero() {
		return Change{}, errors.New("the event of the rule has no detail.eventTime")
	}
	change := Change{Operation: named[1], At: detail.EventTime}
	switch {
	case detail.ErrorCode != "":
		change.Void = "the call was refused"
	case detail.RequestParameters.DryRun:
		change.Void = "the call was a dry run"
	}
	// What the caller wrote comes second: it may be an ARN. The answer is missing of a call that was refused.
	for _, text := range []string{detail.ResponseElements.FunctionName, detail.RequestParameters.FunctionName} {
		if found := nameForm.FindStringSubmatch(text); found != nil {
			change.Function = found[1]
			return change, nil
		}
	}
	return Change{}, fmt.Errorf("the event of the rule names no function: detail.requestParameters.functionName is %.160q", detail.RequestParameters.FunctionName)
}
