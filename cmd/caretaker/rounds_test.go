package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator/lambdasim"
)

// longRun is a Region in which each deletion takes two minutes by the command's clock, so that
// what was found is too old after some fifteen of them. Before is called ahead of each call, one by one.
type longRun struct {
	*lambdasim.Server
	before func(call lambdasim.Call, calls map[string]int) *lambdasim.Fault

	mutex sync.Mutex
	clock time.Time
	calls map[string]int
}

// newLongRun has 50 versions, of which 35 go; the last of them is orders-00005:1.
func newLongRun(t *testing.T) *longRun {
	t.Helper()
	functions := orders(5)
	functions[4].Versions[0].CodeSize = 1
	l := &longRun{clock: time.Now(), calls: map[string]int{}}
	l.Server = fleet(t, lambdasim.Options{Before: l.call}, functions...)
	return l
}

func (l *longRun) call(call lambdasim.Call) *lambdasim.Fault {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.calls[call.Operation]++
	if call.Operation == "DeleteFunction" {
		l.clock = l.clock.Add(2 * time.Minute)
	}
	if l.before == nil {
		return nil
	}
	return l.before(call, l.calls)
}

func (l *longRun) now() time.Time {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.clock
}

// onTheSecondLook calls do when everything is looked at again for the first time: the storage is
// read once before each round and once after.
func (l *longRun) onTheSecondLook(do func()) {
	l.before = func(call lambdasim.Call, calls map[string]int) *lambdasim.Fault {
		if call.Operation == "GetAccountSettings" && calls[call.Operation] == 3 {
			do()
		}
		return nil
	}
}

func (l *longRun) apply(t *testing.T, typed string, flags ...string) result {
	t.Helper()
	return sitting(t, l.Server, console.Console{In: strings.NewReader(typed), Asks: true, Now: l.now}, with(append([]string{"janitor", "apply"}, append(fewCalls, flags...)...)...)...)
}

// fewCalls switch off what is a call a function at the pace of AWS, in each of the rounds.
var fewCalls = []string{"--set", "janitor.checks.provisionedConcurrency=false", "--set", "janitor.checks.asyncDestinations=false"}

// deleted is what the summary says when so many versions were there in all.
func (l *longRun) deleted(all int) string {
	return fmt.Sprintf("Deleted         %d versions", all-l.VersionCount())
}

func TestRounds_lookAgainAndDeleteNoMoreThanWasConfirmed(t *testing.T) {
	l := newLongRun(t)
	l.onTheSecondLook(func() {
		l.Map(lambdasim.Mapping{FunctionARN: lambdasim.ARN("orders-00005", "1"), SourceARN: "arn:aws:sqs:us-east-1:000000000000:queue"})
		late := orders(1)[0]
		late.Name = "payments"
		l.Put(late)
	})
	got := l.apply(t, "35\n")
	got.expect(t, console.Done, "looking again", "would still be deleted.", "Deleted         34 versions", "Looked at       5 functions, 50 versions",
		"orders-00001  1-7           7  13.9 MB  superseded 10 to 4 days ago", "orders-00005  2-7 ", "1 referenced by event source mapping")
	for _, once := range []string{"Deleted in us-east-1", "Code storage", "Deleted         "} {
		if count := strings.Count(got.out, once); count != 1 {
			t.Errorf("%q stands there %d times", once, count)
		}
	}
	left(t, l.Server, "orders-00001", numbers(8, 10))
	left(t, l.Server, "orders-00005", append([]int{1}, numbers(8, 10)...))
	left(t, l.Server, "payments", numbers(1, 10))
	caretaker(t, environment(l.Server), with("janitor", "apply", "--yes", "--set", "janitor.exclude.names=[payments]")...).
		expect(t, console.Done, "Deleted         nothing")
}

