package alerts

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"caretaker/internal/want"
)

// boards are the account's dashboards, by name.
func (w *world) boards() map[string]string {
	w.Helper()
	found := map[string]string{}
	pages := cloudwatch.NewListDashboardsPaginator(w.alarms, &cloudwatch.ListDashboardsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.Context())
		w.must("listing the dashboards", err)
		for _, entry := range page.DashboardEntries {
			read, err := w.alarms.GetDashboard(w.Context(), &cloudwatch.GetDashboardInput{DashboardName: entry.DashboardName})
			w.must("reading "+*entry.DashboardName, err)
			found[*entry.DashboardName] = aws.ToString(read.DashboardBody)
		}
	}
	return found
}

func (w *world) boardNames() []string { return slices.Sorted(keysOf(w.boards())) }

func (w *world) putBoard(name string) {
	w.Helper()
	_, err := w.alarms.PutDashboard(w.Context(), &cloudwatch.PutDashboardInput{
		DashboardName: &name, DashboardBody: aws.String(`{"widgets":[{"type":"text","properties":{"markdown":"mine"}}]}`),
	})
	w.must("putting the dashboard "+name, err)
}

// boardWrites are the calls that change a dashboard, since the last run began.
func (w *world) boardWrites() []string {
	made := []string{}
	for _, call := range w.emulator.Calls() {
		if call.Operation == "PutDashboard" || call.Operation == "DeleteDashboards" {
			made = append(made, call.Operation)
		}
	}
	return made
}

const own = "caretaker_prod_eu-west-1_"

func TestHandle_keepsTheStagesDashboardsAndTouchesNoOther(t *testing.T) {
	w := newWorld(t)
	w.fleet()
	foreign := []string{"caretaker_prod-eu_eu-west-1_fleet", "caretaker_prod_eu-central-1_fleet", "mine"}
	for _, name := range append(foreign, own+"service_gone") {
		w.putBoard(name)
	}
	report := w.runs()
	want.Equal(t, "what became of them", report.Dashboards, map[Outcome]int{Created: 2, Deleted: 1})
	names := append([]string{own + "fleet", own + "service_shop"}, foreign...)
	slices.Sort(names)
	want.Equal(t, "the dashboards", w.boardNames(), names)
	for _, name := range foreign {
		want.Says(t, name, w.boards()[name], "mine")
	}
	want.Says(t, "what the shop's shows", w.boards()[own+"service_shop"], `FunctionName=\"reader\"`, "IteratorAge", w.arn("cloudwatch", "alarm:"+Prefix("prod")+"function/reader/errors"))
	want.Equal(t, "dollars of two dashboards over three others", math.Round(report.DollarsAfter-alarmDollars(w)), 6)

	again := w.runs()
	want.Equal(t, "what a second run writes", append(w.writes(), w.boardWrites()...), []string{})
	want.Equal(t, "what it finds as it should be", again.Dashboards[Kept], 2)

	w.putBoard(own + "fleet")
	changed := w.runs()
	want.Equal(t, "what a run after somebody's edit writes", w.boardWrites(), []string{"PutDashboard"})
	want.Equal(t, "what it says of it", changed.ListedDashboards[0].Outcome, Changed)
	w.runs()
	want.Equal(t, "what the next run writes", w.boardWrites(), []string{})
}

func alarmDollars(w *world) (dollars float64) {
	found, err := w.reconciler().alarms(w.Context())
	w.must("reading the alarms", err)
	for _, alarm := range found {
		dollars += float64(alarm.cents()) / 100
	}
	return dollars
}

func TestHandle_writesNoDashboardInADryRun(t *testing.T) {
	w := newWorld(t)
	w.fleet()
	w.putBoard(own + "service_gone")
	w.cfg.DryRun = true
	report := w.runs()
	want.Equal(t, "what it would do", report.Dashboards, map[Outcome]int{ToCreate: 2, ToDelete: 1})
	want.Equal(t, "what it writes", w.boardWrites(), []string{})
}

// A list of dashboards that fails keeps no alarm waiting.
func TestHandle_makesAlarmsWhereDashboardsCannotBeRead(t *testing.T) {
	for operation, action := range map[string]string{"ListDashboards": "cloudwatch:ListDashboards", "GetDashboard": "cloudwatch:GetDashboard"} {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.fleet()
			w.runs()
			w.function("new")
			w.emulator.Inject(answers(operation, "AccessDeniedException", 0))
			report, err := w.run()
			want.Says(t, "the error", fmt.Sprint(err), action, "AccessDeniedException")
			want.Equal(t, "alarms that are made", report.Outcomes[Created], 6)
			want.Equal(t, "dashboards that are written", w.boardWrites(), []string{})
		})
	}
}

func TestHandle_oneDashboardThatFailsDoesNotStopTheRest(t *testing.T) {
	w := newWorld(t)
	w.fleet()
	w.emulator.Inject(answers("PutDashboard", "AccessDeniedException", 1))
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "to create the dashboard "+own+"fleet", "cloudwatch:PutDashboard", "AccessDeniedException")
	want.Equal(t, "what became of them", report.Dashboards, map[Outcome]int{Created: 1, Failed: 1})
	want.Equal(t, "what the next run does", w.runs().Dashboards, map[Outcome]int{Created: 1, Kept: 1})
}

// garbling adds to a body something that CloudWatch does not show, or breaks it.
type garbling struct {
	cloudwatchAPI
	from, to string
}

func (g garbling) PutDashboard(ctx context.Context, in *cloudwatch.PutDashboardInput, options ...func(*cloudwatch.Options)) (*cloudwatch.PutDashboardOutput, error) {
	in.DashboardBody = aws.String(strings.Replace(*in.DashboardBody, g.from, g.to, 1))
	return g.cloudwatchAPI.PutDashboard(ctx, in, options...)
}

// AWS takes a dashboard that it has something to say about. Part of it is then not shown: that is a failure.
func TestHandle_aMessageAboutADashboardIsAFailure(t *testing.T) {
	for name, test := range map[string]struct{ from, to, says string }{
		"one that is taken":   {`"title":"Errors, top ten"`, `"title":"Errors, top ten","colour":"red"`, "took it, and says: "},
		"one that is refused": {`"width":8`, `"width":25`, "InvalidParameterInput"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.function("checkout")
			r := w.reconciler()
			r.aws.CloudWatch = garbling{r.aws.CloudWatch, test.from, test.to}
			report, err := r.Handle(t.Context(), Event{})
			want.Says(t, "the error", fmt.Sprint(err), "to create the dashboard "+own+"fleet", test.says, "/widgets/")
			want.Equal(t, "what became of it", report.Dashboards, map[Outcome]int{Failed: 1})
		})
	}
}

func TestLeave_takesTheStagesDashboardsAndNoOthers(t *testing.T) {
	w := newWorld(t)
	w.fleet()
	w.putBoard("mine")
	w.runs()
	r := w.reconciler()
	plan, err := r.Leave(t.Context())
	w.must("looking", err)
	want.Equal(t, "cents of dashboards", []int{plan.DashboardCentsBefore, plan.DashboardCentsAfter}, []int{0, 0})
	done, failures := r.Apply(t.Context(), plan)
	want.Equal(t, "failures", len(failures), 0)
	want.Equal(t, "deleted", done.Dashboards[0].Outcome, Deleted)
	want.Equal(t, "what is left", w.boardNames(), []string{"mine"})
	want.Equal(t, "alarms", len(w.there()), 0)
}
