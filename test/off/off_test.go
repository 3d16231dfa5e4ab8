// Package off_test switches parts off and takes Regions away as README says, in an account where IAM is enforced,
// and reads with caretaker status what stands there.
package off_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/cmd/caretaker/status"
	"caretaker/test/deployed"
	"caretaker/test/janitor/fleet"
)

const (
	janitorOff  = "janitor.enabled=false"
	bothRegions = "regions=[us-east-1,eu-west-1]"
	oneRegion   = "regions=[us-east-1]"
	raiserOn    = "limitRaiser.enabled=true"
	orders      = "limitRaiser.tables=[{name: orders, write: {max: 100}}]"
	inEarnest   = "janitor.dryRun=false"
)

func TestDeploy_nothingOfWhatIsOffActsAnyMore(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	a := newAccount(ctx, t)
	a.expect(4, "it is not deployed", oneRegion)

	a.deploy(bothRegions, raiserOn, orders)
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		for _, one := range []string{
			"stack Caretaker-default-Janitor", "function caretaker-default-janitor", "schedule caretaker-default-janitor",
			"stack Caretaker-default-LimitRaiser", "function caretaker-default-limit-raiser", "table caretaker-default-limit-raiser",
		} {
			if all := a.in(region); !slices.Contains(all, one) {
				t.Errorf("%s: there is no %s, but %q", region, one, all)
			}
		}
	}
	statusOfWhatStands(a)

	t.Log("a part")
	a.expect(4, "the file has it off", janitorOff, bothRegions, raiserOn, orders)
	a.deploy(janitorOff, bothRegions, raiserOn, orders)
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		all := a.in(region)
		for _, one := range all {
			if strings.Contains(strings.ToLower(one), "default-janitor") {
				t.Errorf("%s: there still is %s", region, one)
			}
		}
		if !slices.Contains(all, "function caretaker-default-limit-raiser") {
			t.Errorf("%s: the part that is on went too", region)
		}
	}
	a.expect(0, "off", janitorOff, bothRegions, raiserOn, orders)
	a.deploy(janitorOff, bothRegions, raiserOn, orders) // it is no longer there, which is not an error

	t.Log("a part that comes back in earnest: a new schedule begins at once, and nobody has to start a run")
	a.publish("checkout", 6)
	a.deploy(bothRegions, raiserOn, orders, inEarnest, "janitor.keep.supersededFor=0s")
	if all := a.in("eu-west-1"); !slices.Contains(all, "schedule caretaker-default-janitor") {
		t.Errorf("switched on again: %q", all)
	}
	a.eventually("the first run leaves the three newest versions", func() bool {
		versions, err := fleet.Versions(a.ctx, a.AWS())
		must(a.T, err)
		return slices.Equal(versions["checkout"], []int{4, 5, 6})
	})

	t.Log("a Region, in the wrong order: status finds what the CDK does not")
	a.deploy(oneRegion, raiserOn, orders)
	report := a.expect(4, "aws cloudformation delete-stack --region eu-west-1 --stack-name Caretaker-default-LimitRaiser", oneRegion, raiserOn, orders)
	if len(report.Strays) != 2 {
		t.Fatalf("strays: %+v", report.Strays)
	}
	a.deleteStack(report.Strays[1])
	a.expect(4, "Caretaker-default-Janitor in eu-west-1: the file does not have eu-west-1", oneRegion, raiserOn, orders)

	t.Log("a Region, as README says")
	a.cdk("destroy", "--all", "--force", "-c", "set=regions=[eu-west-1]")
	a.deploy(oneRegion, raiserOn, orders)
	if all := a.in("eu-west-1"); len(all) > 0 {
		t.Errorf("eu-west-1 was taken away, and has %q", all)
	}
	if all := a.in("us-east-1"); !slices.Contains(all, "function caretaker-default-janitor") || !slices.Contains(all, "function caretaker-default-limit-raiser") {
		t.Errorf("the other Region has %q", all)
	}
	a.expect(0, "1 Region", oneRegion, raiserOn, orders)

	t.Log("the stage, with what is off in it")
	a.cdk("destroy", "--all", "--force", "-c", "set="+oneRegion)
	if all := a.in("us-east-1"); len(all) > 0 {
		t.Errorf("the stage was taken away, and left %q", all)
	}
}

// statusOfWhatStands looks at both parts in both Regions, as they were just deployed.
func statusOfWhatStands(a account) {
	keys := []string{bothRegions, raiserOn, orders}
	a.expect(0, "on, dry run", keys...)
	a.expect(4, "the file has it out of dry run", append(keys, "janitor.dryRun=false")...)
	a.expect(4, "the file has changed since it was deployed", append(keys, "notify.email=[oncall@example.com]")...)

	a.eventually("the first run is over, which nobody started", func() bool {
		report, _, _ := a.status(keys...)
		here := janitorIn(report, "us-east-1")
		return here != nil && here.Deployed != nil && here.Deployed.Functions[0].LastRun != nil
	})
	function, err := deployed.Find(a.ctx, a.Emulator, "caretaker-default-janitor")
	must(a.T, err)
	braked := map[string]string{}
	for name, value := range function.Variables {
		braked[name] = value
	}
	braked["DRY_RUN"] = "1"
	must(a.T, function.SetVariables(a.ctx, braked))
	_, err = cloudwatch.NewFromConfig(a.AWS()).SetAlarmState(a.ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("caretaker-default-janitor-throttles"), StateValue: cloudwatchtypes.StateValueAlarm, StateReason: aws.String("test"),
	})
	must(a.T, err)
	report := a.expect(4, "on, dry run, braked", keys...)
	here := janitorIn(report, "us-east-1")
	if here == nil || here.Deployed == nil || len(here.Deployed.Functions) != 1 {
		a.Fatalf("%+v", report)
	}
	one := here.Deployed.Functions[0]
	if run := one.LastRun; run == nil || run.Error != "" || time.Since(run.At) > 10*time.Minute || one.Code == "" {
		a.Errorf("%+v, last run %+v", one, run)
	}
	if !slices.Contains(here.Deployed.RedAlarms, "caretaker-default-janitor-throttles") || here.Command != "" {
		a.Errorf("%+v", here)
	}
	must(a.T, function.SetVariables(a.ctx, function.Variables))

	for _, missing := range status.Actions {
		a.allow(slices.DeleteFunc(slices.Clone(status.Actions), func(action string) bool { return action == missing })...)
		if _, text, code := a.status(keys...); code != 1 || !strings.Contains(text, missing) {
			a.Errorf("without %s: %d\n%s", missing, code, text)
		}
	}
	a.allow(status.Actions...)
}

// janitorIn is the janitor's row of a Region; nil where there is none.
func janitorIn(report status.Report, region string) *status.Row {
	at := slices.IndexFunc(report.Parts, func(row status.Row) bool { return row.Region == region && row.Part == "janitor" })
	if at < 0 {
		return nil
	}
	return &report.Parts[at]
}
