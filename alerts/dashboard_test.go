package alerts

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caretaker/alerts/label"
	"caretaker/internal/want"
)

// board is the decision on one dashboard, by what comes after the prefix.
func board(t *testing.T, plan Plan, name string) DashboardDecision {
	t.Helper()
	for _, d := range plan.Dashboards {
		if d.Dashboard == DashboardPrefix("prod", "eu-west-1")+name {
			return d
		}
	}
	t.Fatalf("the plan says nothing of the dashboard %s: %+v", name, plan.Dashboards)
	return DashboardDecision{}
}

// decided are the dashboards, and the services without one, by what is decided.
func decided(plan Plan) map[string]Outcome {
	found := map[string]Outcome{}
	for _, d := range plan.Dashboards {
		name := strings.TrimPrefix(d.Dashboard, DashboardPrefix("prod", "eu-west-1"))
		if name == "" {
			name = d.Service
		}
		found[name] = d.Outcome
	}
	return found
}

func shop() []Resource {
	checkout, refund := function("checkout", "caretaker:service", "shop"), function("refund", stackTag, "bank")
	refund.Memory, refund.ARM = 512, true
	checkout.Memory = 1024
	return []Resource{checkout, refund, {Kind: Queue, Name: "mail", Tags: map[string]string{"caretaker:service": "shop"}}, function("alone")}
}

func TestMake_makesADashboardOfTheFleetAndOneAService(t *testing.T) {
	plan := Make(factsOf(shop()...), Default())
	want.Equal(t, "what is decided", decided(plan), map[string]Outcome{"fleet": ToCreate, "service_shop": ToCreate, "service_bank": ToCreate})
	want.Equal(t, "why", board(t, plan, "fleet").Reason, NoSuchDashboard)
	want.Equal(t, "cents of three dashboards", plan.DashboardCentsAfter, 0)
	for name, dashboard := range map[string]string{"function/checkout/errors": "service_shop", "function/refund/errors": "service_bank", "queue/mail/age": "service_shop", "function/alone/errors": "fleet"} {
		labels, _ := label.Parse(about(t, plan, name).wanted.Description)
		want.Equal(t, "the dashboard that "+name+" names", labels.Dashboard, DashboardPrefix("prod", "eu-west-1")+dashboard)
	}
	again := Make(done(factsOf(shop()...), plan), Default())
	want.Equal(t, "what is decided when it is done", decided(again), map[string]Outcome{"fleet": Kept, "service_shop": Kept, "service_bank": Kept})
}

func TestMake_makesTheDashboardsThatTheFileAsksFor(t *testing.T) {
	for name, test := range map[string]struct {
		cfg  Dashboards
		want map[string]Outcome
		link string
	}{
		"tagged services": {Dashboards{true, TaggedServices, 20}, map[string]Outcome{"fleet": ToCreate, "service_shop": ToCreate, "bank": NoDashboard}, "fleet"},
		"no services":     {Dashboards{true, NoServices, 20}, map[string]Outcome{"fleet": ToCreate, "shop": NoDashboard, "bank": NoDashboard}, "fleet"},
		"no fleet":        {Dashboards{false, StackServices, 20}, map[string]Outcome{"service_shop": ToCreate, "service_bank": ToCreate}, "service_bank"},
		"the largest":     {Dashboards{true, StackServices, 1}, map[string]Outcome{"fleet": ToCreate, "service_shop": ToCreate, "bank": NoDashboard}, "fleet"},
		"none":            {Dashboards{false, NoServices, 20}, map[string]Outcome{"shop": NoDashboard, "bank": NoDashboard}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Default()
			cfg.Dashboards = test.cfg
			plan := Make(factsOf(shop()...), cfg)
			want.Equal(t, "what is decided", decided(plan), test.want)
			labels, _ := label.Parse(about(t, plan, "function/refund/errors").wanted.Description)
			want.Equal(t, "the dashboard of the refunds", strings.TrimPrefix(labels.Dashboard, DashboardPrefix("prod", "eu-west-1")), test.link)
			all := done(factsOf(shop()...), Make(factsOf(shop()...), Default()))
			gone := 0
			for _, d := range Make(all, cfg).Dashboards {
				if d.Outcome == ToDelete {
					gone++
				}
			}
			wanted := 3
			for _, outcome := range test.want {
				if outcome == ToCreate {
					wanted--
				}
			}
			want.Equal(t, "dashboards to delete where all were made", gone, wanted)
		})
	}
}

