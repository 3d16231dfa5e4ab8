package status

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"caretaker/cmd/caretaker/console"
)

// janitor is a line of the file; deployed is the stack that agrees with it.
func janitor(stage, region string) want {
	return want{stage: stage, region: region, part: "janitor", stack: "Caretaker-" + stage + "-Janitor", on: true, dryRun: true, configuration: "c1"}
}

func deployed(w want) stack {
	return stack{
		region: w.region, name: w.stack, stage: w.stage, state: "UPDATE_COMPLETE", dryRun: "true", configuration: "c1",
		functions: []Function{{Name: "caretaker-" + w.stage + "-janitor", Code: "hash"}},
	}
}

// ran is the function after a run at noon, changed at a time of that day.
func ran(f Function, changed string, dryRun bool) Function {
	f.Modified = "2026-11-29T" + changed + ":00.000+0000"
	f.LastRun = &Run{At: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), DryRun: &dryRun}
	return f
}

func TestCompare_namesEachDifference(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*want, *stack)
		differs []string
		deploys bool
	}{
		"none":          {func(*want, *stack) {}, []string{}, false},
		"off":           {func(w *want, _ *stack) { w.on = false }, []string{"the file has it off"}, true},
		"in earnest":    {func(w *want, _ *stack) { w.dryRun, w.configuration = false, "c2" }, []string{"the file has it out of dry run"}, true},
		"in dry run":    {func(_ *want, s *stack) { s.dryRun, s.configuration = "false", "c2" }, []string{"the file has it in dry run"}, true},
		"changed":       {func(w *want, _ *stack) { w.configuration = "c2" }, []string{"the file has changed since it was deployed"}, true},
		"older":         {func(_ *want, s *stack) { s.dryRun, s.configuration = "", "" }, []string{"it was deployed by a version that does not tell its configuration"}, true},
		"failed":        {func(_ *want, s *stack) { s.state = "DELETE_FAILED" }, []string{"its stack is in DELETE_FAILED"}, true},
		"function gone": {func(_ *want, s *stack) { s.functions[0].Missing = true }, []string{"the function caretaker-prod-janitor is missing"}, true},
		"braked":        {func(_ *want, s *stack) { s.functions[0].Braked = true }, []string{"DRY_RUN in the environment of caretaker-prod-janitor stops it, and no deployment takes that back"}, false},
		"in earnest for all that": {
			func(_ *want, s *stack) { s.functions[0] = ran(s.functions[0], "11:59", false) },
			[]string{"it was deployed in dry run and its last run was in earnest: the settings in its zip were changed"},
			true,
		},
		"in earnest until then": {func(_ *want, s *stack) { s.functions[0] = ran(s.functions[0], "12:01", false) }, []string{}, false},
		"ran dry":               {func(_ *want, s *stack) { s.functions[0] = ran(s.functions[0], "11:59", true) }, []string{}, false},
		"in other Region":       {func(_ *want, s *stack) { s.region = "us-east-1" }, []string{"it is not deployed"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := janitor("prod", "eu-west-1")
			s := deployed(w)
			test.change(&w, &s)
			got := compare([]want{w}, sight{[]string{"eu-west-1", "us-east-1"}, []stack{s}, nil}, "prod")
			if len(got.Parts) != 1 || !cmp.Equal(got.Parts[0].Differs, test.differs) || got.Parts[0].deploys != test.deploys {
				t.Errorf("%+v, want %q", got.Parts, test.differs)
			}
			if wantCode := len(test.differs) > 0; (got.code() == console.WorkLeft) != wantCode {
				t.Errorf("the exit code is %d", got.code())
			}
		})
	}
}

