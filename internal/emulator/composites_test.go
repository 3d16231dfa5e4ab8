package emulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/want"
)

func TestPutCompositeAlarm_takesARuleOverAlarmsThatAreThere(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("a"), Namespace: aws.String("Mine"), MetricName: aws.String("Orders"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorLessThanThreshold,
	})
	want.NoError(t, "putting an alarm", err)
	put := func(name, rule string) error {
		_, err := client.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule})
		return err
	}
	want.NoError(t, "a rule over it", put("one", `ALARM("a")`))
	want.NoError(t, "a rule over that", put("two", `ALARM("a") OR ALARM("one")`))
	want.Says(t, "over one that is not there", fmt.Sprint(put("three", `ALARM("a") OR ALARM("b")`)), "ValidationError", "1 of the alarms in the alarm rule do not exist")
	want.Says(t, "of 101 alarms", fmt.Sprint(put("four", strings.Repeat(`ALARM("a") OR `, 100)+`ALARM("a")`)), "ValidationError", "100 alarms")
	want.Says(t, "of over 10,240 characters", fmt.Sprint(put("five", `ALARM("a")`+strings.Repeat(" ", 10_231))), "ValidationError", "10240 characters")

	_, err = client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"one", "two"}})
	want.Equal(t, "the answer to two composite alarms at once", outcome(err), "ValidationError")
	for _, name := range []string{"two", "one"} {
		_, err = client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		want.NoError(t, "deleting "+name, err)
	}
}
