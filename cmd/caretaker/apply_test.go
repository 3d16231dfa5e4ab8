package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator/lambdasim"
)

func left(t *testing.T, sim *lambdasim.Server, function string, want []int) {
	t.Helper()
	if diff := cmp.Diff(want, sim.Versions(function)); diff != "" {
		t.Errorf("%s has other versions: %s", function, diff)
	}
}

func TestApply_deletesAndThenHasNothingToDo(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(2)...)
	audit := filepath.Join(t.TempDir(), "audit.jsonl")
	args := with("janitor", "apply", "--yes", "--audit", audit)
	caretaker(t, environment(sim), args...).expect(t, console.Done,
		"Deleted in us-east-1, biggest first", "orders-00002  1-7           7  ", "Deleted         14 versions", "afterwards")
	left(t, sim, "orders-00001", numbers(8, 10))
	left(t, sim, "orders-00002", numbers(8, 10))
	caretaker(t, environment(sim), args...).expect(t, console.Done, "Deleted         nothing")

	text, err := os.ReadFile(audit)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	want := fmt.Sprintf(`"account":"000000000000","region":"us-east-1","deleted_function":"orders-00001","deleted_version":1,"code_sha256":"%s"`, lambdasim.CodeSha256("orders-00001", 1))
	// 14 before the calls, in any order, and 14 after, in that of the plan.
	if len(lines) != 28 || !strings.Contains(lines[14], want) || !strings.Contains(lines[14], "version deleted") {
		t.Errorf("%d lines, the first of the second half is %s", len(lines), lines[min(14, len(lines)-1)])
	}
}

func TestApply_wantsATerminalOrYes(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	caretaker(t, environment(sim), with("janitor", "apply")...).expect(t, console.Misused, "there is no terminal to ask at: give --yes to delete without asking")
	left(t, sim, "orders-00001", numbers(1, 10))
}

func TestApply_wantsAFileSoThatNoExclusionIsMissed(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	caretaker(t, environment(sim), "janitor", "apply", "--yes").expect(t, console.Misused, "there is no caretaker.yaml here")
	left(t, sim, "orders-00001", numbers(1, 10))
}

// staged writes a file whose stage prod holds these keys of the janitor.
func staged(t *testing.T, prod string) string {
	t.Helper()
	return write(t, "caretaker.yaml", "version: 1\njanitor: {rate: 15, checks: {aliasHistory: false}}\nstages:\n  prod:\n    janitor: "+prod+"\n")
}

func TestApply_wantsToKnowTheStageWhereItsRulesAreOthers(t *testing.T) {
	for _, test := range []struct {
		prod, stage string
		code        console.Code
		want        string
	}{
		{"{exclude: {names: [orders-*]}}", "", console.Misused, "the rules of stage prod delete other versions than the file's base does: choose with --stage prod, or --stage default for the base"},
		{"{include: {names: [billing-*]}}", "", console.Misused, "--stage prod"},
		{"{keep: {newest: 9}}", "", console.Misused, "--stage prod"},
		{"{pressure: {newest: 1}}", "", console.Misused, "--stage prod"},
		{"{belts: {maxPercent: 50}}", "", console.Misused, "--stage prod"},
		{"{checks: {pipes: false}}", "", console.Misused, "--stage prod"},
		{"{exclude: {names: [orders-*]}}", "prod", console.Done, "10 excluded by name"},
		{"{exclude: {names: [orders-*]}}", "default", console.Done, "Deleted         7 versions"},
		{"{dryRun: false, schedule: rate(1 hour), exclude: {names: []}}", "", console.Done, "Deleted         7 versions"},
	} {
		t.Run(test.prod+test.stage, func(t *testing.T) {
			sim := fleet(t, lambdasim.Options{}, orders(1)...)
			args := []string{"janitor", "apply", "--yes", "--region", "us-east-1", "--config", staged(t, test.prod), "--set", "janitor.keep.newest=3"}
			if test.stage != "" {
				args = append(args, "--stage", test.stage)
			}
			caretaker(t, environment(sim), args...).expect(t, test.code, test.want)
			if test.code != console.Done {
				left(t, sim, "orders-00001", numbers(1, 10))
			}
		})
	}
}

