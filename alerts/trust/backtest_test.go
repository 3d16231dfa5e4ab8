package trust

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/alerts"
	"caretaker/internal/emulator"
	"caretaker/internal/metric"
	"caretaker/internal/want"
)

const day = 24 * time.Hour

func lambdaMetric(name, function string) metric.Metric {
	return of("AWS/Lambda", name, "Sum", "FunctionName", function)
}

func TestBacktest_playsWhatIsPlannedAndWhatStands(t *testing.T) {
	w := newWorld(t)
	w.function("checkout", 10)
	// Three days ago 7 of 70 calls fail, and a week ago 2 of 10.
	w.put(lambdaMetric("Invocations", "checkout"), map[time.Duration]float64{3 * day: 70, 7 * day: 10, 7*day + 20*time.Minute: 10})
	w.put(lambdaMetric("Errors", "checkout"), map[time.Duration]float64{3 * day: 7, 7 * day: 2, 7*day + 20*time.Minute: 0})
	w.alarm("mine", lambdaMetric("Errors", "checkout"), 6)
	outcomes := w.backtest(Choice{Days: 14, Resource: "checkout"})
	errors := outcomes["caretaker/prod/function/checkout/errors planned"]
	want.Equal(t, "how often the rate would have fired", errors.Fired, 2)
	want.Equal(t, "for how many minutes at once", errors.Longest/60, 10) // 1 of 2 periods of five minutes, since errors come late
	want.Equal(t, "for how many minutes in all", errors.Seconds/60, 20)
	want.Equal(t, "the spells", errors.Spells, []Spell{{w.now.Add(-7*day + 5*time.Minute), 600}, {w.now.Add(-3*day + 5*time.Minute), 600}})
	want.Equal(t, "the threshold", []string{errors.Written, errors.QuietWritten}, []string{"5%", "21%"})
	failing := outcomes["caretaker/prod/function/checkout/failing planned"]
	want.Equal(t, "how often more than three failed, and a tenth of all", failing.Fired, 1)
	want.Equal(t, "a threshold that would be quiet", failing.QuietWritten, "11%")
	throttles := outcomes["caretaker/prod/function/checkout/throttles planned"]
	want.Equal(t, "how often nothing fired", []int{throttles.Fired, throttles.Datapoints}, []int{0, 0})
	if _, there := outcomes["mine"]; there {
		t.Error("another's alarm is played, and nobody asked for it")
	}
	outcomes = w.backtest(Choice{Days: 14, Others: true, Alarm: "m*"})
	want.Equal(t, "the alarms of others that are called so", len(outcomes), 1)
	want.Equal(t, "how often it fired", outcomes["mine"].Fired, 1)
	want.Equal(t, "its quiet threshold", *outcomes["mine"].Quiet, 7.1)
	want.Equal(t, "how long it was on", outcomes["mine"].Seconds, 180) // its evaluation range is three minutes
}

func TestBacktest_tellsAChangedAlarmTwice(t *testing.T) {
	w := newWorld(t)
	w.function("checkout", 10)
	reconciler, err := alerts.New(w.cfg, alerts.Connect(w.config), alerts.Options{Stage: "prod", Topic: w.topic("caretaker-prod-alerts")})
	want.NoError(t, "making the reconciler", err)
	w.cfg.Thresholds = map[string]string{"function.errors": "50%"}
	plan, _, err := reconciler.Plan(t.Context())
	want.NoError(t, "planning", err)
	plan.Decisions = slices.DeleteFunc(plan.Decisions, func(d alerts.Decision) bool { return !strings.HasSuffix(d.Wanted().Name, "/errors") })
	_, failures := reconciler.Apply(t.Context(), plan)
	want.Equal(t, "failures", len(failures), 0)
	outcomes := w.backtest(Choice{Days: 1, Alarm: "*/errors"})
	want.Equal(t, "thresholds", []string{outcomes["caretaker/prod/function/checkout/errors"].Written, outcomes["caretaker/prod/function/checkout/errors planned"].Written}, []string{"5%", "50%"})
}

