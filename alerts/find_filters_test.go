package alerts

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func (w *world) logs() *cloudwatchlogs.Client { return cloudwatchlogs.NewFromConfig(w.config) }

func (w *world) group(name string) {
	w.Helper()
	_, err := w.logs().CreateLogGroup(w.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
	w.must("making a log group", err)
}

// filter puts somebody's metric filter.
func (w *world) filter(group, name string) {
	w.Helper()
	_, err := w.logs().PutMetricFilter(w.Context(), &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: &group, FilterName: &name, FilterPattern: aws.String("mine"),
		MetricTransformations: []logtypes.MetricTransformation{{MetricNamespace: aws.String("Mine"), MetricName: aws.String("Lines"), MetricValue: aws.String("1")}},
	})
	w.must("putting a metric filter", err)
}

// filters are all metric filters, by group, name and pattern.
func (w *world) filters() (found []string) {
	w.Helper()
	pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(w.logs(), &cloudwatchlogs.DescribeMetricFiltersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.Context())
		w.must("listing metric filters", err)
		for _, filter := range page.MetricFilters {
			found = append(found, strings.Join([]string{*filter.LogGroupName, *filter.FilterName, *filter.FilterPattern}, " "))
		}
	}
	slices.Sort(found)
	return found
}

// logWrites are the operations on metric filters that change something, since the last run began.
func (w *world) logWrites() (made []string) {
	for _, call := range w.emulator.Calls() {
		if call.Operation == "PutMetricFilter" || call.Operation == "DeleteMetricFilter" {
			made = append(made, call.Operation)
		}
	}
	return made
}

func TestHandle_keepsMetricFiltersAndTheirAlarm(t *testing.T) {
	w := newWorld(t)
	w.cfg.LogPatterns = patterned().LogPatterns
	w.group("/aws/lambda/shop-a")
	w.group("/aws/lambda/shop-b")
	w.group("/aws/lambda/other")
	w.filter("/aws/lambda/shop-a", "mine")
	w.filter("/aws/lambda/shop-a", Prefix("prod-eu")+"refused")
	foreign := []string{"/aws/lambda/shop-a caretaker/prod-eu/refused mine", "/aws/lambda/shop-a mine mine"}
	dry, err := w.reconciler().Handle(t.Context(), Event{DryRun: true})
	w.must("the dry run", err)
	want.Equal(t, "what a dry run would do", dry.Filters, map[Outcome]int{ToCreate: 2})
	want.Equal(t, "the filters after it", w.filters(), foreign)

	report := w.runs()
	want.Equal(t, "what the run did", report.Filters, map[Outcome]int{Created: 2})
	ours := []string{`/aws/lambda/shop-a caretaker/prod/refused "card declined"`, `/aws/lambda/shop-b caretaker/prod/refused "card declined"`}
	want.Equal(t, "the filters", w.filters(), []string{foreign[0], ours[0], foreign[1], ours[1]})
	want.Equal(t, "the alarm", under(w.there(), Prefix("prod")+"log-pattern/"), []string{"refused/lines"})
	w.runs()
	want.Equal(t, "what a second run writes", append(w.writes(), w.logWrites()...), []string{})

	w.cfg.LogPatterns = nil
	report = w.runs()
	want.Equal(t, "what a run without the pattern did", report.Filters, map[Outcome]int{Deleted: 2})
	want.Equal(t, "the filters that are left", w.filters(), foreign)
	want.Equal(t, "the alarms that are left", under(w.there(), Prefix("prod")+"log-pattern/"), nil)
	w.runs()
	for _, call := range w.emulator.Calls() {
		if call.Service == "logs" {
			t.Errorf("a run that needs no logs calls %s", call.Operation)
		}
	}
}

// It is by its alarm that the next run knows that there are filters: it goes last.
func TestHandle_keepsAPatternsAlarmUntilItsFiltersAreGone(t *testing.T) {
	w := newWorld(t)
	w.cfg.LogPatterns = patterned().LogPatterns
	w.group("/aws/lambda/shop-a")
	w.runs()
	w.cfg.LogPatterns = nil
	w.emulator.Inject(emulator.Fault{Operation: "DeleteMetricFilter", Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: "no"})
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "to delete the metric filter caretaker/prod/refused of /aws/lambda/shop-a", "logs:DeleteMetricFilter", "AccessDenied")
	want.Equal(t, "the alarm", fmt.Sprint(under(w.there(), Prefix("prod")+"log-pattern/"), report.Outcomes[NotYet]), "[refused/lines] 1")
	w.emulator.ClearFaults()
	w.runs()
	want.Equal(t, "what is left", len(w.filters())+len(under(w.there(), Prefix("prod")+"log-pattern/")), 0)
}

func TestHandle_saysWhichPatternAWSRefuses(t *testing.T) {
	w := newWorld(t)
	w.cfg.LogPatterns = []LogPattern{{Name: "refused", Pattern: "{ level = 1 }", Functions: []string{"shop-a"}}, {Name: "good", Pattern: "x", Functions: []string{"shop-a"}}}
	w.group("/aws/lambda/shop-a")
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "to create the metric filter caretaker/prod/refused of /aws/lambda/shop-a", "pattern { level = 1 }", "Invalid metric filter pattern")
	want.Equal(t, "what became of both", report.Filters, map[Outcome]int{Created: 1, Failed: 1})
}

func TestHandle_failsWhereALogGroupTakesNoMoreFilters(t *testing.T) {
	w := newWorld(t)
	w.cfg.LogPatterns = patterned().LogPatterns
	w.group("/aws/lambda/shop-a")
	for number := range mostMetricFilters {
		w.filter("/aws/lambda/shop-a", fmt.Sprint("mine-", number))
	}
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "caretaker/prod/refused sees nothing of /aws/lambda/shop-a", "it has 100")
	want.Equal(t, "what it did", report.Filters, map[Outcome]int{NoFilter: 1})
}

func TestHandle_deletesNoFilterWhereListsFail(t *testing.T) {
	for _, call := range []string{"DescribeLogGroups", "DescribeMetricFilters", "ListTables"} {
		w := newWorld(t)
		w.cfg.LogPatterns = patterned().LogPatterns
		w.group("/aws/lambda/shop-a")
		w.runs()
		w.cfg.LogPatterns[0].Functions = []string{"nothing"}
		w.emulator.Inject(emulator.Fault{Operation: call, Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: "no"})
		_, err := w.run()
		want.Says(t, "the error", fmt.Sprint(err), call)
		w.emulator.ClearFaults()
		want.Equal(t, "the filters without "+call, len(w.filters()), 1)
		want.Equal(t, "its alarm without "+call, under(w.there(), Prefix("prod")+"log-pattern/"), []string{"refused/lines"})
	}
}

func TestLeave_takesMetricFiltersAlong(t *testing.T) {
	w := newWorld(t)
	w.cfg.LogPatterns = patterned().LogPatterns
	w.group("/aws/lambda/shop-a")
	w.filter("/aws/lambda/shop-a", "mine")
	w.runs()
	r := w.reconciler()
	plan, err := r.Leave(t.Context())
	w.must("looking", err)
	_, failures := r.Apply(t.Context(), plan)
	want.Equal(t, "failures", len(failures), 0)
	want.Equal(t, "the filters that are left", w.filters(), []string{"/aws/lambda/shop-a mine mine"})
	want.Equal(t, "the alarms that are left", len(w.there()), 0)
}
