package alerts

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/want"
)

func TestMake_judgesByABandWhereItIsAskedFor(t *testing.T) {
	cfg := Default()
	cfg.Thresholds = map[string]string{"function.invocations": "on"}
	plan := Make(factsOf(function("checkout", "caretaker:alarm.duration", "band 2.5"), function("other", "caretaker:alarm.invocations", "off")), cfg)
	calls := about(t, plan, "function/checkout/invocations").wanted
	want.Equal(t, "the band of calls", fmt.Sprint(calls.Comparison, " ", calls.Band, " ", calls.Missing, " ", calls.Threshold), "LessThanLowerOrGreaterThanUpperThreshold 3 breaching 0")
	want.Says(t, "its text", calls.Description, "checkout is called more or less often than is usual for it, by 3 standard deviations.", "aws lambda get-policy")
	want.Equal(t, "what it costs in cents", calls.cents(), 30)
	slow := about(t, plan, "function/checkout/duration").wanted
	want.Equal(t, "the band of the duration", fmt.Sprint(slow.Comparison, " ", slow.Band, " ", slow.Missing), "GreaterThanUpperThreshold 2.5 notBreaching")
	want.Says(t, "its text", slow.Description, "takes longer than is usual for it, by 2.5 standard deviations.")
	want.Equal(t, "a function without the tag", about(t, plan, "function/other/duration").wanted.Threshold, 2400)
	for _, d := range plan.Decisions {
		if d.Resource == "function/other" && d.Reason == SwitchedOff {
			return
		}
	}
	t.Error("the tag off does not switch the file's band off")
}

func TestParse_takesABandOnlyWhereTheCatalogueHasOne(t *testing.T) {
	for path, texts := range map[string]map[string]bool{
		"function.invocations": {"band 3": true, "band 1": true, "band 10": true, "on": true, "off": true, "band 0.5": false, "band 11": false, "band NaN": false, "band": false, "3": false, "50%": false},
		"function.duration":    {"band 2": true, "80%": true, "band x": false},
		"function.errors":      {"band 2": false},
	} {
		check, _ := checkAt(path)
		for text, fine := range texts {
			_, allowed := check.parse(text)
			want.Equal(t, fmt.Sprintf("whether %s takes %q (%s)", path, text, allowed), allowed == "", fine)
			if !fine && path != "function.errors" {
				want.Says(t, "what is allowed", allowed, "a band of 1 to 10 standard deviations around what is usual, such as band 3", "on or off")
			}
		}
	}
}

func TestHandle_makesAndKeepsAnAlarmOnABand(t *testing.T) {
	w := newWorld(t)
	w.cfg.Thresholds = map[string]string{"function.invocations": "band 2"}
	w.function("checkout")
	report := w.runs()
	name := Prefix("prod") + "function/checkout/invocations"
	made := w.there()[name]
	want.Equal(t, "its threshold", aws.ToString(made.ThresholdMetricId), "band")
	want.Equal(t, "whether it has a number too", made.Threshold == nil, true)
	var reads []string
	for _, query := range made.Metrics {
		reads = append(reads, fmt.Sprint(aws.ToString(query.Id), " ", aws.ToString(query.Expression), " ", aws.ToBool(query.ReturnData)))
	}
	want.Equal(t, "what it reads", reads, []string{"m1  true", "band ANOMALY_DETECTION_BAND(m1, 2) true"})
	w.runs()
	want.Equal(t, "what a second run writes", w.writes(), []string{})

	w.cfg.Thresholds = map[string]string{"function.invocations": "band 3", "function.duration": "band 3"}
	plan, _, err := w.reconciler().Plan(t.Context())
	w.must("planning", err)
	want.Equal(t, "what differs with another width", about(t, plan, "function/checkout/invocations").Changes[0], Change{"band", "2", "3"})
	w.runs()
	want.Equal(t, "a threshold that becomes a band", aws.ToString(w.there()[Prefix("prod")+"function/checkout/duration"].ThresholdMetricId), "band")
	w.cfg.Thresholds = nil
	after := w.runs()
	want.Equal(t, "a band that becomes a threshold", aws.ToFloat64(w.there()[Prefix("prod")+"function/checkout/duration"].Threshold), 2400)
	want.Equal(t, "what it costs less", fmt.Sprintf("%.2f", report.DollarsAfter-after.DollarsAfter), "0.30")
	w.runs()
	want.Equal(t, "what a run after that writes", w.writes(), []string{})
}

// Somebody changed a band by hand: it is put right.
func TestHandle_putsABandRight(t *testing.T) {
	w := newWorld(t)
	w.cfg.Thresholds = map[string]string{"function.invocations": "band 2"}
	w.function("checkout")
	w.runs()
	name := Prefix("prod") + "function/checkout/invocations"
	made := w.there()[name]
	queries := append(made.Metrics, cloudwatchtypes.MetricDataQuery{Id: aws.String("other"), Expression: aws.String("m1*2"), ReturnData: aws.Bool(false)})
	_, err := w.alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Metrics: queries, ThresholdMetricId: made.ThresholdMetricId, ComparisonOperator: made.ComparisonOperator, EvaluationPeriods: made.EvaluationPeriods,
		AlarmDescription: made.AlarmDescription, AlarmActions: made.AlarmActions, OKActions: made.OKActions, ActionsEnabled: made.ActionsEnabled,
	})
	w.must("changing it by hand", err)
	w.runs()
	want.Equal(t, "what it writes", w.writes(), []string{"PutMetricAlarm"})
	want.Equal(t, "what it reads now", len(w.there()[name].Metrics), 2)
}
