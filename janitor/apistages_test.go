package janitor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// stages is a Region with an API of each kind, whose stage AWS does not export.
func (w *world) stages(code string, deployed time.Time, fields string) {
	refused := func(int, string) (int, string) { return http.StatusBadRequest, code }
	w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
	w.on("API Gateway.GetStages", always(`{"item":[{"stageName":"prod","deploymentId":"d"`+fields+`}]}`))
	w.on("API Gateway.GetExport", refused)
	w.on("API Gateway.GetDeployment", always(fmt.Sprintf(`{"id":"d","createdDate":%d}`, deployed.Unix())))
	w.on("ApiGatewayV2.GetApis", always(`{"items":[{"apiId":"h","name":"store","protocolType":"HTTP"}]}`))
	w.on("ApiGatewayV2.GetStages", always(`{"items":[{"stageName":"prod","deploymentId":"d"`+strings.ReplaceAll(fields, "variables", "stageVariables")+`}]}`))
	w.on("ApiGatewayV2.ExportApi", refused)
	w.on("ApiGatewayV2.GetRoutes", always(`{"items":[{"routeKey":"GET /"}]}`))
	w.on("ApiGatewayV2.GetDeployment", always(fmt.Sprintf(`{"deploymentId":"d","createdDate":%q}`, deployed.Format(time.RFC3339))))
}

func TestHandle_takesAnHTTPAPIWithoutRoutesForOneThatCallsNothing(t *testing.T) {
	for routes, calls := range map[string]bool{`{"items":[]}`: false, `{"items":[],"nextToken":"2"}`: true} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		w.httpStages(`{"stageName":"$default","autoDeploy":true,"deploymentId":"d","lastDeploymentStatusMessage":"Unable to deploy API because no routes exist in this API"}`)
		w.on("ApiGatewayV2.GetRoutes", pages(routes, `{"items":[{"routeKey":"GET /"}]}`))
		_, _, err := w.handle(t.Context(), earnest(), Options{})
		want.Equal(t, "an error for the routes "+routes, err != nil, calls)
		want.Equal(t, "just three versions left for the routes "+routes, len(w.Versions("orders")) == 3, !calls)
	}
}

// What a stage was deployed with names nothing that was published later.
func TestHandle_aRefusedExportKeepsOnlyWhatWasPublishedBeforeItsDeployment(t *testing.T) {
	all := []int{1, 2, 3, 4, 5, 6, 7, 8}
	deployed := today.Add(-14*day - 12*time.Hour) // after version 3 and before version 4
	for _, test := range []struct {
		name string
		set  func(*world)
		want []int
	}{
		{"both kinds of API", func(w *world) { w.stages("BadRequestException", deployed, "") }, []int{1, 2, 3, 6, 7, 8}},
		{"a stage with variables, which change without a deployment", func(w *world) { w.stages("BadRequestException", deployed, `,"variables":{"version":"4"}`) }, all},
		{"a canary", func(w *world) { w.stages("BadRequestException", deployed, `,"canarySettings":{"deploymentId":"e"}`) }, all},
		{"a deployment without a date", func(w *world) {
			w.stages("BadRequestException", deployed, "")
			w.on("API Gateway.GetDeployment", always("{}"))
		}, all},
		{"a deployment that is refused as well", func(w *world) {
			w.stages("BadRequestException", deployed, "")
			w.refuse("ApiGatewayV2.GetDeployment")
		}, all},
		{"routes that are refused as well", func(w *world) {
			w.stages("BadRequestException", deployed, "")
			w.refuse("ApiGatewayV2.GetRoutes")
		}, []int{1, 2, 3, 6, 7, 8}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			test.set(w)
			_, decisions, err := w.handle(t.Context(), earnest(), Options{})
			want.Equal(t, "the versions left", w.Versions("orders"), test.want)
			want.Equal(t, "the reason for orders:1", decisions["orders:1"].Reason, CouldNotRead)
			want.Says(t, "the detail of orders:1", decisions["orders:1"].Detail, "BadRequestException")
			for _, words := range []string{"exporting stage prod of REST API shop", "exporting stage prod of HTTP API store", "BadRequestException", "not about permissions"} {
				want.Says(t, "the error", fmt.Sprint(err), words)
			}
			if strings.Contains(fmt.Sprint(err), "grant apigateway:GET") {
				t.Errorf("it advises a grant that is there: %v", err)
			}
		})
	}
}

// A date can move, a number cannot: what is below a version that was published before was too.
func TestPublishedBy_goesByNumbers(t *testing.T) {
	facts, cfg := checkout(10, publishedAgo(2, day), func(f *Facts, _ *Config) {
		f.Unread = []Unread{{Check: "stages", Until: today.Add(-15*day - 12*time.Hour)}, {Check: "stages", Until: today.Add(-18 * day)}}
	}, grace(0))
	wanted := []int64{5, 6, 7}
	want.Equal(t, "the versions that may go", deletable(Decide(facts, History{}, cfg, today)), wanted)
	unread := facts.Unread
	facts.Unread = nil
	heeding := Decide(facts, History{}, cfg, today).Heeding(Findings{Unread: unread}, cfg)
	want.Equal(t, "the versions that may go where another Region has it unread", deletable(heeding), wanted)
	facts, _ = checkout(10, undated(6), func(f *Facts, _ *Config) { f.Unread = unread })
	if got := deletable(Decide(facts, History{}, cfg, today)); slices.Contains(got, 6) {
		t.Errorf("the versions that may go: %v, want version 6 kept, which has no date", got)
	}
}