func TestApply_stopsWhereDryRunIsSet(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	for _, value := range []string{"1", "yes", "true"} {
		caretaker(t, environment(sim, "DRY_RUN="+value), with("janitor", "apply", "--yes")...).
			expect(t, console.WorkLeft, "DRY_RUN="+value+" is set in the environment: nothing is deleted.", "Would go        7 versions")
	}
	left(t, sim, "orders-00001", numbers(1, 10))
	caretaker(t, environment(sim, "DRY_RUN=0"), with("janitor", "apply", "--yes")...).expect(t, console.Done, "Deleted         7 versions")
}

func TestApply_leavesWhatIsOverMaxDeletionsForTheNextTime(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	args := with("janitor", "apply", "--yes", "--set", "janitor.belts.maxDeletions=5")
	caretaker(t, environment(sim), args...).expect(t, console.WorkLeft, "Left for later  2 versions: over belts.maxDeletions", "2 versions are left; the same command continues with them")
	caretaker(t, environment(sim), args...).expect(t, console.Done, "Deleted         2 versions")
	left(t, sim, "orders-00001", numbers(8, 10))
}

func TestApply_aReviewedPlanShrinksToWhatIsStillDeletable(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(2)...)
	path := filepath.Join(t.TempDir(), "plan.json")
	caretaker(t, environment(sim), with("janitor", "plan", "--out", path)...).expect(t, console.Done, "holds 14 versions")

	// Since the review an alias came to one of them, and somebody published a function.
	if err := sim.SetAlias("orders-00001", lambdasim.Alias{Name: "rollback", Version: "4"}); err != nil {
		t.Fatal(err)
	}
	late := orders(1)[0]
	late.Name = "payments"
	sim.Put(late)
	caretaker(t, environment(sim), with("janitor", "apply", "--yes", "--plan", path)...).expect(t, console.Done,
		"plan.json holds 14 versions; 13 of them can be deleted now.", "      1 stay: referenced by alias: orders-00001:4 (rollback)\n", "Deleted         13 versions", "7 not in the reviewed plan")
	left(t, sim, "orders-00001", append([]int{4}, numbers(8, 10)...))
	left(t, sim, "orders-00002", numbers(8, 10))
	left(t, sim, "payments", numbers(1, 10))
}

func TestApply_saysOfAReviewedPlanWhyFewerGo(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(4)...)
	path := filepath.Join(t.TempDir(), "plan.json")
	caretaker(t, environment(sim), with("janitor", "plan", "--out", path)...).expect(t, console.Done, "holds 28 versions")
	path = edited(t, path, lambdasim.CodeSha256("orders-00002", 1), lambdasim.CodeSha256("another", 1))

	now := orders(3) // somebody deleted the fourth
	now[2].Versions = now[2].Versions[2:]
	now[2].Aliases = []lambdasim.Alias{{Name: "rollback", Version: "4"}}
	sim = fleet(t, lambdasim.Options{}, now...)
	caretaker(t, environment(sim), with("janitor", "apply", "--yes", "--plan", path)...).expect(t, console.Done, "holds 28 versions; 11 of them can be deleted now.",
		"      7 stay: not the code that was reviewed: the function was created again: orders-00002:1 and others\n",
		"      7 stay: the function is gone: orders-00004:1 and others\n",
		"      2 stay: no longer there: orders-00003:1 and others\n",
		"      1 stay: referenced by alias: orders-00003:4 (rollback)\n",
		"Deleted         11 versions", "7 not the code that was reviewed")
	left(t, sim, "orders-00002", numbers(1, 10))
}

// loggedOutAfter answers that the credentials have ended, after so many deletions.
func loggedOutAfter(deletions int32) lambdasim.Options {
	var count atomic.Int32
	return lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "DeleteFunction" && count.Add(1) > deletions || count.Load() > deletions {
			return &lambdasim.Fault{Status: http.StatusForbidden, Code: "ExpiredTokenException", Message: "The security token included in the request is expired"}
		}
		return nil
	}}
}

