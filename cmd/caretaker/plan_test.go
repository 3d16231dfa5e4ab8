package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/lambdasim"
)

func TestPlan_showsWhatWouldGoAndWhyAndDeletesNothing(t *testing.T) {
	functions := orders(2)
	functions[1].Aliases = []lambdasim.Alias{{Name: "live", Version: "10"}, {Name: "previous", Version: "3"}}
	functions[1].Policies = map[string]string{"5": `{"Statement":[]}`}
	sim := fleet(t, lambdasim.Options{}, functions...)
	got := caretaker(t, environment(sim), with("janitor", "plan")...)
	got.expect(t, console.Done,
		"orders-00001  1-7              7  ",
		"superseded 10 to 4 days ago",
		"orders-00002  1-2, 4, 6-7      5  ",
		"orders-00002  3         referenced by alias previous",
		"orders-00002  5         resource policy on the version: something outside may call this very version",
		"Account         000000000000, Region us-east-1, stage default",
		"Looked at       2 functions, 20 versions",
		"Would go        12 versions",
		"To delete them: AWS_ENDPOINT_URL="+others.Endpoint()+" "+console.Shell(os.Args[0])+" janitor apply --config none --set janitor.checks.aliasHistory=false --set janitor.rate=15 --region us-east-1",
	)
	for line := range strings.Lines(sitting(t, sim, console.Console{Width: 60}, with("janitor", "plan")...).out) {
		if length := len(strings.TrimSpace(line)); length > 60 {
			t.Errorf("a line of %d columns in a terminal of 60: %s", length, line)
		}
	}
	if strings.Contains(got.out, "alias live") {
		t.Error("a version that stays anyway is listed")
	}
	if len(sim.Deletions()) > 0 {
		t.Errorf("%v was deleted", sim.Deletions())
	}
}

func TestPlan_allHasALineForEachDecision(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	got := caretaker(t, environment(sim), with("janitor", "plan", "--all")...)
	got.expect(t, console.Done, "$LATEST", "is $LATEST", "superseded (10 days ago)", "among the newest (3)")
	if lines := strings.Count(got.out, "orders-00001 "); lines != 11 {
		t.Errorf("%d lines, not one for each of 10 versions and $LATEST", lines)
	}
}

func TestPlan_setHoldsForOneCommand(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	caretaker(t, environment(sim), with("janitor", "plan", "--set", "janitor.keep.newest=1", "--set", "janitor.pressure.newest=1")...).
		expect(t, console.Done, "orders-00001  1-9 ", "1 among the newest")
}

func TestPlan_withoutAFileSaysThatTheDefaultsHold(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	caretaker(t, environment(sim), "janitor", "plan").expect(t, console.Done, "There is no caretaker.yaml here: the shipped defaults hold.", "Would go        7 versions")
}

func TestPlan_saysWhereAStageHasOtherRules(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	args := []string{"janitor", "plan", "--config", staged(t, "{exclude: {names: [orders-*]}}")}
	caretaker(t, environment(sim), args...).expect(t, console.Done, "Would go        7 versions",
		"Note: these are the rules of the file's base; those of stage prod delete other versions: --stage prod.")
	got := caretaker(t, environment(sim), append(args, "--stage", "prod")...)
	got.expect(t, console.Done, "Would go        0 versions")
	if strings.Contains(got.err, "the rules of the file's base") {
		t.Error(got.err)
	}
}

func TestPlan_namesTheJanitorsOfOtherStages(t *testing.T) {
	functions := orders(3)
	functions[1].Name, functions[2].Name = "caretaker-default-janitor", "caretaker-prod-janitor"
	sim := fleet(t, lambdasim.Options{}, functions...)
	got := caretaker(t, environment(sim), with("janitor", "plan")...)
	got.expect(t, console.Done, "Note: in us-east-1 runs caretaker-prod-janitor, by the rules of stage prod; this is stage default.")
	if count := strings.Count(got.err, "Note"); count != 1 {
		t.Errorf("%d notes", count)
	}
	person(t, sim, "no\n", with("janitor", "apply")...).expect(t, console.WorkLeft, "by the rules of stage prod; this is stage default.")
}

