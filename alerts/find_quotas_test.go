package alerts

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// testedQuotas are two of DynamoDB, and two of calls to CloudWatch that are known by their defaults only.
var testedQuotas = []emulator.Quota{
	{Service: "dynamodb", Code: "L-F98FE922", Name: "Maximum number of tables", OfService: "Amazon DynamoDB", Default: 2500, Metric: "ResourceCount", Dimensions: usage("DynamoDB", "TableCount")},
	{Service: "dynamodb", Code: "L-34F6A552", Name: "Concurrent control plane operations", OfService: "Amazon DynamoDB", Default: 500, Metric: "ResourceCount", Dimensions: usage("DynamoDB", "ControlPlane")},
	{Service: "monitoring", Code: "L-5E141212", Name: "Rate of GetMetricData requests", OfService: "Amazon CloudWatch", Default: 50, Per: time.Second, DefaultOnly: true, Metric: "CallCount", Dimensions: usage("CloudWatch", "GetMetricData")},
	{Service: "monitoring", Code: "L-6FCAAA2E", Name: "Rate of GetMetricWidgetImage requests", OfService: "Amazon CloudWatch", Default: 20, Per: time.Second, DefaultOnly: true, Fixed: true, Metric: "CallCount", Dimensions: usage("CloudWatch", "GetMetricWidgetImage")},
}

func usage(service, resource string) map[string]string {
	return map[string]string{"Class": "None", "Resource": resource, "Service": service, "Type": "API"}
}

// setQuotas makes the quotas known until the test ends.
func (w *world) setQuotas() {
	w.Helper()
	for _, quota := range testedQuotas {
		w.emulator.SetQuota(quota)
		w.Cleanup(func() { w.emulator.ForgetQuota(quota.Service, quota.Code) })
	}
}

// used makes a datapoint of what is used of a quota.
func (w *world) used(quota emulator.Quota) {
	w.Helper()
	datum := cloudwatchtypes.MetricDatum{MetricName: &quota.Metric, Value: aws.Float64(1)}
	for _, key := range slices.Sorted(keysOf(quota.Dimensions)) {
		datum.Dimensions = append(datum.Dimensions, cloudwatchtypes.Dimension{Name: &key, Value: aws.String(quota.Dimensions[key])})
	}
	_, err := w.alarms.PutMetricData(w.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String(usageNamespace), MetricData: []cloudwatchtypes.MetricDatum{datum}})
	w.must("putting usage", err)
}

// raiseQuota has AWS raise a quota.
func (w *world) raiseQuota(service, code string, value float64) {
	w.Helper()
	_, err := servicequotas.NewFromConfig(w.config).RequestServiceQuotaIncrease(w.Context(), &servicequotas.RequestServiceQuotaIncreaseInput{
		ServiceCode: &service, QuotaCode: &code, DesiredValue: &value,
	})
	w.must("asking for more", err)
	w.emulator.AnswerQuotaRequest(service, code, emulator.QuotaAnswer{Status: "APPROVED"})
}

// sweeps is how often the quotas were listed since the last run began.
func (w *world) sweeps() int {
	count := 0
	for _, call := range w.emulator.Calls() {
		if call.Operation == "ListServiceQuotas" {
			count++
		}
	}
	return count / len(w.cfg.Quotas.Services)
}

func TestHandle_watchesTheQuotasOfWhichSomethingIsUsed(t *testing.T) {
	w := newWorld(t)
	w.setQuotas()
	w.used(testedQuotas[0])
	w.used(testedQuotas[2])
	report := w.runs()
	made := w.there()
	want.Equal(t, "the alarms on quotas", under(made, Prefix("prod")+"quota/"), []string{"dynamodb/L-F98FE922/resources", "monitoring/L-5E141212/calls"})
	want.Equal(t, "the threshold of tables", aws.ToFloat64(made[Prefix("prod")+"quota/dynamodb/L-F98FE922/resources"].Threshold), 2000)
	want.Equal(t, "the threshold of calls in a minute", aws.ToFloat64(made[Prefix("prod")+"quota/monitoring/L-5E141212/calls"].Threshold), 2400)
	want.Equal(t, "what it costs", report.DollarsAfter, 0.7) // with the account's concurrency and the group of schedules that there always is
	w.runs()
	want.Equal(t, "what a second run writes", w.writes(), []string{})
}

// Quotas change by a person's request: a function that stays warm reads them once a day.
func TestHandle_readsQuotasOnceADay(t *testing.T) {
	w := newWorld(t)
	w.setQuotas()
	w.used(testedQuotas[0])
	r := w.reconciler()
	name := Prefix("prod") + "quota/dynamodb/L-F98FE922/resources"
	runs := func(doing string, sweeps int, threshold float64) {
		t.Helper()
		w.emulator.ForgetCalls()
		_, err := r.Handle(t.Context(), Event{})
		w.must(doing, err)
		want.Equal(t, doing+": sweeps", w.sweeps(), sweeps)
		want.Equal(t, doing+": the threshold", aws.ToFloat64(w.there()[name].Threshold), threshold)
	}
	runs("the first run", 1, 2000)
	w.raiseQuota("dynamodb", "L-F98FE922", 5000)
	runs("a run a quarter of an hour later", 0, 2000)
	r.swept.at = r.swept.at.Add(-sweepGoodFor)
	runs("a run a day later", 1, 4000)
}

func TestHandle_keepsAlarmsOnQuotasThatCannotBeRead(t *testing.T) {
	for _, call := range []string{"ListServiceQuotas", "ListAWSDefaultServiceQuotas", "ListMetrics"} {
		w := newWorld(t)
		w.setQuotas()
		w.used(testedQuotas[0])
		w.runs()
		w.emulator.Inject(emulator.Fault{Operation: call, Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: "no"})
		r := w.reconciler()
		report, err := r.Handle(t.Context(), Event{})
		want.Says(t, "the error", fmt.Sprint(err), call, "AccessDenied")
		want.Equal(t, "what is deleted without "+call, report.Outcomes[Deleted]+report.Outcomes[ToDelete], 0)
		w.emulator.ClearFaults()
		report, err = r.Handle(t.Context(), Event{})
		w.must("the next run", err)
		want.Equal(t, "what the next run keeps: those of the quota, the account and the group of schedules", report.Outcomes[Kept], 5)
	}
}

// The sum over what there is at a time counts it several times, and the maximum over calls is 1: AWS recommends both
// somewhere.
func TestQuotaOf_countsAsItMeans(t *testing.T) {
	client := newWorld(t)
	client.setQuotas()
	page, err := servicequotas.NewFromConfig(client.config).ListAWSDefaultServiceQuotas(t.Context(), &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: aws.String("dynamodb")})
	client.must("listing quotas", err)
	for _, quota := range page.Quotas {
		if quota.UsageMetric != nil {
			quota.UsageMetric.MetricStatisticRecommendation = aws.String("Sum")
			found, _ := quotaOf(quota)
			want.Equal(t, "how tables are counted", found.Quota.Usage.Statistic, "Maximum")
			quota.UsageMetric.MetricName, quota.UsageMetric.MetricStatisticRecommendation = aws.String("CallCount"), aws.String("Maximum")
			found, _ = quotaOf(quota)
			want.Equal(t, "how calls are counted", found.Quota.Usage.Statistic, "Sum")
		}
	}
}