func TestRounds_areOneReport(t *testing.T) {
	l := newLongRun(t)
	l.before = func(call lambdasim.Call, _ map[string]int) *lambdasim.Fault {
		if call.Operation != "DeleteFunction" {
			return nil
		}
		switch call.Function + ":" + call.Qualifier {
		case "orders-00003:3":
			return &lambdasim.Fault{Status: http.StatusConflict, Code: "ResourceConflictException", Message: "an alias has it"}
		case "orders-00002:6":
			return &lambdasim.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "not authorized"}
		}
		return nil
	}
	got := l.apply(t, "", "--yes", "--json")
	got.expect(t, console.Failed, "deleting orders-00002:6: ", "grant lambda:DeleteFunction on arn:*:lambda:*:*:function:*:*")
	valid(t, got.out)
	var document struct {
		Regions []struct {
			Decisions []struct {
				Function, Outcome string
				Version, Bytes    int64
			}
			Report struct {
				Versions                   int
				Outcomes, KeptBy, Calls    map[string]int
				BytesFreed, DeletableBytes int64
				Before, After              struct{ Used int64 }
				Biggest                    []struct{ Outcome string }
				Errors                     []string
			}
		}
	}
	if err := json.Unmarshal([]byte(got.out), &document); err != nil {
		t.Fatal(err)
	}
	region := document.Regions[0]
	outcomes := map[string]int{}
	var deleted, deletable int64
	for position, d := range region.Decisions {
		outcomes[d.Outcome]++
		if d.Outcome == "deleted" {
			deleted += d.Bytes
		}
		if d.Outcome != "kept" {
			deletable += d.Bytes
		}
		if position == 0 {
			continue
		}
		if last := region.Decisions[position-1]; last.Function > d.Function || last.Function == d.Function && last.Version >= d.Version {
			t.Errorf("%s:%d comes after %s:%d", d.Function, d.Version, last.Function, last.Version)
		}
	}
	report := region.Report
	for _, counted := range []map[string]int{outcomes, report.Outcomes} {
		if diff := cmp.Diff(map[string]int{"kept": 20, "deleted": 33, "refused": 1, "failed": 1}, counted); diff != "" {
			t.Error(diff)
		}
	}
	if report.Versions != 50 || report.BytesFreed != deleted || report.Before.Used-report.After.Used != deleted || report.DeletableBytes != deletable {
		t.Errorf("%d bytes of %d were freed, and the report says %+v", deleted, deletable, report)
	}
	if len(report.Errors) != 1 || report.KeptBy["AWS reports a conflict"] != 1 || len(report.Biggest) != 20 || report.Biggest[19].Outcome == "remaining" {
		t.Errorf("the report says %+v", report)
	}
	for call, count := range map[string]int{"Lambda.DeleteFunction": 35, "Lambda.ListEventSourceMappings": l.calls["ListEventSourceMappings"]} {
		if report.Calls[call] != count {
			t.Errorf("%d calls of %s, not %d", report.Calls[call], call, count)
		}
	}
	if looks := report.Calls["Lambda.GetPolicy"]; looks < 35 { // and again where findings became old meanwhile
		t.Errorf("%d policies were looked at", looks)
	}
	if l.calls["ListEventSourceMappings"] < 2 {
		t.Error("there was one round only")
	}
}

func TestRounds_aBeltThatClosesMeanwhileStopsThem(t *testing.T) {
	l := newLongRun(t)
	l.onTheSecondLook(func() { l.Put(lambdasim.Generate(9, 90, time.Now().Add(-48*time.Hour))[5:]...) })
	got := l.apply(t, "35\n", "--set", "janitor.belts.maxPercent=75")
	got.expect(t, console.BeltClosed,
		"the percent belt is closed, nothing more is deleted", "versions: percent belt closed", l.deleted(410))
	left(t, l.Server, "orders-00005", append([]int{1}, l.Versions("orders-00005")[1:]...))
	left(t, l.Server, "orders-00009", numbers(1, 90))
}

func TestRounds_anErrorOnTheSecondLookStopsThem(t *testing.T) {
	l := newLongRun(t)
	l.before = func(call lambdasim.Call, calls map[string]int) *lambdasim.Fault {
		if call.Operation == "ListEventSourceMappings" && calls[call.Operation] == 2 || call.Operation == "GetAccountSettings" && calls[call.Operation] == 3 {
			return &lambdasim.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "not authorized"}
		}
		return nil
	}
	got := l.apply(t, "35\n")
	got.expect(t, console.Failed, "reading the account's code storage (lambda:GetAccountSettings)", l.deleted(50), "versions: looked at too long ago")
	left(t, l.Server, "orders-00005", append([]int{1}, l.Versions("orders-00005")[1:]...))
}

func TestRounds_anInterruptEndsThem(t *testing.T) {
	l := newLongRun(t)
	interrupts, released := make(chan os.Signal), make(chan struct{})
	l.onTheSecondLook(func() {
		interrupts <- os.Interrupt
		<-released
	})
	for _, variable := range environment(l.Server) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var out strings.Builder
	var errs watched
	code := run(with("janitor", "apply", "--yes"), console.Console{Out: &out, Err: &errs, Now: l.now}, interrupts)
	close(released)
	result{code, out.String(), errs.String()}.expect(t, console.WorkLeft, "Stopping", l.deleted(50), "versions: you stopped the command", "the same command continues with them")
	left(t, l.Server, "orders-00005", append([]int{1}, l.Versions("orders-00005")[1:]...))
}

// A machine that sleeps while a last look is taken, or while a deletion waits for its turn, wakes with
// old findings.
func TestRounds_deleteNothingThatWasLookedAtBeforeASleep(t *testing.T) {
	l := newLongRun(t)
	slept := false
	l.before = func(call lambdasim.Call, calls map[string]int) *lambdasim.Fault {
		if call.Operation == "GetPolicy" && !slept {
			slept = true
			l.clock = l.clock.Add(3 * time.Hour)
			for _, f := range []string{"orders-00001", "orders-00002", "orders-00003", "orders-00004", "orders-00005"} {
				for _, v := range []string{"1", "2", "3", "4", "5", "6", "7"} {
					l.Map(lambdasim.Mapping{FunctionARN: lambdasim.ARN(f, v), SourceARN: "arn:aws:sqs:us-east-1:000000000000:queue"})
				}
			}
		}
		return nil
	}
	l.apply(t, "35\n")
	for _, d := range l.Deletions() {
		t.Errorf("deleted %s:%s, which an event source mapping feeds by now", d.Function, d.Qualifier)
	}
}
