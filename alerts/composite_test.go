package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/alerts/label"
	"caretaker/internal/want"
)

// composed is a configuration with composite alarms.
func composed() Config {
	cfg := Default()
	cfg.Composites.Enabled = true
	return cfg
}

func TestMake_makesAnAlarmOverTheCriticalOnesOfAService(t *testing.T) {
	facts := factsOf(function("checkout", "caretaker:service", "shop"), function("alone"), function("refund", stackTag, "bank"), Resource{Kind: Queue, Name: "mail", Tags: map[string]string{"caretaker:service": "post"}})
	facts.ServiceTopic = topic + "-pager"
	plan := Make(facts, composed())
	shop := about(t, plan, "service/shop/critical").wanted
	want.Equal(t, "its rule", shop.Rule, `ALARM("caretaker/prod/function/checkout/dropped") OR ALARM("caretaker/prod/function/checkout/failing")`)
	want.Equal(t, "whom it tells", [][]string{shop.Actions, shop.OKActions, shop.NoDataActions}, [][]string{{topic + "-pager"}, {topic + "-pager"}, nil})
	labels, says := label.Parse(shop.Description)
	want.Equal(t, "what it says", says, "A critical alarm of shop is on.")
	want.Equal(t, "its labels", labels, label.Labels{Service: "shop", Severity: "critical", Resource: "service/shop", Runbook: "docs/runbook.md#watched-service", Dashboard: "caretaker_prod_eu-west-1_service_shop"})
	want.Equal(t, "that of a stack", about(t, plan, "service/bank/critical").Outcome, ToCreate)
	for _, decision := range plan.Decisions {
		if strings.HasPrefix(decision.Resource, "service/alone") || strings.HasPrefix(decision.Resource, "service/post") {
			t.Errorf("%s has one: it is of no service, or has no critical alarm", decision.Resource)
		}
	}
	without := Make(facts, Default())
	want.Equal(t, "cents of two", plan.CentsAfter-without.CentsAfter, 2*centsAComposite)

	// They tell nobody unless somebody is named: their children tell.
	facts.ServiceTopic = ""
	want.Equal(t, "whom one without a topic tells", about(t, Make(facts, composed()), "service/shop/critical").wanted.Actions, nil)

	after := done(facts, plan)
	again := Make(after, composed())
	want.Equal(t, "what is to be done when no topic is asked for any more", []Outcome{about(t, again, "service/shop/critical").Outcome, about(t, again, "service/bank/critical").Outcome}, []Outcome{ToChange, ToChange})
	off := Make(after, Default())
	want.Equal(t, "what becomes of it where the file asks for none", about(t, off, "service/shop/critical").Reason, NoComposites)
	after.Resources = after.Resources[1:]
	gone := about(t, Make(after, composed()), "service/shop/critical")
	want.Equal(t, "what becomes of it when the service is gone", []any{gone.Outcome, gone.Reason}, []any{ToDelete, NoCritical})
}

// More alarms than a rule holds are in parts, and one over the parts.
func TestMake_splitsARuleThatWouldBeTooLong(t *testing.T) {
	for name, test := range map[string]struct {
		functions, parts int
		name             string
	}{
		"a hundred alarms":    {50, 0, "fn-%03d"},
		"two more":            {51, 2, "fn-%03d"},
		"the longest names":   {21, 2, "fn-%03d" + strings.Repeat("x", 220)},
		"names with quotes":   {21, 2, strings.Repeat(`"`, 110) + "fn-%03d"},
		"two thousand alarms": {1000, 20, "fn-%04d"},
	} {
		t.Run(name, func(t *testing.T) {
			var resources []Resource
			for number := range test.functions {
				resources = append(resources, function(fmt.Sprintf(test.name, number), "caretaker:service", "shop"))
			}
			plan := Make(factsOf(resources...), composed())
			parts := 0
			held := map[string]int{}
			var names []string
			for _, decision := range plan.Decisions {
				if decision.wanted.Rule == "" {
					if decision.wanted.Name != "" && decision.Severity == label.Critical {
						names = append(names, decision.Alarm)
					}
					continue
				}
				if rule := decision.wanted.Rule; strings.Count(rule, "ALARM(") > mostChildren || len([]rune(rule)) > longestRule {
					t.Errorf("the rule of %s has %d alarms and %d characters", decision.Alarm, strings.Count(rule, "ALARM("), len([]rune(rule)))
				}
				if !isWhole(decision.Alarm) {
					parts++
				}
				for _, piece := range strings.Split(decision.wanted.Rule, or) {
					held[piece]++
				}
			}
			want.Equal(t, "parts", parts, test.parts)
			for _, name := range names {
				if held[inAlarm(name)] != 1 {
					t.Fatalf("%s is in %d rules", name, held[inAlarm(name)])
				}
			}
			top := about(t, plan, "service/shop/critical").wanted
			if test.parts > 0 {
				want.Equal(t, "what the one over them asks", strings.Count(top.Rule, "service/shop/critical-"), test.parts)
			}
			want.Equal(t, "what is left to do", outcomes(Make(done(factsOf(resources...), plan), composed()))[ToChange], 0)
		})
	}
}

