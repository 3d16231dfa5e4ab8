package janitor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"caretaker/internal/emf"
	"caretaker/internal/want"
)

// reported is the report of a run that ended with these decisions. A plan that nothing was
// carried out of stands in for the clients.
func reported(plan Plan, done []Decision, dryRun bool) Report {
	j := New(Default(), Clients{Pace: NewPace(8)}, Options{Now: func() time.Time { return today }})
	r := &run{janitor: j, plan: plan, dryRun: dryRun, done: done}
	for position := range done {
		r.deletions = append(r.deletions, position)
		r.plan.Decisions = append(r.plan.Decisions, done[position])
	}
	return r.report(context.Background(), plan.Storage)
}

func TestReport_countsWhatHappenedAndNotWhatWasPlanned(t *testing.T) {
	var done []Decision
	for number, outcome := range []Outcome{Deleted, Deleted, NotVerified, Refused, Gone, Remaining, Failed, Kept} {
		done = append(done, Decision{"checkout", Version{Number: int64(number + 1), Bytes: 1 << number}, outcome, Reason("because"), ""})
	}
	report := reported(Plan{Functions: 1, Versions: 8}, done, false)
	wanted := map[Outcome]int{Deleted: 2, NotVerified: 1, Refused: 1, Gone: 1, Remaining: 1, Failed: 1, Kept: 1}
	want.Equal(t, "the outcomes", report.Outcomes, wanted)
	want.Equal(t, "what is kept, by reason", report.KeptBy, map[Reason]int{"because": 2})
	want.Equal(t, "the bytes freed", report.BytesFreed, 3)
	if len(report.Errors) != 1 {
		t.Errorf("the errors: %q, want one", report.Errors)
	}
}

func TestReport_staysUnderAHundredKilobytes(t *testing.T) {
	long := strings.Repeat("näme-", 400)
	plan := Plan{Account: "123456789012", Region: "ap-southeast-1", Functions: 3000, Versions: 300000, Storage: Storage{75 << 30, 75 << 30}}
	for number := range 1000 {
		plan.Dynamic = append(plan.Dynamic, DynamicTarget{Function: fmt.Sprint(number, "checkout"), Kind: API, By: long})
		plan.Unread = append(plan.Unread, Unread{Check: "janitor.checks.provisionedConcurrency", Function: fmt.Sprint("function-", number), Cause: long})
	}
	done := make([]Decision, 300000)
	for number := range done {
		done[number] = Decision{
			strings.Repeat("f", 60) + fmt.Sprint(number/100),
			Version{Number: int64(number%100 + 1), Bytes: int64(number)},
			[]Outcome{Deleted, Failed, Refused, Remaining}[number%4], CallFailed, long,
		}
	}
	report := reported(plan, done, false)
	text, err := json.Marshal(report)
	want.NoError(t, "writing the report as JSON", err)
	if len(text) >= 100_000 {
		t.Errorf("the bytes of the answer: %d, want under 100000", len(text))
	}
	want.Equal(t, "errors in the report", len(report.Errors), 100)
	want.Equal(t, "the biggest in the report", len(report.Biggest), 20)
	want.Equal(t, "dynamic targets in the report", len(report.DynamicTargets), 100)
	want.Equal(t, "versions deleted", report.Outcomes[Deleted], 75000)
	want.Equal(t, "versions failed", report.Outcomes[Failed], 75000)
	want.Equal(t, "the bytes of the biggest", report.Biggest[0].Bytes, 299999)
	failure := report.err().Error()
	want.Says(t, "the error", failure, "and 95 more in the report")
	if len(failure) > 20_000 {
		t.Errorf("the bytes of the error: %d, want at most 20000", len(failure))
	}
}

func TestReport_namesDynamicTargetsWhetherTheyProtectOrNot(t *testing.T) {
	plan := Plan{Findings: Findings{Dynamic: []DynamicTarget{
		{Function: "checkout", Kind: StateMachine, By: "orders"},
		{Function: "check", Prefix: true, Kind: API, By: "shop"},
		{Prefix: true, Kind: Schedule, By: "nightly"},
		{Prefix: true, Kind: Schedule, By: "nightly"},
	}}}
	wanted := []string{
		"api shop may call functions named check*", "schedule nightly may call any function", "state machine orders may call any version of checkout",
	}
	want.Equal(t, "the dynamic targets of the report", reported(plan, nil, true).DynamicTargets, wanted)
}

