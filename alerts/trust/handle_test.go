package trust

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/emulator/paging"
	"caretaker/internal/iam/iamtest"
	"caretaker/internal/want"
)

func TestAuditor_readsEveryListToItsEnd(t *testing.T) {
	part := paging.Part{Folder: ".", Clients: reflect.TypeFor[Clients]()}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		w := newWorld(t)
		w.function("checkout", 10)
		w.subscribe("deaf")
		w.subscribe("oncall")
		w.alarm("first", lambdaMetric("Errors", "checkout"), 6)
		w.alarm("second", lambdaMetric("Throttles", "checkout"), 6)
		w.put(lambdaMetric("Errors", "checkout"), map[time.Duration]float64{time.Hour: 7, 2 * time.Hour: 9})
		w.put(lambdaMetric("Throttles", "checkout"), map[time.Duration]float64{3 * time.Hour: 9, 5 * time.Hour: 8})
		cutter.Attach(&w.config)
		auditor := w.auditor()
		coverage, _, err := auditor.Coverage(t.Context())
		want.NoError(t, "the coverage", err)
		findings, _, err := auditor.Lint(t.Context())
		want.NoError(t, "the lint", err)
		outcomes, _, err := auditor.Backtest(t.Context(), Choice{Days: 1, Others: true})
		want.NoError(t, "the backtest", err)
		text, err := json.Marshal([]any{coverage, findings, outcomes})
		want.NoError(t, "encoding", err)
		return strings.ReplaceAll(string(text), w.account, "ACCOUNT")
	})
}

// Thousands of alarms on the same few metrics cost a query a metric.
func TestLint_ofThousandsOfAlarmsAsksForEachMetricOnce(t *testing.T) {
	w := newWorld(t)
	w.function("checkout", 10)
	w.subscribe("oncall")
	const count = 1_250
	for number := range count {
		w.alarm(fmt.Sprintf("alarm-%04d", number), of("Shop", "Orders", "Sum", "Of", fmt.Sprint(number%600)), 5)
	}
	var data []cloudwatchtypes.MetricDatum
	for number := range 600 {
		if number != 7 {
			data = append(data, cloudwatchtypes.MetricDatum{
				MetricName: aws.String("Orders"), Value: aws.Float64(1), Timestamp: aws.Time(w.now.Add(-10 * day)),
				Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Of"), Value: aws.String(fmt.Sprint(number))}},
			})
		}
	}
	_, err := w.alarms.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: data})
	want.NoError(t, "putting datapoints", err)
	w.emulator.ForgetCalls()
	findings, failures, err := w.auditor().Lint(t.Context())
	want.NoError(t, "the lint", err)
	want.Equal(t, "failures", len(failures), 0)
	var dead []string
	for _, finding := range findings {
		want.Equal(t, "the problem", finding.Problem, Silent)
		dead = append(dead, finding.Alarm)
	}
	want.Equal(t, "the alarms that cannot fire", dead, []string{"alarm-0007", "alarm-0607", "alarm-1207"})
	want.Equal(t, "what was said of the price", w.said, []Price{{Alarms: count, Metrics: 600, Calls: 2}})
	want.Equal(t, "calls for datapoints", w.calls("GetMetricData"), 2)
	want.Equal(t, "calls for alarms, but the stage's own", w.calls("DescribeAlarms"), 14)
}

// Nothing of this changes anything.
func TestAuditor_writesNothing(t *testing.T) {
	w := newWorld(t)
	w.function("checkout", 10)
	w.alarm("mine", lambdaMetric("Errors", "checkout"), 6)
	w.emulator.ForgetCalls()
	auditor := w.auditor()
	_, _, err := auditor.Coverage(t.Context())
	want.NoError(t, "the coverage", err)
	_, _, err = auditor.Lint(t.Context())
	want.NoError(t, "the lint", err)
	_, _, err = auditor.Backtest(t.Context(), Choice{Days: 1, Others: true})
	want.NoError(t, "the backtest", err)
	for _, call := range w.emulator.Calls() {
		if !strings.HasPrefix(call.Operation, "List") && !strings.HasPrefix(call.Operation, "Get") && !strings.HasPrefix(call.Operation, "Describe") {
			t.Errorf("%s is called: want reading calls alone", call.Operation)
		}
	}
}

// The rights of the caller are those of a plan, and these.
func TestStatements_areWhatIsCalledAndWhatThePageSays(t *testing.T) {
	called := map[string]bool{}
	clients := reflect.TypeFor[Clients]()
	prefixes := map[string]string{"CloudWatch": "cloudwatch", "SNS": "sns"}
	for at := range clients.NumField() {
		for method := range clients.Field(at).Type.NumMethod() {
			called[prefixes[clients.Field(at).Name]+":"+clients.Field(at).Type.Method(method).Name] = true
		}
	}
	page := iamtest.Page(t, "../../docs/alerts-trust-iam.md")
	granted, commands := map[string]bool{}, map[string][]string{}
	for _, command := range []string{"coverage", "lint", "backtest"} {
		for _, statement := range Statements(command) {
			for _, action := range statement.Actions {
				granted[action] = true
				commands[action+" on *"] = append(commands[action+" on *"], command)
			}
			want.Equal(t, "whether a * is explained", statement.WhyStar != "", true)
		}
	}
	want.Equal(t, "the actions that are granted", granted, called)
	says := map[string]string{}
	for grant, of := range commands {
		if says[grant] = strings.Join(of, ", "); len(of) == 3 {
			says[grant] = ""
		}
	}
	want.Equal(t, "what docs/alerts-trust-iam.md says, and for which command", page, says)
}
