package janitor

import (
	"testing"

	"caretaker/internal/want"
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
	want.Equal(t, "the references of APIs", plan.count()[API], before.count()[API]+1)
	want.Equal(t, "the dynamic targets", plan.Dynamic, abroad.Dynamic)
	want.Equal(t, "what is unread", plan.Unread, abroad.Unread)
}

func TestHeeding_judgesTheBeltsAnew(t *testing.T) {
	facts, cfg := checkout(10, policy(func(c *Config) { c.Belts.MaxPercent = 1 }))
	before := Decide(facts, History{}, cfg, today)
	if before.Belt.Name != PercentBelt {
		t.Fatalf("the closed belt of the plan itself: %+v, want that of the percentage", before.Belt)
	}
	if plan := before.Heeding(Findings{Dynamic: []DynamicTarget{{Prefix: true, Kind: API, By: "shop"}}}, cfg); plan.Belt.Closed() {
		t.Errorf("the belt with nothing to delete: %+v, want it open", plan.Belt)
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
	if len(got) != 1 {
		t.Fatalf("what is unread abroad: %+v, want that of the API Gateway alone", got)
	}
	want.Equal(t, "the check that is unread", got[0].Check, "janitor.checks.apiGateway in us-east-1")
	if !got[0].Until.Equal(today) {
		t.Errorf("it is unread until %s, want %s", got[0].Until, today)
	}
}