func TestApply_stopsWhereTheCredentialsEnd(t *testing.T) {
	sim := fleet(t, loggedOutAfter(20), orders(10)...)
	p := begin(t, environment(sim, "AWS_PROFILE="), with("janitor", "apply", "--yes")...)
	got := p.end(t)
	deleted := 100 - sim.VersionCount()
	got.expect(t, console.WorkLeft, fmt.Sprintf("%d deleted, not verified", deleted), fmt.Sprintf("Left for later  %d versions: AWS no longer accepts the credentials", 70-deleted),
		"ExpiredTokenException: The security token included in the request is expired\n"+
			"The rest remains: log in again, as with `aws sso login`, and the same command continues with it.")
	if said := strings.Count(got.out+got.err, "ExpiredTokenException"); said != 1 || strings.Contains(got.out+got.err, "error") {
		t.Errorf("it is said %d times:\n%s%s", said, got.out, got.err)
	}
	if tried := sim.Calls()["DeleteFunction"]; tried > 20+12 {
		t.Errorf("%d deletions were tried", tried)
	}
}

func TestApply_stopsWhereTheCredentialsEndWhileItReads(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "ListAliases" {
			return &lambdasim.Fault{Status: http.StatusForbidden, Code: "ExpiredTokenException", Message: "it expired"}
		}
		return nil
	}}, orders(10)...)
	got := caretaker(t, environment(sim), with("janitor", "apply", "--yes")...)
	got.expect(t, console.WorkLeft, "No plan         AWS no longer accepts the credentials: ", "the same command continues with it")
	if strings.Contains(got.out+got.err, "grant") {
		t.Errorf("it speaks of grants:\n%s%s", got.out, got.err)
	}
}

func TestApply_saysAtTheStartThatTheCredentialsEndSoon(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	for _, test := range []struct {
		left time.Duration
		want bool
	}{{12*time.Minute + 20*time.Second, true}, {3 * time.Hour, false}} {
		at := time.Now().Add(test.left).UTC().Format(time.RFC3339)
		got := caretaker(t, environment(sim, "AWS_SESSION_TOKEN=temporary", "AWS_CREDENTIAL_EXPIRATION="+at), with("janitor", "apply", "--yes")...)
		if said := strings.Contains(got.err, "for 12m0s more. If they are not renewed by then, the deleting stops: log in again, and the same command goes on."); said != test.want {
			t.Errorf("with %v left it says:\n%s", test.left, got.err)
		}
	}
}

func TestApply_refusesAPlanThatIsNotForHereAndNow(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	path := filepath.Join(t.TempDir(), "plan.json")
	caretaker(t, environment(sim), with("janitor", "plan", "--out", path)...).expect(t, console.Done)
	made := regexp.MustCompile(`"made":"[^"]*"`)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := write(t, "old.json", made.ReplaceAllString(string(text), `"made":"`+time.Now().Add(-25*time.Hour).Format(time.RFC3339)+`"`))
	for _, test := range []struct {
		name, path, want string
		flags            []string
	}{
		{"too old", old, "the plan was made 1 day ago, longer ago than allowed (24h0m0s)", nil},
		{"another account", edited(t, path, `"account":"000000000000"`, `"account":"123456789012"`), "the plan is for account 123456789012", nil},
		{"another Region", path, "the plan is for Region us-east-1, not for eu-west-1", []string{"--region", "eu-west-1"}},
		{"another stage", edited(t, path, `"stage":"default"`, `"stage":"prod"`), "the plan is for stage prod, not for default", nil},
		{"another schema", edited(t, path, `"schema":1`, `"schema":7`), "its schema is 7", nil},
		{"no plan", filepath.Join(t.TempDir(), "absent.json"), "reading the plan", nil},
		{"all Regions", path, "a plan is for one Region", []string{"--all-regions"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			caretaker(t, environment(sim), with(slices.Concat([]string{"janitor", "apply", "--yes", "--plan", test.path}, test.flags)...)...).expect(t, console.Misused, test.want)
		})
	}
	left(t, sim, "orders-00001", numbers(1, 10))
	caretaker(t, environment(sim), with("janitor", "apply", "--yes", "--plan", old, "--max-age", "2d")...).expect(t, console.Done, "Deleted         7 versions")
}

func TestApply_saysThatAPlanWasMadeUnderAnotherConfiguration(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	path := filepath.Join(t.TempDir(), "plan.json")
	caretaker(t, environment(sim), with("janitor", "plan", "--out", path)...).expect(t, console.Done)
	caretaker(t, environment(sim), with("janitor", "apply", "--yes", "--plan", path, "--set", "janitor.keep.newest=5")...).
		expect(t, console.Done, "was made under another configuration", "Deleted         5 versions")
	left(t, sim, "orders-00001", numbers(6, 10))
}

