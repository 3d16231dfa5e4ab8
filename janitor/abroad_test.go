package janitor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// abroad is what a Region refers to in eu-west-1, with nothing that could go in it or even no function.
func abroad(t *testing.T, set func(*world), functions ...lambdasim.Function) Findings {
	t.Helper()
	w := newWorld(t, lambdasim.Options{}, functions...)
	set(w)
	plan, err := w.janitor(earnest(), Options{Elsewhere: true}).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plan.Region = lambdasim.Region
	return plan.Abroad("eu-west-1")
}

func restAPI(uri string) func(*world) {
	return func(w *world) {
		w.on("API Gateway.GetRestApis", always(`{"item":[{"id":"r","name":"shop"}]}`))
		w.on("API Gateway.GetResources", always(fmt.Sprintf(`{"item":[{"resourceMethods":{"GET":{"methodIntegration":{"uri":%q,"credentials":"role"}}}}]}`, uri)))
	}
}

func TestAbroad_isWhatARegionRefersToInAnother(t *testing.T) {
	const path, arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/", "arn:aws:lambda:eu-west-1:000000000000:function:orders"
	reference := Findings{References: []Reference{{"orders", "3", API, "shop in us-east-1"}}}
	for _, test := range []struct {
		name, uri string
		want      Findings
	}{
		{"an ARN", path + arn + ":3/invocations", reference},
		{"a name, of the path's Region", path + "orders:3/invocations", reference},
		{"a stage variable as qualifier", path + arn + ":${stageVariables.v}/invocations", Findings{Dynamic: []DynamicTarget{{Function: "orders", Kind: API, By: "shop in us-east-1"}}}},
		{"a stage variable as name", path + "${stageVariables.f}/invocations", Findings{Dynamic: []DynamicTarget{{Prefix: true, Kind: API, By: "shop in us-east-1"}}}},
		{"a third Region", strings.ReplaceAll(path+arn+":3/invocations", "eu-west-1", "eu-west-3"), Findings{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, functions := range [][]lambdasim.Function{nil, {lambda("cart", 1)}} {
				got := abroad(t, restAPI(test.uri), functions...)
				got.References = slices.Compact(slices.DeleteFunc(got.References, func(r Reference) bool { return r.Qualifier == "" }))
				want.Equal(t, fmt.Sprintf("what is referred to abroad, with %d functions here", len(functions)), got, test.want, cmpopts.EquateEmpty())
			}
		})
	}
	if got := abroad(t, restAPI(path+strings.Replace(arn, "000000000000", "111111111111", 1)+":3/invocations"), lambda("cart", 1)); len(got.References) > 0 {
		t.Errorf("references to another account's function: %+v, want none", got.References)
	}
}

func TestAbroad_namesWhatCouldNotBeReadAndMayReferElsewhere(t *testing.T) {
	for operation, tells := range map[string]bool{
		"API Gateway.GetRestApis": true, "SFN.ListStateMachines": true, "Pipes.ListPipes": true,
		"CloudTrail.LookupEvents": false, "Application Auto Scaling.DescribeScalableTargets": false, "Lambda.ListEventSourceMappings": false,
	} {
		got := abroad(t, func(w *world) { w.refuse(operation) }, lambda("orders", 8)).Unread
		if want.Equal(t, "the findings tell that "+operation+" was refused", len(got) > 0, tells) && tells {
			want.Says(t, "what could not be read", got[0].Check+got[0].Cause, "in us-east-1")
		}
	}
}

// An idle Region still refers to others.
func TestAbroad_isReadThoughStorageIsLow(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	restAPI("arn:aws:lambda:eu-west-1:000000000000:function:orders:3")(w)
	plan, err := w.janitor(earnest(func(c *Config) { c.Pressure.Above = 90 }), Options{Elsewhere: true}).Plan(t.Context())
	want.NoError(t, "planning", err)
	want.Equal(t, "idle", plan.Idle, true)
	if len(plan.Elsewhere["eu-west-1"].References) == 0 {
		t.Errorf("references to eu-west-1: none, want that of the API; elsewhere there is %+v", plan.Elsewhere)
	}
	alone, err := w.janitor(earnest(func(c *Config) { c.Pressure.Above = 90 }), Options{}).Plan(t.Context())
	want.NoError(t, "planning for this Region alone", err)
	if len(alone.Elsewhere) > 0 {
		t.Errorf("what a plan for this Region alone holds of others: %+v, want nothing", alone.Elsewhere)
	}
}

func TestHeeding_onlyTurnsDeletionsIntoKeeping(t *testing.T) {
	for _, test := range []struct {
		name   string
		abroad Findings
		want   []int64
		reason Reason
		detail string
	}{
		{"nothing", Findings{}, []int64{1, 2, 3, 4, 5, 6, 7}, Superseded, "18 days ago"},
		{
			"a reference",
			Findings{References: []Reference{{"checkout", "1", API, "shop in eu-west-1"}, {"cart", "2", API, "shop in eu-west-1"}}},
			[]int64{2, 3, 4, 5, 6, 7},
			Referenced(API), "shop in eu-west-1",
		},
		{"a dynamic target", Findings{Dynamic: []DynamicTarget{{Function: "check", Prefix: true, Kind: API, By: "shop in eu-west-1"}}}, nil, MayBeCalled, "api shop in eu-west-1"},
		{"a Region that could not be read", Findings{Unread: []Unread{noneOf("eu-west-1", "Region eu-west-1", "no right")}}, nil, CouldNotRead, "Region eu-west-1: no right; it may refer to versions here: without it, leave out eu-west-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, cfg := checkout(10)
			before := Decide(facts, History{}, cfg, today)
			plan := before.Heeding(test.abroad, cfg)
			want.Equal(t, "the versions that may go", deletable(plan), test.want)
			want.Equal(t, "the reason for version 1", decisionOn(plan, 1).Reason, test.reason)
			want.Equal(t, "the detail of version 1", decisionOn(plan, 1).Detail, test.detail)
			want.Equal(t, "the reason for version 9", decisionOn(plan, 9).Reason, AmongNewest)
			want.Equal(t, "the versions that may go by the plan itself", len(deletable(before)), 7)
		})
	}
}

func TestHeeding_cutsAnewWhatMayGo(t *testing.T) {
	facts, cfg := checkout(10, policy(func(c *Config) { c.Belts.MaxDeletions = 2 }))
	plan := Decide(facts, History{}, cfg, today).Heeding(Findings{References: []Reference{{"checkout", "7", API, "shop"}}}, cfg)
	want.Equal(t, "the versions that may go", deletable(plan), []int64{5, 6})
	want.Equal(t, "the outcome for version 1", decisionOn(plan, 1).Outcome, Remaining)
	want.Equal(t, "the reason for version 1", decisionOn(plan, 1).Reason, MaxDeletions)
}