// Who has a dashboard keeps it when another service becomes larger: somebody looks at it.
func TestMake_aServiceKeepsTheDashboardThatItHas(t *testing.T) {
	cfg := Default()
	cfg.Dashboards.Most = 1
	facts := done(factsOf(shop()...), Make(factsOf(shop()...), cfg))
	for _, name := range []string{"refund-2", "refund-3", "refund-4"} {
		facts.Resources = append(facts.Resources, function(name, stackTag, "bank"))
	}
	want.Equal(t, "what is decided", decided(Make(facts, cfg)), map[string]Outcome{"fleet": ToChange, "service_shop": Kept, "bank": NoDashboard})
}

func TestMake_changesADashboardByItsWidgetsAndDeletesThatOfAServiceThatIsGone(t *testing.T) {
	facts := done(factsOf(shop()...), Make(factsOf(shop()...), Default()))
	facts.Resources = facts.Resources[:1]
	facts.Resources[0].Timeout = time.Minute
	plan := Make(facts, Default())
	want.Equal(t, "that of the bank", board(t, plan, "service_bank").Outcome, ToDelete)
	want.Equal(t, "why", board(t, plan, "service_bank").Reason, ServiceGone)
	changed := board(t, plan, "service_shop")
	want.Equal(t, "that of the shop", changed.Outcome, ToChange)
	var fields []string
	for _, change := range changed.Changes {
		fields = append(fields, change.Field)
	}
	for _, field := range []string{"widget p99 as a share of the timeout", "widget Queue: age", "widget 1, text"} {
		if !slices.Contains(fields, field) {
			t.Errorf("%q is not among the changes %q", field, fields)
		}
	}
	if slices.Contains(fields, "widget Calls") {
		t.Errorf("the calls are as they were, and are among the changes %q", fields)
	}
}

// What was not read in full is no reason to write: dashboards stay, and alarms go on naming them.
func TestMake_leavesDashboardsAsTheyAreWhereAListFails(t *testing.T) {
	full := done(factsOf(shop()...), Make(factsOf(shop()...), Default()))
	for name, test := range map[string]struct {
		change func(*Facts)
		reason Reason
	}{
		"a list of resources": {func(f *Facts) { f.Unread, f.Resources = map[Kind]string{Queue: "AccessDenied"}, f.Resources[1:] }, ListFailed},
		"the dashboards":      {func(f *Facts) { f.DashboardsUnread = "AccessDenied" }, ListFailed},
	} {
		t.Run(name, func(t *testing.T) {
			facts := full
			facts.Resources = slices.Clone(full.Resources)
			test.change(&facts)
			plan := Make(facts, Default())
			for _, d := range plan.Dashboards {
				if d.Acts() || d.Reason != test.reason {
					t.Errorf("%s is %s: %s", d.Dashboard, d.Outcome, d.Reason)
				}
			}
			want.Equal(t, "dashboards", len(plan.Dashboards), 3)
			want.Equal(t, "an alarm of the bank", about(t, plan, "function/refund/errors").Outcome, Kept)
		})
	}
}

func TestMake_reckonsDashboardsOverThreeOfTheAccount(t *testing.T) {
	facts := factsOf(shop()...)
	for others, cents := range map[int]int{0: 0, 1: 300, 3: 900, 10: 900} {
		facts.OtherDashboards = others
		plan := Make(facts, Default())
		want.Equal(t, fmt.Sprintf("cents of three with %d others", others), plan.DashboardCentsAfter, cents)
		want.Equal(t, "all cents", plan.CentsAfter-after(plan.Decisions), cents)
	}
}

func TestMake_countsDashboardsAmongTheChangesOfARun(t *testing.T) {
	facts, cfg := factsOf(shop()...), Default()
	cfg.MaxChanges = 20
	plan := Make(facts, cfg)
	want.Equal(t, "alarms to create", outcomes(plan)[ToCreate], 19)
	want.Equal(t, "dashboards", decided(plan), map[string]Outcome{"fleet": ToCreate, "service_bank": NotYet, "service_shop": NotYet})
}