// The message of the percent belt names two commands; typed as they stand, they do what it says.
func TestApply_aReviewedPlanOpensThePercentBelt(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	file := staged(t, "{belts: {maxPercent: 10}}")
	folder := filepath.Dir(file)
	in := func(args ...string) result {
		t.Helper()
		p := begin(t, environment(sim), append([]string{"--config", file}, args...)...)
		return p.end(t)
	}
	closed := in("janitor", "apply", "--yes", "--stage", "prod")
	closed.expect(t, console.BeltClosed, "7 of 10 versions would go, more than belts.maxPercent (10)", "the percent belt is closed, nothing is deleted")
	left(t, sim, "orders-00001", numbers(1, 10))

	commands := regexp.MustCompile("`caretaker ([^`]*)`").FindAllStringSubmatch(closed.out, -1)
	if len(commands) != 2 {
		t.Fatalf("%d commands are named", len(commands))
	}
	typed := func(position int) []string {
		return strings.Fields(strings.ReplaceAll(commands[position][1], "plan.json", filepath.Join(folder, "plan.json")))
	}
	in(typed(0)...).expect(t, console.BeltClosed, "plan.json holds 7 versions.")
	in(append(typed(1), "--yes")...).expect(t, console.Done, "Deleted         7 versions")
	left(t, sim, "orders-00001", numbers(8, 10))
}

func TestApply_anInterruptFinishesWhatIsUnderWay(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Latency: 20 * time.Millisecond}, orders(5)...)
	p := begin(t, environment(sim), with("janitor", "apply", "--yes")...)
	eventually(t, "something is deleted", func() bool { return len(sim.Deletions()) >= 5 })
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	got := p.end(t)
	deleted := 50 - sim.VersionCount()
	got.expect(t, console.WorkLeft, "Stopping", fmt.Sprintf("Deleted         %d versions", deleted),
		fmt.Sprintf("Left for later  %d versions: you stopped the command", 35-deleted))
}

func TestApply_theSecondInterruptEndsAtOnce(t *testing.T) {
	held := make(chan struct{})
	var begun atomic.Bool
	sim := fleet(t, lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "DeleteFunction" {
			begun.Store(true)
			<-held
		}
		return nil
	}}, orders(1)...)
	defer close(held)
	p := begin(t, environment(sim), with("janitor", "apply", "--yes")...)
	eventually(t, "deletions have begun", begun.Load)
	for _, wait := range []string{"Stopping", ""} {
		if err := p.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		eventually(t, wait, func() bool { return strings.Contains(p.err.String(), wait) })
	}
	got := p.end(t)
	if status, ok := p.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		t.Errorf("it ended by itself: %+v", got)
	}
}

// person runs the command in this process, as if somebody sat at a terminal and typed.
func person(t *testing.T, sim *lambdasim.Server, typed string, args ...string) result {
	t.Helper()
	return sitting(t, sim, console.Console{In: strings.NewReader(typed), Asks: true}, args...)
}

func sitting(t *testing.T, sim *lambdasim.Server, c console.Console, args ...string) result {
	t.Helper()
	for _, variable := range environment(sim) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var out, errs strings.Builder
	c.Out, c.Err = &out, &errs
	if c.Now == nil {
		c.Now = time.Now
	}
	code := run(args, c, nil)
	return result{code, out.String(), errs.String()}
}

func TestApply_asksForTheNumberOfVersions(t *testing.T) {
	for _, test := range []struct {
		name, typed string
		code        console.Code
	}{
		{"the number", "14\n", console.Done},
		{"yes, and then the number", "yes\n14\n", console.Done},
		{"no", "no\n", console.WorkLeft},
		{"nothing", "", console.WorkLeft},
		{"another number", "15\n14\n", console.WorkLeft},
		{"yes for ever", "y\ny\ny\n14\n", console.WorkLeft},
	} {
		t.Run(test.name, func(t *testing.T) {
			sim := fleet(t, lambdasim.Options{}, orders(2)...)
			person(t, sim, test.typed, with("janitor", "apply")...).expect(t, test.code,
				"us-east-1: 14 of 20 versions would go", "You are arn:aws:iam::000000000000:root.",
				"in account 000000000000, Region us-east-1, by the rules of stage default? This cannot be undone.", "Type 14 to delete them")
			if gone := 20 - sim.VersionCount(); test.code == console.Done && gone != 14 || test.code != console.Done && gone != 0 {
				t.Errorf("%d versions are gone", gone)
			}
		})
	}
}