func TestPlan_marksWhatItHadNoTimeToLookAt(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	path := filepath.Join(t.TempDir(), "plan.json")
	caretaker(t, environment(sim), with("janitor", "plan", "--policy-time", "0s", "--out", path)...).expect(t, console.Done,
		", 7 unseen", "Would go        7 versions", "7 of them unseen: no time for their policies; apply looks at each", "plan.json holds 7 versions")
	if looked := sim.Calls()["GetPolicy"]; looked != 0 {
		t.Errorf("%d policies were looked at", looked)
	}
}

func TestPlan_endsInAnErrorThatNamesTheAction(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "ListProvisionedConcurrencyConfigs" {
			return &lambdasim.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "not authorized"}
		}
		return nil
	}}, orders(1)...)
	got := caretaker(t, environment(sim), with("janitor", "plan")...)
	got.expect(t, console.Failed, "grant lambda:ListProvisionedConcurrencyConfigs", "Would go        0 versions")
	if !strings.Contains(got.err, "caretaker: us-east-1: ") || !strings.Contains(got.out, "Errors") {
		t.Error("the error is not both with the result and on stderr")
	}
}

func TestPlan_jsonIsAsItsSchemaSays(t *testing.T) {
	functions := orders(2)
	functions[1].Aliases = []lambdasim.Alias{{Name: "previous", Version: "3"}}
	sim := fleet(t, lambdasim.Options{}, functions...)
	for _, args := range [][]string{{"janitor", "plan", "--json"}, {"janitor", "apply", "--json", "--yes"}} {
		got := caretaker(t, environment(sim), with(args...)...)
		got.expect(t, console.Done)
		valid(t, got.out)
		var document struct {
			Command string
			Regions []struct {
				Region    string
				Decisions []struct{ Outcome string }
				Report    struct{ Outcomes map[string]int }
			}
		}
		if err := json.Unmarshal([]byte(got.out), &document); err != nil {
			t.Fatal(err)
		}
		counted := map[string]int{}
		for _, decision := range document.Regions[0].Decisions {
			counted[decision.Outcome]++
		}
		want := map[string]int{"kept": 9, "deletable": 13}
		if args[1] == "apply" {
			want = map[string]int{"kept": 9, "deleted": 13}
		}
		if diff := cmp.Diff(want, counted); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(counted, document.Regions[0].Report.Outcomes); diff != "" {
			t.Error(diff)
		}
	}
}

// valid checks a document against the schema of what --json writes.
func valid(t *testing.T, text string) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("testdata/output.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
}

func TestPlan_interruptedBeforeThereIsOneSaysSo(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Latency: 100 * time.Millisecond}, orders(40)...)
	p := begin(t, environment(sim), with("janitor", "plan")...)
	eventually(t, "functions are listed", func() bool { return sim.Calls()["ListFunctions"] > 0 })
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	got := p.end(t)
	got.expect(t, console.WorkLeft, "Stopping. Nothing has been changed.", "No plan         "+console.ReadingStopped, "caretaker: "+console.ReadingStopped)
	for _, not := range []string{"error", "delet"} {
		if strings.Contains(got.out+got.err, not) {
			t.Errorf("%q is said of a reading that somebody stopped:\n%s%s", not, got.out, got.err)
		}
	}
}

func TestPlan_interruptedOverPoliciesSaysThatItWas(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Latency: 20 * time.Millisecond}, orders(20)...)
	p := begin(t, environment(sim), with("janitor", "plan")...)
	eventually(t, "policies are looked at", func() bool { return sim.Calls()["GetPolicy"] > 0 })
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.end(t).expect(t, console.WorkLeft, "Stopping. Nothing has been changed.", "you stopped the command before their policies were looked at; apply looks at each",
		"caretaker: "+console.ReadingStopped)
}

