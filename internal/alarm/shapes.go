package alarm

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
)

// snsMessage is what CloudWatch publishes to a topic. Go's own package for Lambda has no
// composite alarm, no contributor and no percentile in its type.
type snsMessage struct {
	AlarmName, AlarmRule, AlarmDescription         string
	AlarmARN                                       string `json:"AlarmArn"`
	NewStateValue, NewStateReason, StateChangeTime string
	OldStateValue, ActionsSuppressedBy             string
	AWSAccountID                                   string `json:"AWSAccountId"`
	// Region is the Region's name for people, such as "US East (N. Virginia)".
	Region                string
	ContributorID         string            `json:"AlarmContributorId"`
	ContributorAttributes map[string]string `json:"AlarmContributorAttributes"`
	AlarmTags             tags
	AfterMute             json.RawMessage `json:"ActionExecutedAfterMuteWindow"`
	Trigger               struct {
		Namespace, MetricName, Statistic, ExtendedStatistic string
		ComparisonOperator, Unit                            string
		ThresholdMetricID                                   string `json:"ThresholdMetricId"`
		Dimensions                                          dimensions
		Period                                              seconds
		EvaluationPeriods, DatapointsToAlarm                int
		Threshold                                           *float64
		Metrics                                             []metricQuery
	}
}

func decodeMessage(raw []byte) (Alarm, error) {
	var m snsMessage
	if err := unmarshal(raw, &m); err != nil {
		return Alarm{}, err
	}
	changed, err := parseTime(m.StateChangeTime)
	if err != nil {
		return Alarm{}, fmt.Errorf("reading StateChangeTime: %w", err)
	}
	alarm := Alarm{
		ARN: m.AlarmARN, Account: m.AWSAccountID, Region: m.Region, Name: m.AlarmName, Description: m.AlarmDescription,
		Contributor: m.ContributorID, Attributes: m.ContributorAttributes,
		State: m.NewStateValue, OldState: m.OldStateValue, ChangedAt: changed, Reason: m.NewStateReason,
		Rule: m.AlarmRule, SuppressedBy: m.ActionsSuppressedBy, AfterMute: string(m.AfterMute) == "true", Tags: m.AlarmTags,
		Threshold: m.Trigger.Threshold, Band: m.Trigger.ThresholdMetricID, Comparison: m.Trigger.ComparisonOperator,
		EvaluationPeriods: m.Trigger.EvaluationPeriods, DatapointsToAlarm: m.Trigger.DatapointsToAlarm,
	}
	if t := m.Trigger; t.MetricName != "" {
		alarm.Metrics = []Metric{{
			Namespace: t.Namespace, Name: t.MetricName, Dimensions: t.Dimensions,
			Stat: statistic(t.Statistic, t.ExtendedStatistic), Period: time.Duration(t.Period), Compared: true, Unit: t.Unit,
		}}
	} else {
		alarm.Metrics = metrics(t.Metrics, m.ContributorAttributes)
	}
	if m.AlarmARN != "" {
		// What stands there is a name for people, and the ARN says it better.
		alarm.Region = ""
	}
	return alarm.Complete()
}

// stateChange is what CloudWatch says of an alarm to a function and to EventBridge alike.
type stateChange struct {
	AlarmName   string `json:"alarmName"`
	Contributor struct {
		ID         string            `json:"id"`
		Attributes map[string]string `json:"attributes"`
	} `json:"alarmContributor"`
	State struct {
		Value        string `json:"value"`
		Reason       string `json:"reason"`
		ReasonData   string `json:"reasonData"`
		Timestamp    string `json:"timestamp"`
		SuppressedBy string `json:"actionsSuppressedBy"`
	} `json:"state"`
	PreviousState struct {
		Value string `json:"value"`
	} `json:"previousState"`
	Configuration struct {
		Description string        `json:"description"`
		AlarmRule   string        `json:"alarmRule"`
		Metrics     []metricQuery `json:"metrics"`
	} `json:"configuration"`
	Mute struct {
		By    string `json:"mutedByArn"`
		Until string `json:"muteWindowEnd"`
	} `json:"muteDetail"`
	Tags tags `json:"alarmTags"`
}

// decodeInvocation reads an alarm that calls the function itself:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
func decodeInvocation(raw []byte) (Alarm, error) {
	var event struct {
		AlarmARN  string      `json:"alarmArn"`
		AccountID string      `json:"accountId"`
		Region    string      `json:"region"`
		AlarmData stateChange `json:"alarmData"`
	}
	if err := unmarshal(raw, &event); err != nil {
		return Alarm{}, err
	}
	return event.AlarmData.alarm(event.AlarmARN, event.AccountID, event.Region)
}

