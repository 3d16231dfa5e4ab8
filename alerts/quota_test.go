package alerts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"caretaker/internal/want"
)

// quota is one of things, or of calls in a time.
func quota(name string, value float64, per time.Duration) Resource {
	facts := QuotaFacts{
		Title: `"Tables" of Amazon DynamoDB`, Value: value, Adjustable: true, Used: true, Per: per, Usage: Measure{usageNamespace, resourceCount, "Maximum", ""},
		Dimensions: []Dimension{{"Class", "None"}, {"Resource", name}, {"Service", "DynamoDB"}, {"Type", "Resource"}},
	}
	if per > 0 {
		facts.Usage = Measure{usageNamespace, callCount, "Sum", ""}
	}
	return Resource{Kind: Quota, Name: name, Quota: &facts}
}

func TestMake_watchesAQuotaFromAShareOfIt(t *testing.T) {
	cases := []struct {
		resource  Resource
		check     string
		threshold float64
		seconds   int
	}{
		{quota("dynamodb/L-1", 2500, 0), "resources", 2000, 900},
		{quota("monitoring/L-2", 500, time.Second), "calls", 24000, 60},
		{quota("logs/L-3", 600, time.Minute), "calls", 480, 60},
		{quota("kms/L-4", 1000, time.Hour), "calls", 800, 3600},
	}
	for _, c := range cases {
		plan := Make(factsOf(c.resource), Default())
		alarm := about(t, plan, c.resource.Title()+"/"+c.check).wanted
		want.Equal(t, c.resource.Name+": the threshold", alarm.Threshold, c.threshold)
		want.Equal(t, c.resource.Name+": the period", alarm.Metrics[0].Seconds, c.seconds)
		want.Equal(t, c.resource.Name+": alarms", outcomes(plan)[ToCreate], 1)
		check, _ := checkAt("quota." + c.check)
		want.Equal(t, c.resource.Name+": the threshold as people write it", check.Written(alarm.Threshold, c.resource), "80%")
	}
	alarm := about(t, Make(factsOf(quota("dynamodb/L-1", 2500, 0)), Default()), "quota/dynamodb/L-1/resources").wanted
	want.Equal(t, "the metric", metricsText(alarm.Metrics), "Maximum of AWS/Usage ResourceCount Class=None Resource=dynamodb/L-1 Service=DynamoDB Type=Resource over 900s")
	want.Says(t, "the description", alarm.Description, `80% or more of the quota "Tables" of Amazon DynamoDB is used.`, "AWS raises it for who asks", "--service-code dynamodb --quota-code L-1", "service=account")
	want.Equal(t, "what it costs in cents", alarm.cents(), 10)
}

func TestMake_followsAQuotaThatWasRaised(t *testing.T) {
	facts := factsOf(quota("dynamodb/L-1", 2500, 0))
	facts = done(facts, Make(facts, Default()))
	facts.Resources[0].Quota.Value = 5000
	decision := about(t, Make(facts, Default()), "quota/dynamodb/L-1/resources")
	want.Equal(t, "what becomes of it", decision.Outcome, ToChange)
	want.Equal(t, "what differs", decision.Changes, []Change{{"threshold", "2000", "4000"}})
}

func TestMake_hasNoAlarmForAQuotaThatCannotBeJudged(t *testing.T) {
	unused, endless, nowhere := quota("a/L-1", 10, 0), quota("a/L-2", 10, 24*time.Hour), quota("a/L-3", 10, time.Second)
	unused.Quota.Used, nowhere.Quota.Per = false, 0
	for _, resource := range []Resource{unused, endless, nowhere} {
		plan := Make(factsOf(resource), Default())
		want.Equal(t, resource.Name+": what is decided", outcomes(plan), map[Outcome]int{NoAlarm: 2})
		want.Equal(t, resource.Name+": why", plan.Decisions[0].Reason, DoesNotApply)
	}
}