func TestDashboardPrefix_isSharedByNoOtherStageOrRegion(t *testing.T) {
	for _, other := range []string{fleetName("prod-eu", "eu-west-1"), fleetName("pro", "eu-west-1"), fleetName("prod", "eu-west-2"), fleetName("prod", "eu-west-10"), "caretaker-prod"} {
		if strings.HasPrefix(other, DashboardPrefix("prod", "eu-west-1")) {
			t.Errorf("%s begins with the prefix %s", other, DashboardPrefix("prod", "eu-west-1"))
		}
	}
}

// A price that is not known for a Region is not passed off as its own.
func TestFleet_saysWhosePricesItTakes(t *testing.T) {
	for region, title := range map[string]string{"us-east-1": `"Cost of Lambda, estimated"`, "eu-west-1": `"Cost of Lambda, estimated at prices of us-east-1"`} {
		facts := fleetOf(1, 1, 1, 1)
		facts.Place.Region = region
		dashboards := Make(facts, Default()).Dashboards
		i := slices.IndexFunc(dashboards, func(d DashboardDecision) bool { return d.Dashboard == fleetName("prod", region) })
		if i < 0 {
			t.Fatalf("%s has no dashboard of the fleet", region)
		}
		want.Says(t, "the dashboard of "+region, dashboards[i].wanted.Body, title)
	}
}

func TestServiceName_isAllowedAndDifferentForEveryService(t *testing.T) {
	allowed := regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	seen := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		service := rapid.String().Draw(t, "service")
		name := serviceName(strings.Repeat("s", 32), "ap-southeast-1", service)
		if !allowed.MatchString(name) {
			t.Fatalf("%q is called %q", service, name)
		}
		if other, has := seen[name]; has && other != service {
			t.Fatalf("%q and %q are both called %q", other, service, name)
		}
		seen[name] = service
	})
}

// fleetOf is a fleet of so many functions, with names as long as they can be.
func fleetOf(count, services, timeouts, memories int) Facts {
	const length = 64
	facts := factsOf(Resource{Kind: Account, Name: "account", Concurrency: 1000})
	for number := range count {
		name := fmt.Sprintf("%0*d", length, number)
		one := function(name, "caretaker:service", fmt.Sprintf("service %d", number%services))
		one.Timeout, one.Memory, one.ReadsStream = time.Duration(1+number%timeouts)*time.Second, 128+number%memories, number%3 == 0
		facts.Resources = append(facts.Resources, one)
		if number%5 == 0 {
			facts.Resources = append(facts.Resources, Resource{Kind: Table, Name: name, Tags: one.Tags}, Resource{Kind: Queue, Name: name, Tags: one.Tags},
				Resource{Kind: RestAPI, Name: name + "/prod", Tags: one.Tags}, Resource{Kind: HTTPAPI, Name: name + "/" + name + "/$default", Tags: one.Tags})
		}
	}
	return facts
}

var searches = regexp.MustCompile(`SEARCH\('([^']*)', '[A-Za-z0-9]+', \d+\)`)

func TestBodies_keepWithinWhatAWSAllows(t *testing.T) {
	for _, fleet := range [][4]int{{0, 1, 1, 1}, {1, 1, 1, 1}, {7, 2, 7, 7}, {mostNamed, 1, 1, 1}, {mostNamed, 3, 200, 200}, {mostNamed + 1, 1, 9, 9}, {mostFound + 1, 1, 900, 1}, {2000, 25, 60, 9}} {
		for _, dashboard := range Make(fleetOf(fleet[0], fleet[1], fleet[2], fleet[3]), Default()).Dashboards {
			if dashboard.wanted.Name == "" {
				continue
			}
			var body Body
			if err := json.Unmarshal([]byte(dashboard.wanted.Body), &body); err != nil {
				t.Fatal(err)
			}
			if size := len(dashboard.wanted.Body); size > 400_000 {
				t.Fatalf("%s has %d bytes", dashboard.Dashboard, size)
			}
			all := 0
			taken := map[[2]int]string{}
			titles := map[string]bool{}
			for _, widget := range body.Widgets {
				checkWidget(t, widget, taken)
				all += len(widget.Properties.Metrics)
				if title := widget.Properties.Title; title != "" && titles[title] {
					t.Fatalf("%s has %q twice", dashboard.Dashboard, title)
				}
				titles[widget.Properties.Title] = true
			}
			if len(body.Widgets) > mostWidgets || all > mostMetrics {
				t.Fatalf("%s has %d widgets and %d metrics", dashboard.Dashboard, len(body.Widgets), all)
			}
		}
	}
}