// Composite alarms come after those that they are about, and go before them.
func TestOrder_ofCompositeAlarms(t *testing.T) {
	var resources []Resource
	for number := range 60 {
		resources = append(resources, function(fmt.Sprintf("fn-%02d", number), "caretaker:service", "shop"))
	}
	facts := factsOf(resources...)
	cfg := composed()
	plan := Make(facts, cfg)
	last := func(plan Plan, count int, first bool) []string {
		positions := order(plan.Decisions)
		if !first {
			slices.Reverse(positions)
		}
		var names []string
		for _, at := range positions[:count] {
			names = append(names, strings.TrimPrefix(plan.Decisions[at].Alarm, Prefix("prod")))
		}
		return names
	}
	want.Equal(t, "what is made last", last(plan, 3, false), []string{"service/shop/critical", "service/shop/critical-2", "service/shop/critical-1"})
	there := done(facts, plan)
	for at := range there.Alarms {
		there.Alarms[at].Composite = there.Alarms[at].Rule != ""
	}
	leaving := leave(there.Alarms, nil, nil, 0, "prod")
	want.Equal(t, "what is deleted first", last(leaving, 3, true), []string{"service/shop/critical", "service/shop/critical-1", "service/shop/critical-2"})
	cfg.MaxChanges = 360
	want.Equal(t, "what becomes of them where a run may only make the rest", about(t, Make(facts, cfg), "service/shop/critical-1").Outcome, NotYet)
}

// What was read is not all: a rule would lose alarms that are there.
func TestMake_leavesCompositeAlarmsAsTheyAreWhereAListFailed(t *testing.T) {
	facts := factsOf(function("a", "caretaker:service", "shop"), function("b", "caretaker:service", "shop"))
	facts = done(facts, Make(facts, composed()))
	facts.Resources = append(facts.Resources[:1], function("c", "caretaker:service", "bank"))
	facts.Unread = map[Kind]string{Queue: "denied"}
	plan := Make(facts, composed())
	shop, bank := about(t, plan, "service/shop/critical"), about(t, plan, "service/bank/critical")
	want.Equal(t, "one that is there", []any{shop.Outcome, shop.Reason}, []any{Kept, ListFailed})
	want.Equal(t, "one that is not", []any{bank.Outcome, bank.Reason}, []any{NotYet, ListFailed})
}

// composites are those that stand, by name.
func (w *world) composites() map[string]cloudwatchtypes.CompositeAlarm {
	w.Helper()
	found := map[string]cloudwatchtypes.CompositeAlarm{}
	listed, err := w.alarms.DescribeAlarms(w.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeCompositeAlarm}})
	w.must("reading the composite alarms", err)
	for _, alarm := range listed.CompositeAlarms {
		found[strings.TrimPrefix(aws.ToString(alarm.AlarmName), Prefix("prod"))] = alarm
	}
	return found
}

