package janitor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeeding_countsAndTellsWhatOtherRegionsReferTo(t *testing.T) {
	facts, cfg := checkout(10)
	abroad := Findings{
		References: []Reference{{"checkout", "1", API, "shop in eu-west-1"}},
		Dynamic:    []DynamicTarget{{Function: "cart", Kind: API, By: "shop in eu-west-1"}},
		Unread:     []Unread{noneOf("eu-west-1", "janitor.checks.pipes in eu-west-1", "no right")},
	}
	before := Decide(facts, History{}, cfg, today)
	plan := before.Heeding(abroad, cfg)
	if plan.count()[API] != before.count()[API]+1 {
		t.Errorf("%d references of APIs, %d before", plan.count()[API], before.count()[API])
	}
	if diff := cmp.Diff(abroad.Dynamic, plan.Dynamic); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(abroad.Unread, plan.Unread); diff != "" {
		t.Error(diff)
	}
}

func TestHeeding_judgesTheBeltsAnew(t *testing.T) {
	facts, cfg := checkout(10, policy(func(c *Config) { c.Belts.MaxPercent = 1 }))
	before := Decide(facts, History{}, cfg, today)
	if before.Belt.Name != PercentBelt {
		t.Fatalf("the belt is %+v", before.Belt)
	}
	if plan := before.Heeding(Findings{Dynamic: []DynamicTarget{{Prefix: true, Kind: API, By: "shop"}}}, cfg); plan.Belt.Closed() {
		t.Errorf("with nothing to delete the belt is %+v", plan.Belt)
	}
}

// One function that could not be read says nothing of what its Region refers to.
func TestAbroad_leavesOutWhatIsUnreadOfOneFunction(t *testing.T) {
	plan := Plan{Region: "us-east-1"}
	plan.Unread = []Unread{
		{Check: "janitor.checks.asyncDestinations", Function: "orders", Cause: "no right"},
		{Check: "janitor.checks.apiGateway", Cause: "no right", Until: today},
	}
	got := plan.Abroad("eu-west-1").Unread
	if len(got) != 1 || got[0].Check != "janitor.checks.apiGateway in us-east-1" || !got[0].Until.Equal(today) {
		t.Errorf("%+v", got)
	}
}