func TestApply_showsOnATerminalHowFarItIs(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Latency: time.Millisecond}, orders(1)...)
	got := sitting(t, sim, console.Console{Live: true, Color: true, Width: 80}, with("janitor", "apply", "--yes")...)
	got.expect(t, console.Done, "reading functions", "reading references", "deleting", "\x1b[1mDeleted in us-east-1, biggest first\x1b[0m")
	got = sitting(t, sim, console.Console{Live: true, Color: true, Width: 80}, with("janitor", "apply", "--yes", "--no-color")...)
	if strings.Contains(got.out, "\x1b") {
		t.Errorf("stdout holds escapes: %q", got.out)
	}
}

func TestApply_asksNothingWhenNothingGoes(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, lambdasim.Generate(1, 3, time.Now())...)
	got := person(t, sim, "", with("janitor", "apply")...)
	got.expect(t, console.Done, "Deleted         nothing")
	if strings.Contains(got.err, "Type") {
		t.Error("it asked")
	}
}

func TestApply_looksAgainWhenTheAnswerTookLong(t *testing.T) {
	var sim *lambdasim.Server
	lists := 0
	sim = fleet(t, lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "GetAccountSettings" {
			if lists++; lists == 2 { // the second look
				if err := sim.SetAlias("orders-00001", lambdasim.Alias{Name: "rollback", Version: "4"}); err != nil {
					panic(err)
				}
				late := orders(1)[0]
				late.Name = "payments"
				sim.Put(late)
			}
		}
		return nil
	}}, orders(1)...)
	person(t, sim, "7\n", with("janitor", "apply", "--stale-after", "0s")...).expect(t, console.Done,
		"looking at everything again", "6 of the 7 versions would still be deleted.", "Deleted         6 versions")
	left(t, sim, "orders-00001", append([]int{4}, numbers(8, 10)...))
	left(t, sim, "payments", numbers(1, 10))
}

func TestApply_aSlowAnswerLeavesOpenWhatTheReviewedPlanOpened(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	path := filepath.Join(t.TempDir(), "plan.json")
	caretaker(t, environment(sim), with("janitor", "plan", "--out", path, "--set", "janitor.belts.maxPercent=10")...).expect(t, console.BeltClosed)
	args := with("janitor", "apply", "--plan", path, "--set", "janitor.belts.maxPercent=10", "--stale-after", "0s")
	person(t, sim, "7\n", args...).expect(t, console.Done, "7 of the 7 versions would still be deleted.", "Deleted         7 versions")
}

func TestApply_theWorstRegionDecides(t *testing.T) {
	seedIn(t, "eu-west-3", "shipping")
	seedIn(t, "ca-central-1", "parcels")
	others.Inject(denied("application-autoscaling", "ca-central-1")) // it refers to nothing of another Region
	t.Cleanup(others.ClearFaults)
	got := caretaker(t, environment(nil), with("janitor", "apply", "--yes", "--region", "eu-west-3,ca-central-1", "--set", "janitor.keep.supersededFor=0s")...)
	got.expect(t, console.Failed, "Deleted         2 versions", "grant application-autoscaling:DescribeScalableTargets", "Deleted         nothing",
		"eu-west-3             1         5        2", "ca-central-1          1         5        0")
	if diff := cmp.Diff(numbers(3, 5), versionsIn(t, "eu-west-3", "shipping")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(numbers(1, 5), versionsIn(t, "ca-central-1", "parcels")); diff != "" {
		t.Error(diff)
	}
}

func TestApply_aRefusedDeletionIsShown(t *testing.T) {
	sim := fleet(t, lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "DeleteFunction" && call.Qualifier == "3" {
			return &lambdasim.Fault{Status: http.StatusConflict, Code: "ResourceConflictException", Message: "an alias has it"}
		}
		return nil
	}}, orders(1)...)
	caretaker(t, environment(sim), with("janitor", "apply", "--yes")...).expect(t, console.Done,
		"Should have gone in us-east-1 and did not", "orders-00001  3         AWS reports a conflict", "1 refused", "Deleted         6 versions")
}
