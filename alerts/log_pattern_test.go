package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
)

// patterned is a configuration with one pattern about the functions of the shop.
func patterned() Config {
	cfg := Default()
	cfg.LogPatterns = []LogPattern{{Name: "refused", Pattern: `"card declined"`, Functions: []string{"shop-*"}, Threshold: 3, Severity: "critical", Service: "shop"}}
	return cfg
}

// groups are log groups by name.
func groups(names ...string) (found []LogGroup) {
	for _, name := range names {
		found = append(found, LogGroup{Name: name})
	}
	return found
}

// filtersOf are the decisions on filters, as text.
func filtersOf(plan Plan) (found []string) {
	for _, d := range plan.Filters {
		found = append(found, fmt.Sprint(strings.TrimPrefix(d.Filter, Prefix("prod")), " ", d.Group, " ", d.Outcome, ": ", d.Reason))
	}
	return found
}

// filtered are the facts when the filters of a plan are there.
func filtered(facts Facts, plan Plan) Facts {
	facts = done(facts, plan)
	facts.Filters = slices.DeleteFunc(slices.Clone(facts.Filters), func(f ExistingFilter) bool { return strings.HasPrefix(f.Name, Prefix("prod")) })
	for _, d := range plan.Filters {
		if d.Outcome == ToCreate || d.Outcome == ToChange || d.Outcome == Kept {
			facts.Filters = append(facts.Filters, ExistingFilter{Filter: d.wanted})
		}
	}
	return facts
}

func TestMake_hasOneAlarmAPatternAndAFilterOnEachLogGroup(t *testing.T) {
	facts := factsOf()
	facts.LogGroups = groups("/aws/lambda/shop-a", "/aws/lambda/shop-b", "/aws/lambda/other", "/ecs/shop-a")
	plan := Make(facts, patterned())
	want.Equal(t, "what is decided", outcomes(plan), map[Outcome]int{ToCreate: 1})
	alarm := about(t, plan, "log-pattern/refused/lines").wanted
	want.Equal(t, "what it reads", metricsText(alarm.Metrics), "Sum of Caretaker/Logs/prod refused over 300s")
	want.Equal(t, "when it rings", fmt.Sprint(alarm.Comparison, alarm.Threshold, alarm.Missing), "GreaterThanOrEqualToThreshold3notBreaching")
	want.Equal(t, "whom it tells", alarm.Actions, []string{topic + "-critical"})
	want.Says(t, "its text", alarm.Description, `3 or more lines in 5 minutes match the log pattern refused: "card declined"`, "--metric-namespace Caretaker/Logs/prod --metric-name refused", "service=shop; severity=critical; resource=log-pattern/refused")
	want.Equal(t, "the filters", filtersOf(plan), []string{
		"refused /aws/lambda/shop-a to create: there is no such metric filter", "refused /aws/lambda/shop-b to create: there is no such metric filter",
	})
	want.Equal(t, "what a filter counts", plan.Filters[0].wanted, Filter{"/aws/lambda/shop-a", "caretaker/prod/refused", `"card declined"`, "Caretaker/Logs/prod", "refused", "1", "0"})
	want.Equal(t, "what the alarm and its one metric cost, in cents", plan.CentsAfter-plan.DashboardCentsAfter, 40)

	facts = filtered(facts, plan)
	again := Make(facts, patterned())
	want.Equal(t, "what a second run decides", outcomes(again), map[Outcome]int{Kept: 1})
	want.Equal(t, "what it does about filters", again.Filters[0].Outcome, Kept)
	want.Equal(t, "what it costs, before and after", again.CentsBefore, again.CentsAfter)
}

func TestMake_changesFiltersAndTakesThoseAwayThatAreNotMeant(t *testing.T) {
	facts := factsOf()
	facts.LogGroups = groups("/aws/lambda/shop-a", "/aws/lambda/shop-b")
	facts.Filters = []ExistingFilter{{Filter: Filter{Group: "/aws/lambda/shop-b", Name: "mine"}}, {Filter: Filter{Group: "/aws/lambda/shop-b", Name: Prefix("prod-eu") + "refused"}}}
	facts = filtered(facts, Make(facts, patterned()))
	cfg := patterned()
	cfg.LogPatterns[0].Pattern, cfg.LogPatterns[0].Functions = "?declined ?refused", []string{"shop-a"}
	plan := Make(facts, cfg)
	want.Equal(t, "the filters", filtersOf(plan), []string{
		"refused /aws/lambda/shop-a to change: the metric filter differs", "refused /aws/lambda/shop-b to delete: its log pattern does not mean the log group",
	})
	want.Equal(t, "what differs", plan.Filters[0].Changes, []Change{{"pattern", `"card declined"`, "?declined ?refused"}})

	none := Make(facts, Default())
	want.Equal(t, "the filters when the file has no pattern", filtersOf(none), []string{
		"refused /aws/lambda/shop-a to delete: the check is off", "refused /aws/lambda/shop-b to delete: the check is off",
	})
	want.Equal(t, "its alarm", fmt.Sprint(none.Decisions[0].Outcome, ": ", none.Decisions[0].Detail), "to delete: alerts.logPatterns has no refused")
	off := patterned()
	off.Thresholds = map[string]string{"log-pattern.lines": "off"}
	want.Equal(t, "the filters when the check is off", len(Make(facts, off).Filters), 2)
	want.Equal(t, "what becomes of the first", Make(facts, off).Filters[0].Outcome, ToDelete)

	facts.Unread = map[Kind]string{Table: "no"}
	for _, d := range Make(facts, Default()).Filters {
		want.Equal(t, "what becomes of a filter where a list failed", fmt.Sprint(d.Outcome, ": ", d.Reason), "kept: "+string(ListFailed))
	}
}