func TestCompare_findsStacksThatTheFileDoesNotKnow(t *testing.T) {
	here, other := janitor("prod", "eu-west-1"), janitor("test", "eu-west-1")
	abroad, gone, renamed := deployed(here), deployed(janitor("old", "eu-west-1")), deployed(here)
	abroad.region, renamed.name = "us-east-1", "Caretaker-prod-Gardener"
	seen := sight{[]string{"eu-west-1", "us-east-1"}, []stack{gone, deployed(here), abroad, renamed, deployed(other)}, nil}
	got := map[string]string{}
	for _, one := range compare([]want{here, other}, seen, "").Strays {
		got[one.Region+" "+one.Stack] = one.Why
	}
	expected := map[string]string{
		"us-east-1 Caretaker-prod-Janitor":  "the file does not have us-east-1 for the stage prod",
		"eu-west-1 Caretaker-old-Janitor":   "the file does not have the stage old",
		"eu-west-1 Caretaker-prod-Gardener": "this version of Caretaker does not have such a part",
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Seen from another stage, and through a Region of another stage, they are none of its business.
	if strays := compare([]want{here, other}, seen, "test").Strays; len(strays) > 0 {
		t.Errorf("stage test has %+v", strays)
	}
}

// What was not read may be there: it is neither missing nor well.
func TestCompare_whatWasNotReadIsNotKnown(t *testing.T) {
	w := janitor("prod", "eu-west-1")
	got := compare([]want{w}, sight{[]string{"eu-west-1"}, nil, []Unread{{"eu-west-1", "denied", false}}}, "")
	if len(got.Parts) != 1 || !got.Parts[0].Unread || len(got.Parts[0].Differs) > 0 || len(got.Absent) > 0 {
		t.Errorf("%+v", got)
	}
	partly := compare([]want{w}, sight{[]string{"eu-west-1"}, []stack{deployed(w)}, []Unread{{"eu-west-1", "its log: denied", true}}}, "")
	if partly.code() != console.Failed || partly.Parts[0].Unread || partly.Parts[0].Deployed == nil {
		t.Errorf("in part: %+v", partly)
	}
	if got.code() != console.Failed || got.Parts[0].deployed() != "not known" {
		t.Errorf("code %d, %q", got.code(), got.Parts[0].deployed())
	}
}

// Each stage may have an account of its own.
func TestCompare_aStageThatIsNotInThisAccountIsNoDifference(t *testing.T) {
	base, prod := janitor("default", "eu-west-1"), janitor("prod", "eu-west-1")
	regions := []string{"eu-west-1"}
	got := compare([]want{base, prod}, sight{regions, []stack{deployed(prod)}, nil}, "")
	if got.code() != console.Done || !cmp.Equal(got.Absent, []string{"default"}) {
		t.Errorf("%+v", got)
	}
	if got := compare([]want{base, prod}, sight{regions, []stack{deployed(prod)}, nil}, "default"); got.code() != console.WorkLeft {
		t.Errorf("chosen: %+v", got)
	}
	if got := compare([]want{base, prod}, sight{regions, nil, nil}, ""); got.code() != console.WorkLeft || !cmp.Equal(got.Absent, []string{"prod"}) {
		t.Errorf("nothing deployed: %+v", got)
	}
}

func TestCompare_aStageOfAnotherAccountIsNotExpectedHere(t *testing.T) {
	base, prod := janitor("default", "eu-west-1"), janitor("prod", "eu-west-1")
	prod.elsewhere = "111122223333"
	got := compare([]want{base, prod}, sight{[]string{"eu-west-1"}, []stack{deployed(base)}, nil}, "")
	if got.code() != console.Done || !cmp.Equal(got.Absent, []string{"prod"}) || len(got.Parts) != 1 {
		t.Errorf("%+v", got)
	}
	got = compare([]want{base, prod}, sight{[]string{"eu-west-1"}, []stack{deployed(base), deployed(prod)}, nil}, "")
	if len(got.Strays) != 1 || got.Strays[0].Why != "the file has the stage prod in account 111122223333" {
		t.Errorf("%+v", got.Strays)
	}
}

// The command that is shown for a stack deletes it, so that one of somebody else's must not be taken for ours.
func TestOurs_asksForTheNameAndTheTag(t *testing.T) {
	for name, test := range map[string]struct {
		stack, stage string
		want         bool
	}{
		"ours":                {"Caretaker-prod-Janitor", "prod", true},
		"a stage with a dash": {"Caretaker-prod-eu-Janitor", "prod-eu", true},
		"without the tag":     {"Caretaker-prod-Janitor", "", false},
		"another stage's tag": {"Caretaker-prod-Janitor", "test", false},
		"tag of a shorter":    {"Caretaker-prod-eu-Janitor", "prod", false},
		"another name":        {"Gatekeeper-prod-Janitor", "prod", false},
		"no part":             {"Caretaker-prod-", "prod", false},
	} {
		one := cloudformationtypes.Stack{StackName: &test.stack, StackStatus: cloudformationtypes.StackStatusCreateComplete}
		if test.stage != "" {
			one.Tags = []cloudformationtypes.Tag{{Key: aws.String("caretaker:stage"), Value: &test.stage}}
		}
		if _, got := ours("eu-west-1", one); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRan_takesTheLatestRunThatWasCompleted(t *testing.T) {
	var f Function
	f.ran(2000, `{"message":"run completed","error":"listing functions: denied","report":{"caretaker":"1.0.0","dryRun":true}}`)
	f.ran(1000, `{"message":"run completed"}`)
	f.ran(3000, `{"message":"version deleted"}`)
	f.ran(4000, `run completed`)
	if f.LastRun == nil || f.LastRun.At.UnixMilli() != 2000 || f.LastRun.Error != "listing functions: denied" || f.LastRun.Version != "1.0.0" || f.LastRun.DryRun == nil || !*f.LastRun.DryRun {
		t.Errorf("%+v", f.LastRun)
	}
}

// The log still has runs of the code before.
func TestVersion_isThatOfARunOfTheCodeThatIsThere(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		modified, version string
	}{
		"changed before the run": {"2026-11-29T11:59:00.000+0000", "1.0.0"},
		"changed since":          {"2026-11-29T12:01:00.000+0000", ""},
		"nobody knows when":      {"", ""},
	} {
		f := Function{Modified: test.modified, LastRun: &Run{At: at, Version: "1.0.0"}}
		if got := f.version(); got != test.version {
			t.Errorf("%s: version %q, want %q", name, got, test.version)
		}
	}
	if got := (Function{Modified: "2026-11-29T11:59:00.000+0000"}).version(); got != "" {
		t.Errorf("without a run: version %q, want none", got)
	}
}

// A stack may have several functions, such as the log-shipper's: each counts.
func TestOurs_findsEachFunctionOfAStack(t *testing.T) {
	output := func(key, value string) cloudformationtypes.Output {
		return cloudformationtypes.Output{OutputKey: &key, OutputValue: &value}
	}
	s, is := ours("eu-west-1", cloudformationtypes.Stack{
		StackName: aws.String("Caretaker-prod-LogShipper"), StackStatus: cloudformationtypes.StackStatusUpdateComplete,
		Tags: []cloudformationtypes.Tag{{Key: aws.String("caretaker:stage"), Value: aws.String("prod")}},
		Outputs: []cloudformationtypes.Output{
			output("SubscriberFunctionName", "caretaker-prod-log-shipper-subscriber"), output("FunctionName", "caretaker-prod-log-shipper"),
			output("SubscriberLogGroupName", "/aws/lambda/caretaker-prod-log-shipper-subscriber"), output("DryRun", "true"), output("Configuration", "c1"),
		},
	})
	if expected := []Function{{Name: "caretaker-prod-log-shipper"}, {Name: "caretaker-prod-log-shipper-subscriber"}}; !is || !cmp.Equal(s.functions, expected) {
		t.Fatalf("%+v, want %+v", s.functions, expected)
	}
	w := want{stage: "prod", region: "eu-west-1", part: "log-shipper", stack: s.name, on: true, dryRun: true, configuration: "c1"}
	s.functions[1].Missing = true
	got := compare([]want{w}, sight{[]string{"eu-west-1"}, []stack{s}, nil}, "prod")
	if expected := []string{"the function caretaker-prod-log-shipper-subscriber is missing"}; len(got.Parts) != 1 || !cmp.Equal(got.Parts[0].Differs, expected) {
		t.Errorf("%+v, want %q", got.Parts, expected)
	}
	s.functions[1] = Function{Name: s.functions[1].Name, Braked: true}
	got = compare([]want{w}, sight{[]string{"eu-west-1"}, []stack{s}, nil}, "prod")
	if expected := []string{"DRY_RUN in the environment of caretaker-prod-log-shipper-subscriber stops it, and no deployment takes that back"}; !cmp.Equal(got.Parts[0].Differs, expected) {
		t.Errorf("%+v, want %q", got.Parts, expected)
	}
}