func TestHandle_keepsACompositeAlarmAService(t *testing.T) {
	w := newWorld(t)
	w.cfg = composed()
	w.cfg.DryRun, w.cfg.Composites.Topic = false, "pager"
	w.function("checkout", "caretaker:service", "shop")
	w.function("refund", "caretaker:service", "shop")
	w.runs()
	made := w.composites()
	want.Equal(t, "composite alarms", len(made), 1)
	shop := made["service/shop/critical"]
	want.Equal(t, "alarms of its rule", strings.Count(aws.ToString(shop.AlarmRule), "ALARM("), 4)
	want.Equal(t, "whom it tells", shop.AlarmActions, []string{w.arn("sns", "pager")})
	want.Equal(t, "its tags", w.tagsOf(Prefix("prod")+"service/shop/critical"), map[string]string{"caretaker:stage": "prod", "caretaker:service": "shop", "caretaker:severity": "critical"})
	w.runs()
	want.Equal(t, "what a second run writes", w.writes(), []string{})

	_, err := w.alarms.DisableAlarmActions(t.Context(), &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{Prefix("prod") + "service/shop/critical"}})
	w.must("switching its actions off", err)
	w.deleteFunction("refund")
	w.runs()
	want.Equal(t, "what a function less writes", w.writes(), []string{"PutCompositeAlarm", "DeleteAlarms"})
	shop = w.composites()["service/shop/critical"]
	want.Equal(t, "alarms of its rule then", strings.Count(aws.ToString(shop.AlarmRule), "ALARM("), 2)
	want.Equal(t, "its actions, which somebody switched off", aws.ToBool(shop.ActionsEnabled), false)

	w.cfg.Composites.Enabled = false
	w.runs()
	want.Equal(t, "composite alarms that nobody asks for", len(w.composites()), 0)
	want.Equal(t, "calls for that", w.writes(), []string{"DeleteAlarms"})
}

// AWS refuses a rule over an alarm that is not there: one that could not be made has its service's wait.
func TestHandle_makesNoCompositeAlarmOverOneThatIsMissing(t *testing.T) {
	w := newWorld(t)
	w.cfg = composed()
	w.cfg.DryRun = false
	w.cfg.Exclude.Names = []string{"account", "default"}
	w.function("checkout", "caretaker:service", "shop")
	w.function("login", "caretaker:service", "accounts")
	w.emulator.Inject(answers("PutMetricAlarm", "LimitExceeded", 1)) // the first is critical, of checkout
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "LimitExceeded")
	want.Equal(t, "failed", report.Outcomes[Failed], 1)
	want.Equal(t, "left to the next run", report.Reasons[ChildMissing], 1)
	want.Equal(t, "composite alarms", len(w.composites()), 1)
	w.emulator.ClearFaults()
	w.runs()
	want.Equal(t, "composite alarms after the next run", len(w.composites()), 2)
	want.Equal(t, "what it writes", w.writes(), []string{"PutMetricAlarm", "PutCompositeAlarm"})
}

// One composite alarm a call, each before what it is about.
func TestLeave_takesCompositeAlarmsAlong(t *testing.T) {
	w := newWorld(t)
	w.cfg = composed()
	w.cfg.DryRun = false
	for _, service := range []string{"shop", "bank", "post"} {
		w.function(service, "caretaker:service", service)
	}
	w.runs()
	want.Equal(t, "composite alarms", len(w.composites()), 3)
	r := w.reconciler()
	plan, err := r.Leave(t.Context())
	w.must("looking", err)
	w.emulator.ForgetCalls()
	_, failures := r.Apply(t.Context(), plan)
	want.Equal(t, "failures", failures, []error(nil))
	want.Equal(t, "calls", w.writes(), []string{"DeleteAlarms", "DeleteAlarms", "DeleteAlarms", "DeleteAlarms"})
	want.Equal(t, "what is left", len(w.composites())+len(w.there()), 0)
	_, err = lambdasvc.NewFromConfig(w.config).GetFunction(t.Context(), &lambdasvc.GetFunctionInput{FunctionName: aws.String("shop")})
	w.must("looking whether the functions stay", err)
}