// Log groups that could not be listed are not gone.
func TestMake_keepsAPatternsAlarmWhereLogGroupsCouldNotBeListed(t *testing.T) {
	facts := factsOf()
	facts.LogGroups = groups("/aws/lambda/shop-a")
	facts = filtered(facts, Make(facts, patterned()))
	facts.LogGroups, facts.Filters, facts.Unread = nil, nil, map[Kind]string{Pattern: "no"}
	plan := Make(facts, patterned())
	want.Equal(t, "what is decided", outcomes(plan), map[Outcome]int{Kept: 1})
	want.Equal(t, "filters", len(plan.Filters), 0)
	facts.Unread = nil
	plan = Make(facts, patterned())
	want.Equal(t, "where no group is there", fmt.Sprint(about(t, plan, "log-pattern/refused/lines").Outcome, ": ", about(t, plan, "log-pattern/refused/lines").Reason), "to delete: no log group is meant")
}

func TestMake_choosesLogGroupsByNameAndTag(t *testing.T) {
	cfg := Default()
	cfg.LogPatterns = []LogPattern{
		{Name: "tagged", Pattern: "x", Tags: map[string]string{"team": "shop"}}, {Name: "both", Pattern: "x", Functions: []string{"*"}, Groups: []string{"/ecs/*"}, Tags: map[string]string{"team": "*"}},
	}
	facts := factsOf(function("a", "team", "shop"), function("b", "team", "bank"), function("caretaker-prod-alerts", "team", "shop", "caretaker:stage", "prod"))
	facts.LogGroups = groups("/aws/lambda/a", "/aws/lambda/b", "/aws/lambda/c", "/aws/lambda/caretaker-prod-alerts", "/ecs/a")
	facts.LogGroups = append(facts.LogGroups, LogGroup{Name: "/ecs/b", Tags: map[string]string{"team": "shop"}}, LogGroup{Name: "/other", Tags: map[string]string{"team": "shop"}})
	meant := groupsOf(facts, cfg.LogPatterns)
	want.Equal(t, "by tag alone", meant["tagged"], []string{"/aws/lambda/a", "/ecs/b", "/other"})
	want.Equal(t, "by name and tag", meant["both"], []string{"/aws/lambda/a", "/aws/lambda/b", "/ecs/b"})
}

func TestMake_makesNoFilterOverWhatALogGroupTakes(t *testing.T) {
	facts, cfg := factsOf(), patterned()
	cfg.LogPatterns = append(cfg.LogPatterns, LogPattern{Name: "second", Pattern: "x", Functions: []string{"shop-a"}})
	facts.LogGroups = groups("/aws/lambda/shop-a")
	for number := range mostMetricFilters - 1 {
		facts.Filters = append(facts.Filters, ExistingFilter{Filter: Filter{Group: "/aws/lambda/shop-a", Name: fmt.Sprint("mine-", number)}})
	}
	want.Equal(t, "the filters", filtersOf(Make(facts, cfg)), []string{
		"refused /aws/lambda/shop-a to create: there is no such metric filter",
		"second /aws/lambda/shop-a no metric filter: the log group has as many metric filters as AWS allows",
	})
}

func TestMake_countsFiltersAmongTheChangesOfARun(t *testing.T) {
	facts, cfg := factsOf(), patterned()
	cfg.MaxChanges = 2
	facts.LogGroups = groups("/aws/lambda/shop-a", "/aws/lambda/shop-b", "/aws/lambda/shop-c")
	plan := Make(facts, cfg)
	want.Equal(t, "the filters", filtersOf(plan)[2], "refused /aws/lambda/shop-c not yet: over maxChanges: a later run does it")
	want.Equal(t, "the alarm", about(t, plan, "log-pattern/refused/lines").Outcome, NotYet)
}

func TestConfig_refusesPatternsThatAWSWouldNotTake(t *testing.T) {
	for pattern, says := range map[string]string{
		"": "an empty one matches every line", `"open`: "quotation marks end", `{ $.level = "ERROR"`: "each { is closed", "a)": "each ) is opened", "%[0-9]": "expression between % ends",
		strings.Repeat("x", 1025): "up to 1024 letters", "[a, (b]": "each ] is opened",
	} {
		cfg := patterned()
		cfg.LogPatterns[0].Pattern = pattern
		problems := cfg.Validate()
		want.Equal(t, "problems of "+pattern, len(problems), 1)
		want.Equal(t, "where", problems[0].Key, "alerts.logPatterns[0].pattern")
		want.Says(t, "what is allowed in place of "+pattern, problems[0].Allowed, says)
	}
	for _, pattern := range []string{"ERROR", `?ERROR ?"timed out"`, `{ ($.level = "ERROR") && ($.code = %5[0-9]{2}%) }`, `[ip, user, code = 5*, "[a"]`, `"a \" quote"`, `%re(quest%`} {
		cfg := patterned()
		cfg.LogPatterns[0].Pattern = pattern
		want.Equal(t, "problems of "+pattern, len(cfg.Validate()), 0)
	}
	cfg := patterned()
	cfg.LogPatterns = append(cfg.LogPatterns, LogPattern{Name: "refused", Pattern: "x"}, LogPattern{Name: "Bad Name", Pattern: "x", Functions: []string{"a b"}, Severity: "urgent", Threshold: -1})
	var keys []string
	for _, problem := range cfg.Validate() {
		keys = append(keys, strings.TrimPrefix(problem.Key, "alerts.logPatterns"))
	}
	slices.Sort(keys)
	want.Equal(t, "what is refused", keys, []string{"[1]", "[1].name", "[2].functions[0]", "[2].name", "[2].severity", "[2].threshold"})
}
