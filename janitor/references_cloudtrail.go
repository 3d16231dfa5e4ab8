package janitor

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"caretaker/internal/paged"
)

// aliasEvents are the names under which CloudTrail records that an alias moved or went:
// Lambda's carry the API's date. Both spellings are asked for.
// https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
var aliasEvents = []string{"UpdateAlias20150331", "DeleteAlias20150331", "UpdateAlias", "DeleteAlias"}

// readAliasHistory reads when aliases were last changed, since an alias itself carries no
// date. CloudTrail is up to 15 minutes late and answers 2 calls a second.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func (j *Janitor) readAliasHistory(ctx context.Context, in scope) (Findings, error) {
	found := Findings{AliasChanges: map[string]time.Time{}}
	if len(in.shortlist) == 0 {
		return found, nil
	}
	since := in.now.Add(-j.cfg.Keep.SupersededFor.Std())
	for _, name := range aliasEvents {
		err := paged.Every(func(token *string) (*string, error) {
			page, err := j.aws.CloudTrail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{
				StartTime: &since, NextToken: token, MaxResults: aws.Int32(50),
				LookupAttributes: []cloudtrailtypes.LookupAttribute{{
					AttributeKey: cloudtrailtypes.LookupAttributeKeyEventName, AttributeValue: aws.String(name),
				}},
			})
			if err != nil {
				return nil, err
			}
			for _, event := range page.Events {
				if err := found.aliasChanged(event, in.place); err != nil {
					return nil, err
				}
			}
			return page.NextToken, nil
		})
		if err != nil {
			return Findings{}, fmt.Errorf("looking up %s events: %w", name, err)
		}
	}
	return found, nil
}

// aliasChanged reads one event. One that names no function could be about any, so it is an
// error, unless AWS refused that call anyway.
func (f *Findings) aliasChanged(event cloudtrailtypes.Event, place target) error {
	var record struct {
		EventSource       string `json:"eventSource"`
		ErrorCode         string `json:"errorCode"`
		RequestParameters struct {
			FunctionName string `json:"functionName"`
		} `json:"requestParameters"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(event.CloudTrailEvent)), &record); err != nil {
		return fmt.Errorf("reading event %s: %w", aws.ToString(event.EventId), err)
	}
	if record.ErrorCode != "" || record.EventSource != "" && record.EventSource != "lambda.amazonaws.com" {
		return nil
	}
	changed, ok := parseName(record.RequestParameters.FunctionName)
	if !ok || event.EventTime == nil {
		return fmt.Errorf("event %s does not say which function's alias changed when", aws.ToString(event.EventId))
	}
	if changed.at(place) && event.EventTime.After(f.AliasChanges[changed.function]) {
		f.AliasChanges[changed.function] = *event.EventTime
	}
	return nil
}