// What the one that was stopped refers to in the other is not known.
func TestPlan_interruptedInOneRegionMakesNoneInTheOthers(t *testing.T) {
	seedIn(t, "us-east-2", "billing")
	interrupts := make(chan os.Signal)
	others.Inject(emulator.Fault{Match: func(call emulator.Call) bool {
		return call.Region == "eu-central-1" && call.Operation == "ListFunctions"
	}, Before: func(emulator.Call) {
		interrupts <- os.Interrupt
	}, Delay: time.Second})
	t.Cleanup(others.ClearFaults)
	for _, variable := range environment(nil) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var out strings.Builder
	var errs watched
	code := run(with("janitor", "plan", "--region", "us-east-2,eu-central-1"), console.Console{Out: &out, Err: &errs, Now: time.Now}, interrupts)
	got := result{code, out.String(), errs.String()}
	got.expect(t, console.WorkLeft, "Region us-east-2, stage default\nNo plan         "+console.ReadingStopped)
	if strings.Contains(got.out+got.err, "error") {
		t.Errorf("it speaks of an error:\n%s%s", got.out, got.err)
	}
}

func TestPlan_leavesNoHalfFileBehind(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "ListFunctions" {
			return &lambdasim.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "not authorized"}
		}
		return nil
	}}, orders(1)...)
	folder := t.TempDir()
	caretaker(t, environment(sim), with("janitor", "plan", "--out", filepath.Join(folder, "plan.json"))...).expect(t, console.Failed, "listing functions", "No plan",
		"AccessDeniedException: not authorized")
	got := sitting(t, sim, console.Console{Width: 80}, with("janitor", "plan")...)
	got.expect(t, console.Failed, "No plan", "caretaker: us-east-1: failed: see Errors or No plan above")
	if strings.Contains(got.out+got.err, "operation error") || strings.Contains(got.err, "not authorized") {
		t.Errorf("an error stands there twice, or with the SDK's layers:\n%s%s", got.out, got.err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	caretaker(t, environment(sim), with("janitor", "plan", "--out", filepath.Join(folder, "absent", "plan.json"))...).expect(t, console.Failed,
		"writing the plan to "+filepath.Join(folder, "absent", "plan.json")+": no such file or directory")
	caretaker(t, environment(sim), with("janitor", "plan", "--out", folder)...).expect(t, console.Misused, "--out: "+folder+" is a folder")
	caretaker(t, environment(sim), with("janitor", "plan", "--out", "-")...).expect(t, console.Misused, "--out: - is not allowed")
}

func TestPlan_ofSeveralRegionsIsOneDocumentInOrder(t *testing.T) {
	seedIn(t, "ap-south-1", "billing")
	seedIn(t, "eu-north-1", "invoices")
	folder := t.TempDir()
	args := with("janitor", "plan", "--region", "eu-north-1,ap-south-1", "--region", "us-west-2", "--out", filepath.Join(folder, "plan.json"))
	args = append(args, "--set", "janitor.keep.supersededFor=0s")
	got := caretaker(t, environment(nil), args...)
	got.expect(t, console.Done, "Would go in eu-north-1", "invoices  1-2 ", "Would go in ap-south-1", "billing   1-2 ", "plan-eu-north-1.json holds 2 versions", "Files without versions: 1.",
		"us-west-2           0         0         0    0 B", "--plan "+filepath.Join(folder, "plan-ap-south-1.json"))
	got = caretaker(t, environment(nil), append(args, "--json")...)
	got.expect(t, console.Done)
	valid(t, got.out)
	var document struct{ Regions []struct{ Region string } }
	if err := json.NewDecoder(bytes.NewBufferString(got.out)).Decode(&document); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]struct{ Region string }{{"eu-north-1"}, {"ap-south-1"}, {"us-west-2"}}, document.Regions); diff != "" {
		t.Error(diff)
	}
}