// stateChanges are the events of EventBridge that are read; all services send theirs there.
var stateChanges = []string{"CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"}

// decodeStateChange reads an alarm through EventBridge:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
func decodeStateChange(raw []byte) (Alarm, error) {
	var event struct {
		Source    string      `json:"source"`
		Account   string      `json:"account"`
		Region    string      `json:"region"`
		Resources []string    `json:"resources"`
		Detail    stateChange `json:"detail"`
	}
	if err := unmarshal(raw, &event); err != nil {
		return Alarm{}, err
	}
	if event.Source != "aws.cloudwatch" {
		return Alarm{}, fmt.Errorf("reading source: %.50q is not aws.cloudwatch", event.Source)
	}
	if len(event.Resources) != 1 {
		return Alarm{}, fmt.Errorf("reading resources: there are %d, not just the alarm", len(event.Resources))
	}
	return event.Detail.alarm(event.Resources[0], event.Account, event.Region)
}

func (c stateChange) alarm(arn, account, region string) (Alarm, error) {
	changed, err := parseTime(c.State.Timestamp)
	if err != nil {
		return Alarm{}, fmt.Errorf("reading state.timestamp: %w", err)
	}
	alarm := Alarm{
		ARN: arn, Account: account, Region: region, Name: c.AlarmName, Description: c.Configuration.Description,
		Contributor: c.Contributor.ID, Attributes: c.Contributor.Attributes,
		State: c.State.Value, OldState: c.PreviousState.Value, ChangedAt: changed, Reason: c.State.Reason,
		Rule: c.Configuration.AlarmRule, SuppressedBy: c.State.SuppressedBy, Mute: Mute{Rule: c.Mute.By}, Tags: c.Tags,
		Metrics: metrics(c.Configuration.Metrics, c.Contributor.Attributes),
	}
	if c.Mute.Until != "" {
		if alarm.Mute.Until, err = parseTime(c.Mute.Until); err != nil {
			return Alarm{}, fmt.Errorf("reading muteDetail.muteWindowEnd: %w", err)
		}
	}
	alarm.Threshold, alarm.Recent = ReasonData(c.State.ReasonData)
	return alarm.Complete()
}

// ReasonData reads the data behind the reason of a metric alarm's state: the threshold, nil where
// there is none, and what was compared. It is CloudWatch's own note: an alarm that has none, or none
// that can be read, is an alarm all the same.
func ReasonData(text string) (*float64, Recent) {
	var data struct {
		Threshold                                                      *float64
		RecentDatapoints, RecentLowerThresholds, RecentUpperThresholds []float64
	}
	if json.Unmarshal([]byte(text), &data) != nil || max(len(data.RecentDatapoints), len(data.RecentLowerThresholds), len(data.RecentUpperThresholds)) > maxRecent {
		return nil, Recent{}
	}
	return data.Threshold, Recent{data.RecentDatapoints, data.RecentLowerThresholds, data.RecentUpperThresholds}
}

// maxRecent is more values than CloudWatch names behind a state.
const maxRecent = 128

// metricQuery is a metric or an expression, with the keys of SNS or those of the other events:
// encoding/json does not mind the case.
type metricQuery struct {
	ID, Label  string
	Expression string
	Period     seconds
	AccountID  string `json:"accountId"`
	ReturnData bool
	MetricStat struct {
		Metric struct {
			Namespace string
			// Name is what events call it, MetricName what SNS does.
			Name, MetricName string
			Dimensions       dimensions
		}
		Period     seconds
		Stat, Unit string
	}
}

// insights is the beginning of a Metrics Insights query over one metric.
var insights = regexp.MustCompile(`(?i)^\s*SELECT\s+(\w+)\s*\(\s*"?([^"()]+?)"?\s*\)\s+FROM\s+(?:SCHEMA\s*\(\s*)?"?([\w/.-]+)"?`)

// A query in a monitoring account may ask for one account, or group by it:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-crossaccount.html
const accountAttribute = "AWS.AccountId"

var accountAsked = regexp.MustCompile(`(?i)\bAWS\.AccountId\s*=\s*'([0-9]{12})'`)