func TestMake_watchesTheQuotasFirstThatAWSRaisesForNobody(t *testing.T) {
	var resources []Resource
	for number := range 6 {
		resources = append(resources, quota(fmt.Sprintf("a/L-%d", number), 10, 0))
	}
	resources[4].Quota.Adjustable = false
	cfg := Default()
	cfg.Quotas.Most, cfg.Quotas.Services = 2, []string{"a"}
	facts := factsOf(resources...)
	facts.Alarms = []Existing{{Alarm: Alarm{Name: Prefix("prod") + "quota/a/L-3/resources"}}, {Alarm: Alarm{Name: Prefix("prod") + "quota/a/L-5/resources"}}}
	plan := Make(facts, cfg)
	var made, why []string
	for _, d := range plan.Decisions {
		if d.wanted.Name != "" {
			made = append(made, d.Resource)
		} else {
			if d.Reason == DoesNotApply {
				continue
			}
			why = append(why, fmt.Sprint(d.Resource, " ", d.Outcome, ": ", d.Reason, " ", d.Detail))
		}
	}
	want.Equal(t, "those with an alarm: the fixed one, and one that had it", made, []string{"quota/a/L-3", "quota/a/L-4"})
	want.Equal(t, "the rest", why, []string{
		"quota/a/L-0 no alarm: over alerts.quotas.most 2", "quota/a/L-1 no alarm: over alerts.quotas.most 2", "quota/a/L-2 no alarm: over alerts.quotas.most 2",
		"quota/a/L-5 no alarm: over alerts.quotas.most 2", "quota/a/L-5 to delete: over alerts.quotas.most 2",
	})
	want.Says(t, "what the fixed one says", about(t, plan, "quota/a/L-4/resources").wanted.Description, "AWS raises it for nobody")
}

// What the file drops is not taken for a list that went wrong, and what AWS does not list any more is.
func TestMake_deletesTheAlarmsOfQuotasThatAreSwitchedOff(t *testing.T) {
	var resources []Resource
	for number := range 20 {
		resources = append(resources, quota(fmt.Sprintf("dynamodb/L-%d", number), 10, 0))
	}
	facts := factsOf(resources...)
	facts = done(facts, Make(facts, Default()))
	facts.Resources = nil
	held := Make(facts, Default())
	want.Says(t, "what holds deletions back where the list is empty", held.Held, "20 of 20 of kind quota")
	off, without := Default(), Default()
	off.Quotas.Enabled = false
	without.Quotas.Services = []string{"lambda"}
	for what, cfg := range map[string]Config{"alerts.quotas.enabled is false": off, "alerts.quotas.services has no dynamodb": without} {
		plan := Make(facts, cfg)
		want.Equal(t, what+": what holds deletions back", plan.Held, "")
		want.Equal(t, what+": what is decided", outcomes(plan), map[Outcome]int{ToDelete: 20})
		want.Equal(t, "why", fmt.Sprint(plan.Decisions[0].Reason, ": ", plan.Decisions[0].Detail), "the check is off: "+what)
	}
	cfg := Default()
	cfg.Thresholds = map[string]string{"quota.resources": "off"}
	facts.Resources = resources
	want.Equal(t, "with the check off", outcomes(Make(facts, cfg))[ToDelete], 20)
	cfg.Thresholds = map[string]string{"quota.resources": "95%"}
	want.Equal(t, "the threshold with another share", about(t, Make(facts, cfg), "quota/dynamodb/L-3/resources").wanted.Threshold, 9.5)
}

func TestConfig_refusesAServiceThatIsNoCode(t *testing.T) {
	cfg := Default()
	cfg.Quotas.Services, cfg.Quotas.Most = []string{"Amazon DynamoDB"}, 0
	var problems []string
	for _, problem := range cfg.Validate() {
		problems = append(problems, fmt.Sprint(problem.Key, " ", problem.Value))
	}
	want.Says(t, "what is refused", strings.Join(problems, "; "), "alerts.quotas.services", "Amazon DynamoDB", "alerts.quotas.most 0")
}
