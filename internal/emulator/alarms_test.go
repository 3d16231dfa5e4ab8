package emulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/want"
)

// ratio are the metrics of an alarm on the share of a table's write units that are used up.
var ratio = []metrictypes.MetricDataQuery{
	{Id: aws.String("share"), Expression: aws.String("100 * consumed / 60 / provisioned"), Label: aws.String("percent"), ReturnData: aws.Bool(true)},
	writeUnits("consumed", "ConsumedWriteCapacityUnits", "Sum"),
	writeUnits("provisioned", "ProvisionedWriteCapacityUnits", "Maximum"),
}

func writeUnits(id, metric, statistic string) metrictypes.MetricDataQuery {
	return metrictypes.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &metrictypes.MetricStat{
		Period: aws.Int32(60), Stat: &statistic,
		Metric: &metrictypes.Metric{
			Namespace: aws.String("AWS/DynamoDB"), MetricName: &metric,
			Dimensions: []metrictypes.Dimension{{Name: aws.String("TableName"), Value: aws.String("orders")}},
		},
	}}
}

// putRatio makes an alarm on the ratio that publishes to these topics.
func putRatio(t *testing.T, cfg aws.Config, name string, topics ...string) {
	t.Helper()
	_, err := cloudwatch.NewFromConfig(cfg).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Metrics: ratio, AlarmActions: topics, EvaluationPeriods: aws.Int32(5), DatapointsToAlarm: aws.Int32(2),
		Threshold: aws.Float64(80), ComparisonOperator: metrictypes.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// described is the only alarm there is.
func described(t *testing.T, cfg aws.Config) metrictypes.MetricAlarm {
	t.Helper()
	output, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	if err != nil || len(output.MetricAlarms) != 1 {
		t.Fatalf("the alarms described: %+v, %v, want one", output, err)
	}
	return output.MetricAlarms[0]
}

func isRatio(t *testing.T, alarm metrictypes.MetricAlarm) {
	t.Helper()
	if diff := cmp.Diff(ratio, alarm.Metrics, cmpopts.IgnoreUnexported(
		metrictypes.MetricDataQuery{}, metrictypes.MetricStat{}, metrictypes.Metric{}, metrictypes.Dimension{})); diff != "" {
		t.Errorf("the metrics put (-) and described (+):\n%s", diff)
	}
	if alarm.MetricName != nil || alarm.Namespace != nil || alarm.Period != nil || len(alarm.Dimensions) > 0 {
		t.Errorf("it has a metric of its own as well: %v %v, want none", aws.ToString(alarm.Namespace), aws.ToString(alarm.MetricName))
	}
}

func TestPutMetricAlarm_keepsSeveralMetrics(t *testing.T) {
	cfg := fresh(t)
	putRatio(t, cfg, "orders-writes")
	isRatio(t, described(t, cfg))
}

func TestCloudFormation_makesAlarmsOverSeveralMetrics(t *testing.T) {
	cfg := fresh(t)
	metric := func(id, name, statistic string) string {
		return fmt.Sprintf(`{"Id": %q, "ReturnData": false, "MetricStat": {"Period": 60, "Stat": %q, "Metric": {"Namespace": "AWS/DynamoDB",
			"MetricName": %q, "Dimensions": [{"Name": "TableName", "Value": "orders"}]}}}`, id, statistic, name)
	}
	template := fmt.Sprintf(`{"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
		"AlarmName": "orders-writes", "Threshold": 80, "EvaluationPeriods": 5, "ComparisonOperator": "GreaterThanThreshold",
		"Metrics": [{"Id": "share", "Expression": "100 * consumed / 60 / provisioned", "Label": "percent", "ReturnData": true}, %s, %s]}}}}`,
		metric("consumed", "ConsumedWriteCapacityUnits", "Sum"), metric("provisioned", "ProvisionedWriteCapacityUnits", "Maximum"))
	stacks := cloudformation.NewFromConfig(cfg)
	if _, err := stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("alarms"), TemplateBody: &template}); err != nil {
		t.Fatal(err)
	}
	input := &cloudformation.DescribeStacksInput{StackName: aws.String("alarms")}
	if err := cloudformation.NewStackCreateCompleteWaiter(stacks, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
		o.MinDelay = 50 * time.Millisecond
	}).Wait(t.Context(), input, time.Minute); err != nil {
		t.Fatal(err)
	}
	isRatio(t, described(t, cfg))
}