// metrics reads the metrics of an alarm. A contributor is one series of a query, named by
// its attributes, which are that metric's dimensions.
func metrics(queries []metricQuery, contributor map[string]string) []Metric {
	var read []Metric
	for _, q := range queries {
		stat := q.MetricStat
		metric := Metric{
			ID: q.ID, Expression: q.Expression, Namespace: stat.Metric.Namespace, Name: cmp.Or(stat.Metric.Name, stat.Metric.MetricName),
			Dimensions: stat.Metric.Dimensions, Stat: statistic(stat.Stat, ""), Period: time.Duration(max(q.Period, stat.Period)),
			Account: q.AccountID, Compared: q.ReturnData, Label: q.Label, Unit: stat.Unit,
		}
		if query := insights.FindStringSubmatch(q.Expression); query != nil && len(contributor) > 0 {
			metric.Stat, metric.Name, metric.Namespace = statistic(query[1], ""), query[2], query[3]
			metric.Account = cmp.Or(contributor[accountAttribute], metric.Account)
			metric.Dimensions = maps.Clone(contributor)
			delete(metric.Dimensions, accountAttribute)
		}
		if asked := accountAsked.FindStringSubmatch(q.Expression); asked != nil {
			metric.Account = cmp.Or(metric.Account, asked[1])
		}
		read = append(read, metric)
	}
	return read
}

// statistics are the words of SNS for those of the API. Upper case alone does not lead
// back: SAMPLE_COUNT is written in two.
var statistics = map[string]string{
	"SAMPLE_COUNT": "SampleCount", "SAMPLECOUNT": "SampleCount", "COUNT": "SampleCount", "AVERAGE": "Average", "AVG": "Average",
	"SUM": "Sum", "MINIMUM": "Minimum", "MIN": "Minimum", "MAXIMUM": "Maximum", "MAX": "Maximum",
}

func statistic(word, extended string) string {
	if extended != "" {
		return extended
	}
	if known, ok := statistics[strings.ToUpper(word)]; ok {
		return known
	}
	return word
}

// tags are an object, or as the API has them a list of keys and values. They say nothing that an alarm
// would be nothing without: a form that is not known yet stands for none.
type tags map[string]string

// UnmarshalJSON reads both forms, and anything else as none.
func (t *tags) UnmarshalJSON(raw []byte) error {
	var list []struct{ Key, Value string }
	if json.Unmarshal(raw, &list) == nil {
		*t = nil
		for _, tag := range list {
			if *t == nil {
				*t = tags{}
			}
			(*t)[tag.Key] = tag.Value
		}
		return nil
	}
	object := map[string]string{}
	if json.Unmarshal(raw, &object) == nil {
		*t = object
	}
	return nil
}

// dimensions are an object, or as SNS and the API have them a list of names and values.
type dimensions map[string]string

// UnmarshalJSON reads both forms, and null as none.
func (d *dimensions) UnmarshalJSON(raw []byte) error {
	var list []struct{ Name, Value string }
	if json.Unmarshal(raw, &list) != nil {
		if json.Unmarshal(raw, (*map[string]string)(d)) != nil {
			return errors.New("reading dimensions: they are neither an object nor a list of names and values")
		}
		return nil
	}
	*d = nil
	for _, dimension := range list {
		if *d == nil {
			*d = dimensions{}
		}
		(*d)[dimension.Name] = dimension.Value
	}
	return nil
}

// seconds is a period.
type seconds time.Duration

// UnmarshalJSON reads whole seconds up to seven days, the longest that an alarm looks back.
func (s *seconds) UnmarshalJSON(raw []byte) error {
	var number float64
	if json.Unmarshal(raw, &number) != nil {
		return fmt.Errorf("reading a period: %.20s is not a number", raw)
	}
	if number < 0 || number > 7*24*3600 {
		return fmt.Errorf("reading a period: %v is not 0 to 604800 seconds", number)
	}
	*s = seconds(number) * seconds(time.Second)
	return nil
}

// parseTime reads CloudWatch's times, which have +0000 where RFC 3339 has +00:00 or Z.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05Z0700", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Millisecond), nil
		}
	}
	if text == "" {
		return time.Time{}, errors.New("it is missing")
	}
	return time.Time{}, fmt.Errorf("%.40q is not a time", text)
}

// unmarshal reads JSON, and says in words what has the wrong form.
func unmarshal(raw []byte, into any) error {
	err := json.Unmarshal(raw, into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("reading %s: %s does not belong there", wrong.Field, article(wrong.Value))
	case errors.As(err, &wrong):
		return fmt.Errorf("it is %s and not a JSON object", article(wrong.Value))
	case err != nil:
		return fmt.Errorf("it is not a JSON object: %w", err)
	}
	return nil
}

// article puts one before what JSON calls a value: array, bool, number, object, string.
func article(value string) string {
	if value == "array" || value == "object" {
		return "an " + value
	}
	return "a " + value
}