// CloudWatch keeps datapoints of a minute for 15 days, and those of seconds for three hours.
func TestFrame_reachesAsFarBackAsThereAreDatapoints(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 34, 56, 0, time.UTC)
	for _, one := range []struct {
		period time.Duration
		days   int
		back   time.Duration
	}{
		{time.Minute, 14, 14*day + 2*time.Minute},
		{time.Minute, 60, 15*day - time.Hour},
		{5 * time.Minute, 60, 60*day + 10*time.Minute},
		{10 * time.Second, 14, 3*time.Hour - 5*time.Minute},
		{time.Hour, 63, 63*day + 2*time.Hour},
	} {
		alarm := metric.Alarm{Period: one.period, Rule: metric.Rule{Periods: 1}}
		over := frame(now, alarm, one.days)
		want.Equal(t, fmt.Sprintf("how far back %d days of %s reach", one.days, one.period), over.End().Sub(over.Start), one.back)
		if over.End().After(now) || now.Sub(over.End()) >= one.period {
			t.Errorf("the frame ends at %s, want the last whole period before %s", over.End(), now)
		}
	}
}

func TestBacktest_saysWhatItCannotPlay(t *testing.T) {
	w := newWorld(t)
	_, err := w.alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("odd"), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanUpperThreshold, EvaluationPeriods: aws.Int32(1), ThresholdMetricId: aws.String("band"),
		Metrics: []cloudwatchtypes.MetricDataQuery{
			{Id: aws.String("m1"), ReturnData: aws.Bool(true), MetricStat: &cloudwatchtypes.MetricStat{
				Metric: &cloudwatchtypes.Metric{Namespace: aws.String("Shop"), MetricName: aws.String("Orders")}, Period: aws.Int32(60), Stat: aws.String("Sum"),
			}},
			{Id: aws.String("band"), Expression: aws.String("ANOMALY_DETECTION_BAND(m1, 2)"), ReturnData: aws.Bool(true)},
		},
	})
	want.NoError(t, "putting an alarm on an anomaly band", err)
	outcomes := w.backtest(Choice{Days: 1, Others: true, Alarm: "odd"})
	want.Says(t, "why it is not played", outcomes["odd"].Refused, "anomaly band")
}

// The datapoints of an alarm are asked for once, as many alarms in a call as fit, and the price said before.
func TestBacktest_ofThousandsOfAlarmsReadsInBatches(t *testing.T) {
	w := newWorld(t)
	const count = 2_000
	for number := range count {
		w.alarm(fmt.Sprintf("alarm-%04d", number), of("Shop", "Orders", "Sum", "Of", fmt.Sprint(number/2)), 5)
	}
	w.put(of("Shop", "Orders", "Sum", "Of", "999"), map[time.Duration]float64{time.Hour: 9})
	w.emulator.ForgetCalls()
	outcomes := w.backtest(Choice{Days: 1, Others: true, Alarm: "alarm-*"})
	want.Equal(t, "alarms", len(outcomes), count)
	fired := []string{}
	for name, one := range outcomes {
		if one.Fired > 0 {
			fired = append(fired, name)
		}
	}
	slices.Sort(fired)
	want.Equal(t, "those that fired", fired, []string{"alarm-1998", "alarm-1999"})
	want.Equal(t, "what was said of the price", w.said, []Price{{Alarms: count, Metrics: count / 2, Calls: 40}})
	want.Equal(t, "calls for datapoints", w.calls("GetMetricData"), 40)
}

func TestPrice_isACentForAThousandMetrics(t *testing.T) {
	want.Equal(t, "the price of 2,500 metrics", Price{Metrics: 2_500}.Dollars(), 0.025)
}

// Whoever lacks a right is told which.
func TestAuditor_namesTheActionThatIsDenied(t *testing.T) {
	for operation, says := range map[string]string{
		"DescribeAlarms": "cloudwatch:DescribeAlarms", "GetMetricData": "cloudwatch:GetMetricData", "ListSubscriptions": "sns:ListSubscriptions",
	} {
		w := newWorld(t)
		w.alarm("mine", of("Shop", "Orders", "Sum", "Of", "eu"), 5)
		w.emulator.Inject(emulator.Fault{Operation: operation, Status: http.StatusForbidden, Code: "AccessDenied", Times: 100})
		_, failures, err := w.auditor().Lint(t.Context())
		want.Says(t, "the error", fmt.Sprint(failures, err), says)
		w.emulator.ClearFaults()
	}
}