// inbox is a queue that a new topic feeds.
func inbox(t *testing.T, cfg aws.Config) (topic, queue string) {
	t.Helper()
	made, err := sqs.NewFromConfig(cfg).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("inbox")})
	if err != nil {
		t.Fatal(err)
	}
	queue = aws.ToString(made.QueueUrl)
	attributes, err := sqs.NewFromConfig(cfg).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		t.Fatal(err)
	}
	told, err := sns.NewFromConfig(cfg).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("alarms")})
	if err != nil {
		t.Fatal(err)
	}
	topic = aws.ToString(told.TopicArn)
	if _, err := sns.NewFromConfig(cfg).Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: aws.String(attributes.Attributes["QueueArn"]),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	}); err != nil {
		t.Fatal(err)
	}
	return topic, queue
}

// published moves an alarm and reads what it published.
func published(t *testing.T, cfg aws.Config, alarm, queue string) map[string]any {
	t.Helper()
	if _, err := cloudwatch.NewFromConfig(cfg).SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &alarm, StateValue: metrictypes.StateValueAlarm, StateReason: aws.String("it is short"),
	}); err != nil {
		t.Fatal(err)
	}
	output, err := sqs.NewFromConfig(cfg).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, WaitTimeSeconds: 10})
	if err != nil || len(output.Messages) != 1 {
		t.Fatalf("the messages in the queue: %+v, %v, want one", output, err)
	}
	var message map[string]any
	if err := json.Unmarshal([]byte(aws.ToString(output.Messages[0].Body)), &message); err != nil {
		t.Fatal(err)
	}
	return message
}

// list is a JSON array.
type list = []any

type entries = map[string]any

func TestAlarm_publishesTheDocumentedMessage(t *testing.T) {
	cfg := fresh(t)
	topic, queue := inbox(t, cfg)
	putRatio(t, cfg, "orders-writes", topic)
	message := published(t, cfg, "orders-writes", queue)
	alarm := described(t, cfg)
	for _, field := range []struct {
		name string
		want time.Time
	}{{"StateChangeTime", aws.ToTime(alarm.StateUpdatedTimestamp)}, {"AlarmConfigurationUpdatedTimestamp", aws.ToTime(alarm.AlarmConfigurationUpdatedTimestamp)}} {
		text, _ := message[field.name].(string)
		if at, err := time.Parse("2006-01-02T15:04:05.000+0000", text); err != nil || !at.Equal(field.want.Truncate(time.Millisecond)) {
			t.Errorf("%s of the message: %q, want that of the alarm, %s", field.name, text, field.want)
		}
		delete(message, field.name)
	}
	if !aws.ToTime(alarm.StateTransitionedTimestamp).Equal(aws.ToTime(alarm.StateUpdatedTimestamp)) {
		t.Errorf("the alarm changed at %v, want the time of its update, %v", aws.ToTime(alarm.StateTransitionedTimestamp), aws.ToTime(alarm.StateUpdatedTimestamp))
	}
	metric := func(id, name, statistic string) entries {
		return entries{"Id": id, "ReturnData": false, "MetricStat": entries{"Period": 60.0, "Stat": statistic, "Metric": entries{
			"Namespace": "AWS/DynamoDB", "MetricName": name, "Dimensions": list{entries{"name": "TableName", "value": "orders"}},
		}}}
	}
	want := entries{
		"AlarmName": "orders-writes", "AlarmDescription": nil, "AWSAccountId": strings.Split(aws.ToString(alarm.AlarmArn), ":")[4], "AlarmArn": aws.ToString(alarm.AlarmArn),
		"NewStateValue": "ALARM", "OldStateValue": "INSUFFICIENT_DATA", "NewStateReason": "it is short", "Region": "EU (Ireland)",
		"AlarmActions": list{topic}, "OKActions": list{}, "InsufficientDataActions": list{},
		"Trigger": entries{
			"Period": 60.0, "EvaluationPeriods": 5.0, "DatapointsToAlarm": 2.0, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 80.0,
			"TreatMissingData": "notBreaching", "EvaluateLowSampleCountPercentile": "",
			"Metrics": list{
				entries{"Id": "share", "Expression": "100 * consumed / 60 / provisioned", "Label": "percent", "ReturnData": true},
				metric("consumed", "ConsumedWriteCapacityUnits", "Sum"), metric("provisioned", "ProvisionedWriteCapacityUnits", "Maximum"),
			},
		},
	}
	if diff := cmp.Diff(want, message); diff != "" {
		t.Errorf("documented (-) and published (+):\n%s", diff)
	}
}