func TestHeadline_isAHundredASCIICharactersAtMost(t *testing.T) {
	full := Storage{Used: 1000 << 30, Limit: 300 << 30}
	for name, report := range map[string]Report{
		"janitor eu-west-1: nothing to delete":  {},
		"could go":                              {DryRun: true, Outcomes: map[Outcome]int{Deletable: 999999, NotLookedAt: 1}, DeletableBytes: 1000 << 40},
		"999999 versions deleted":               {Outcomes: map[Outcome]int{Deleted: 999999}, BytesFreed: 1000 << 40},
		"references belt closed":                {Belt: Belt{Name: ReferencesBelt, Message: "much"}},
		"idle, storage is low":                  {Idle: true},
		"999999 versions remain":                {Outcomes: map[Outcome]int{Remaining: 999999}},
		"999999 versions refused by AWS":        {Outcomes: map[Outcome]int{Refused: 999999}},
		"999999 versions could not be deleted":  {Outcomes: map[Outcome]int{Failed: 999999}},
		"999999 versions deleted, not verified": {Outcomes: map[Outcome]int{NotVerified: 999999}},
	} {
		report.Region, report.After = "ap-southeast-99", full
		line := report.Headline()
		for _, letter := range []byte(line) {
			if letter < ' ' || letter > '~' {
				t.Errorf("the headline %q holds %q, want ASCII that can be printed alone", line, letter)
			}
		}
		want.Says(t, "the headline", line, strings.TrimPrefix(name, "janitor eu-west-1: "))
		if len(line) > 100 {
			t.Errorf("the headline has %d characters, want at most 100: %q", len(line), line)
		}
	}
}

func TestSize_countsIn1024(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KB", 80530636800: "75.0 GB", 1 << 60: "1048576.0 TB"} {
		if got := Size(bytes); got != want {
			t.Errorf("%d is %s, not %s", bytes, got, want)
		}
	}
}

func TestMetrics_areWhatTheNextRunIsComparedWith(t *testing.T) {
	storage := Storage{50, 100}
	for _, test := range []struct {
		name            string
		report          Report
		heartbeat, seen bool
	}{
		{"a run that went well", Report{completed: true}, true, true},
		{"a dry run", Report{completed: true, DryRun: true}, true, true},
		{"a dry run that a belt would have stopped", Report{completed: true, DryRun: true, Belt: Belt{Name: PercentBelt}}, true, true},
		{"a dry run that saw too little to be believed", Report{completed: true, DryRun: true, Belt: Belt{Name: ReferencesBelt}, doubted: true}, true, false},
		{"a run that came to a part of the functions", Report{completed: true, partly: true}, true, true},
		{"a run that a belt stopped", Report{Belt: Belt{Name: PercentBelt}}, false, false},
		{"an idle run", Report{completed: true, Idle: true}, true, false},
		{"a run that failed", Report{}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.report.Before, test.report.After = storage, storage
			test.report.Functions, test.report.References, test.report.FunctionsRead = 7, map[Kind]int{Pipe: 2}, map[Kind]int{Pipe: 0, Alias: 5}
			got := map[string]float64{}
			for _, metric := range test.report.Metrics() {
				got[metric.Name+metric.Dimensions["Kind"]] = metric.Value
			}
			_, alive := got["RunCompleted"]
			want.Equal(t, "there is a heartbeat", alive, test.heartbeat)
			_, seen := got["FunctionsSeen"]
			want.Equal(t, "what it saw is remembered", seen, test.seen)
			_, aliases := got["FunctionsReadalias"]
			if test.seen {
				want.Equal(t, "pipes found", got["ReferencesFoundpipe"], 2)
				want.Equal(t, "aliases found", got["ReferencesFoundalias"], 0)
				want.Equal(t, "it is remembered of how many functions aliases were read", aliases, !test.report.partly)
			}
			want.Equal(t, "the bytes of storage", got["CodeStorageBytes"], 50)
			want.Equal(t, "the percentage of storage", got["CodeStoragePercent"], 50)
		})
	}
}

func TestMetrics_countAllThatWaits(t *testing.T) {
	report := Report{DryRun: true, Before: Storage{1, 2}, Outcomes: map[Outcome]int{Deletable: 3, NotLookedAt: 4, Remaining: 5}}
	wanted := emf.Metric{Name: "Remaining", Value: 12, Unit: emf.Count}
	for _, metric := range report.Metrics() {
		if metric.Name != wanted.Name {
			continue
		}
		want.Equal(t, "the metric", metric, wanted)
		return
	}
	t.Errorf("the metric %s: none in %+v, want one", wanted.Name, report.Metrics())
}