func checkWidget(t *testing.T, widget Widget, taken map[[2]int]string) {
	of := widget.Properties
	if widget.X < 0 || widget.X+widget.Width > gridWidth || widget.Width < 1 || widget.Height < 1 {
		t.Fatalf("%q stands at %d and is %d wide", of.Title, widget.X, widget.Width)
	}
	for x := widget.X; x < widget.X+widget.Width; x++ {
		for y := widget.Y; y < widget.Y+widget.Height; y++ {
			if other, is := taken[[2]int{x, y}]; is {
				t.Fatalf("%q lies over %q", of.Title, other)
			}
			taken[[2]int{x, y}] = of.Title
		}
	}
	if len(of.Alarms) > mostWidgetAlarms || widget.Type == "alarm" && len(of.Alarms) == 0 {
		t.Fatalf("%q has %d alarms", of.Title, len(of.Alarms))
	}
	if widget.Type == "metric" && (len(of.Metrics) == 0 || of.Region == "" || of.YAxis.Left.Label == "") {
		t.Fatalf("%q has no metrics, no Region or no unit: %+v", of.Title, of)
	}
	count, ids := 0, map[string]bool{}
	for _, line := range of.Metrics {
		options, _ := line[len(line)-1].(map[string]any)
		text, _ := options["expression"].(string)
		for _, search := range searches.FindAllStringSubmatch(text, -1) {
			count++
			if len(search[1]) > longestSearch {
				t.Fatalf("%q searches by %d characters", of.Title, len(search[1]))
			}
		}
		if id, has := options["id"].(string); has {
			if ids[id] {
				t.Fatalf("%q has %s twice", of.Title, id)
			}
			ids[id] = true
		}
		if strings.Count(text, "SEARCH(") != len(searches.FindAllString(text, -1)) {
			t.Fatalf("%q has a search that cannot be read: %s", of.Title, text)
		}
	}
	if count > mostSearches || len(of.Metrics) > mostWidgetMetrics {
		t.Fatalf("%q has %d searches in %d lines", of.Title, count, len(of.Metrics))
	}
}

func TestBodies_showAPIs(t *testing.T) {
	tags := map[string]string{"caretaker:service": "shop", "caretaker:alarm.latency": "2s"}
	plan := Make(factsOf(Resource{Kind: RestAPI, Name: "orders/prod", Tags: tags}, Resource{Kind: HTTPAPI, Name: "carts/a1b2/$default", Tags: tags}), Default())
	service, fleet := board(t, plan, "service_shop").wanted.Body, board(t, plan, "fleet").wanted.Body
	want.Says(t, "the service's", service,
		`["AWS/ApiGateway","Count","ApiName","orders","Stage","prod",{"label":"orders/prod","stat":"SampleCount"}]`, `["AWS/ApiGateway","5xx","ApiId","a1b2","Stage","$default",`,
		`"title":"API latency, p99"`, `{"label":"alarm","value":2000}`)
	want.Says(t, "the fleet's", fleet, `SEARCH('{AWS/ApiGateway,ApiName,Stage} MetricName=\"5XXError\"', 'Sum', 300)`, `SEARCH('{AWS/ApiGateway,ApiId,Stage} MetricName=\"5xx\"', 'Sum', 300)`)
	want.Equal(t, "graphs of requests of the fleet without APIs", strings.Count(board(t, Make(factsOf(function("a")), Default()), "fleet").wanted.Body, "AWS/ApiGateway"), 0)
}

func TestDecimal_isWrittenWithoutAnExponent(t *testing.T) {
	for value, text := range map[float64]string{0.0000002: "0.0000002", 1.0 / 30: "0.03333333333", 100: "100", 0: "0"} {
		want.Equal(t, "the number", decimal(value), text)
	}
}