func TestAlarm_publishesTheTriggerOfASingleMetricInSNSsSpelling(t *testing.T) {
	cfg := fresh(t)
	topic, queue := inbox(t, cfg)
	_, err := cloudwatch.NewFromConfig(cfg).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("refused"), Namespace: aws.String("AWS/DynamoDB"), MetricName: aws.String("WriteThrottleEvents"), Statistic: metrictypes.StatisticSum,
		Dimensions: []metrictypes.Dimension{{Name: aws.String("TableName"), Value: aws.String("orders")}}, AlarmActions: []string{topic},
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0), ComparisonOperator: metrictypes.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := entries{
		"MetricName": "WriteThrottleEvents", "Namespace": "AWS/DynamoDB", "StatisticType": "Statistic", "Statistic": "SUM", "Unit": nil,
		"Dimensions": list{entries{"name": "TableName", "value": "orders"}}, "Period": 60.0, "EvaluationPeriods": 1.0,
		"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.0, "TreatMissingData": "missing", "EvaluateLowSampleCountPercentile": "",
	}
	if diff := cmp.Diff(any(want), published(t, cfg, "refused", queue)["Trigger"]); diff != "" {
		t.Errorf("documented (-) and published (+):\n%s", diff)
	}
}

func TestAlarm_staysWhereItIsWhateverIsMeasured(t *testing.T) {
	cfg := fresh(t)
	client := cloudwatch.NewFromConfig(cfg)
	_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("mine"), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: metrictypes.StatisticSum,
		Dimensions: []metrictypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("mine")}},
		Period:     aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(0), ComparisonOperator: metrictypes.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: []metrictypes.MetricDatum{{
		MetricName: aws.String("Errors"), Value: aws.Float64(1),
		Dimensions: []metrictypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("another")}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if state := described(t, cfg).StateValue; state != metrictypes.StateValueInsufficientData {
		t.Errorf("another function's error moved the alarm to %s, want it left at %s", state, metrictypes.StateValueInsufficientData)
	}
}

// The emulator knows no suppressors.
func TestAlarm_saysWhyACompositeAlarmsActionsAreSuppressed(t *testing.T) {
	empty(t, enforced)
	client := cloudwatch.NewFromConfig(enforced.AWS())
	for _, name := range []string{"suppressed", "other"} {
		if _, err := client.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: aws.String("FALSE")}); err != nil {
			t.Fatal(err)
		}
	}
	enforced.SetSuppressed("suppressed", "WaitPeriod")
	answer, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []metrictypes.AlarmType{metrictypes.AlarmTypeCompositeAlarm}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, alarm := range answer.CompositeAlarms {
		got[aws.ToString(alarm.AlarmName)] = string(alarm.ActionsSuppressedBy)
	}
	want.Equal(t, "why the actions of each are suppressed", got, map[string]string{"suppressed": "WaitPeriod", "other": ""})
}

func TestPutMetricAlarm_keepsABandInPlaceOfAThreshold(t *testing.T) {
	client := cloudwatch.NewFromConfig(once(fresh(t)))
	put := func(band, comparison string, threshold *float64) string {
		input := &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("calls"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: metrictypes.ComparisonOperator(comparison), Threshold: threshold,
			Metrics: []metrictypes.MetricDataQuery{
				{Id: aws.String("m1"), ReturnData: aws.Bool(true), MetricStat: &metrictypes.MetricStat{
					Metric: &metrictypes.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations")}, Period: aws.Int32(300), Stat: aws.String("Sum"),
				}},
				{Id: aws.String("band"), Expression: aws.String("ANOMALY_DETECTION_BAND(m1, 2)"), ReturnData: aws.Bool(true)},
			},
		}
		if band != "" {
			input.ThresholdMetricId = &band
		}
		_, err := client.PutMetricAlarm(t.Context(), input)
		return outcome(err)
	}
	described := func() metrictypes.MetricAlarm {
		found, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"calls"}})
		want.NoError(t, "describing", err)
		return found.MetricAlarms[0]
	}
	want.Equal(t, "a band with a number", put("band", "GreaterThanUpperThreshold", aws.Float64(1)), "ValidationError")
	want.Equal(t, "a band with a plain comparison", put("band", "GreaterThanThreshold", nil), "ValidationError")
	want.Equal(t, "a comparison with a band that is not there", put("", "LessThanLowerOrGreaterThanUpperThreshold", aws.Float64(1)), "ValidationError")
	want.Equal(t, "a band", put("band", "LessThanLowerOrGreaterThanUpperThreshold", nil), "ok")
	want.Equal(t, "its threshold", aws.ToString(described().ThresholdMetricId), "band")
	want.Equal(t, "whether it has a number", described().Threshold != nil, false)
	want.Equal(t, "a number in its place", put("", "GreaterThanThreshold", aws.Float64(1)), "ok")
	want.Equal(t, "whether the band is gone", described().ThresholdMetricId == nil, true)
}
