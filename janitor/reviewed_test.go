package janitor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"caretaker/internal/tag"
	"caretaker/internal/want"
)

// fileOf holds these versions of checkout, as they were published.
func fileOf(numbers ...int64) PlanFile {
	file := PlanFile{PlanHead: PlanHead{
		Schema: planSchema, Account: "123456789012", Region: "eu-west-1", Stage: "prod", Configuration: "abc", Made: today,
	}}
	for _, number := range numbers {
		file.Versions = append(file.Versions, ReviewedVersion{
			Function: "checkout", Version: number, Bytes: number << 20, CodeSHA256: fmt.Sprint("sha", number), Reason: Superseded,
		})
	}
	return file
}

// madeBefore is a file that was made so long ago.
func madeBefore(file PlanFile, ago time.Duration) PlanFile {
	file.Made = file.Made.Add(-ago)
	return file
}

func TestReviewed_shrinksAndNeverGrows(t *testing.T) {
	other := fileOf(1, 2, 3)
	other.Versions[1].CodeSHA256 = "another"
	elsewhere := fileOf(1, 2)
	elsewhere.Versions[0].Function = "billing"
	for _, test := range []struct {
		name    string
		file    PlanFile
		changes []change
		want    []int64
	}{
		{"all of it", fileOf(1, 2, 3, 4, 5, 6, 7), nil, []int64{1, 2, 3, 4, 5, 6, 7}},
		{"a part of it", fileOf(2, 5), nil, []int64{2, 5}},
		{"nothing", fileOf(), nil, nil},
		{"more than there is", fileOf(5, 8, 10, 99), nil, []int64{5}},
		{"what an alias came to name since", fileOf(1, 2, 3), []change{referenced(Alias, "2", "live")}, []int64{1, 3}},
		{"a function made anew, known by one other code", other, nil, nil},
		{"versions published after the review", madeBefore(fileOf(1, 2, 3), 60*24*time.Hour), nil, nil},
		{"the same number of another function", elsewhere, nil, []int64{2}},
		{"a function that its owners took out since", fileOf(1, 2), []change{tagged(tag.Janitor, "off")}, nil},
		{"no more than maxDeletions, the biggest", fileOf(1, 2, 3), []change{policy(func(c *Config) { c.Belts.MaxDeletions = 2 })}, []int64{2, 3}},
		{"what maxDeletions cut off for versions not in the file", fileOf(1, 2), []change{policy(func(c *Config) { c.Belts.MaxDeletions = 1 })}, []int64{2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, cfg := checkout(10, test.changes...)
			plan := Decide(facts, History{}, cfg, today)
			before := fmt.Sprint(plan.Decisions)
			want.Equal(t, "the versions that may go", deletable(plan.Reviewed(test.file)), test.want)
			want.Equal(t, "the decisions of the plan itself", fmt.Sprint(plan.Decisions), before)
		})
	}
}

func TestConfirmed_opensNoBelt(t *testing.T) {
	facts, cfg := checkout(10, policy(func(c *Config) { c.Belts.MaxPercent = 10 }))
	plan := Decide(facts, History{}, cfg, today)
	if got := plan.Confirmed(fileOf(1, 2)).Belt; got.Name != PercentBelt {
		t.Errorf("after an answer the belt is %+v, want that of the percentage closed still", got)
	}
	if got := plan.Reviewed(fileOf(1, 2)).Belt; got.Closed() {
		t.Errorf("after a review the belt %s is closed, want none", got.Name)
	}
}

func TestReviewed_saysWhyItKeeps(t *testing.T) {
	facts, cfg := checkout(10)
	file := fileOf(1, 2)
	file.Versions[1].CodeSHA256 = "another"
	plan := Decide(facts, History{}, cfg, today).Reviewed(file)
	for number, wanted := range map[int64]Decision{
		1: {Outcome: Kept, Reason: OtherCode},
		2: {Outcome: Kept, Reason: OtherCode},
		3: {Outcome: Kept, Reason: NotReviewed},
		9: {Outcome: Kept, Reason: AmongNewest, Detail: "3"},
	} {
		got := decisionOn(plan, number)
		where := fmt.Sprintf(" for version %d", number)
		want.Equal(t, "the outcome"+where, got.Outcome, wanted.Outcome)
		want.Equal(t, "the reason"+where, got.Reason, wanted.Reason)
		want.Equal(t, "the detail"+where, got.Detail, wanted.Detail)
	}
}

func TestStaying_hasEachReasonWithItsCount(t *testing.T) {
	facts, cfg := checkout(10, referenced(Alias, "2", "live"), policy(func(c *Config) { c.Belts.MaxDeletions = 2 }))
	billing, _ := checkout(3)
	billing.Functions[0].Name = "billing"
	facts.Functions = append(facts.Functions, billing.Functions[0])
	file := fileOf(1, 2, 3, 4, 5, 8, 99)
	for _, function := range []string{"billing", "gone"} {
		for _, one := range fileOf(1, 2).Versions {
			one.Function, one.CodeSHA256 = function, "another"
			file.Versions = append(file.Versions, one)
		}
	}
	plan := Decide(facts, History{}, cfg, today).Reviewed(file)
	said := func(plan Plan) (lines []string) {
		for _, one := range plan.Staying(file) {
			lines = append(lines, fmt.Sprintf("%d %s, %s:%d %s", one.Versions, one.Reason, one.First.Function, one.First.Version.Number, one.First.Detail))
		}
		return lines
	}
	wanted := []string{
		"2 not the code that was reviewed: the function was created again, billing:1 ",
		"2 over belts.maxDeletions, checkout:1 ",
		"2 the function is gone, gone:1 ",
		"1 among the newest, checkout:8 3",
		"1 no longer there, checkout:99 ",
		"1 referenced by alias, checkout:2 live",
	}
	want.Equal(t, "the reasons, with how many stay for each", said(plan), wanted)
	plan.Belt = Belt{Name: FunctionsBelt, Message: "too few"}
	if got := said(plan); !slices.Contains(got, "2 functions belt closed, checkout:4 ") {
		t.Errorf("the reasons with a closed belt: %q, want the belt among them for checkout:4", got)
	}
	plan.Idle, plan.Decisions = true, nil
	want.Equal(t, "the reasons, where the storage is not full", said(plan), []string{"11 the storage is less full than janitor.pressure.above, checkout:1 "})
}

func TestReviewed_opensThePercentBeltAlone(t *testing.T) {
	for name, open := range map[string]bool{PercentBelt: true, FunctionsBelt: false, ReferencesBelt: false} {
		facts, cfg := checkout(10)
		plan := Decide(facts, History{}, cfg, today)
		plan.Belt = Belt{Name: name, Message: "too much"}
		if got := !plan.Reviewed(fileOf(1)).Belt.Closed(); got != open {
			t.Errorf("the %s belt is open: %t, not %t", name, got, open)
		}
		if !plan.Belt.Closed() {
			t.Errorf("the %s belt of the plan itself was opened", name)
		}
	}
}

func TestReviewed_isInTheFileAndDeletableWhateverBothHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, cfg := checkout(30, keeping(rapid.IntRange(1, 30).Draw(t, "newest")))
		cfg.Belts.MaxDeletions = rapid.IntRange(1, 30).Draw(t, "most")
		var file PlanFile
		inFile := map[int64]bool{}
		for _, number := range rapid.SliceOfDistinct(rapid.Int64Range(1, 40), rapid.ID[int64]).Draw(t, "numbers") {
			file.Versions = append(file.Versions, fileOf(number).Versions[0])
			inFile[number] = true
		}
		plan := Decide(facts, History{}, cfg, today)
		shrunk := deletable(plan.Reviewed(file))
		if len(shrunk) > len(deletable(plan)) {
			t.Fatalf("versions that may go after the review: %d, want at most %d, those of before", len(shrunk), len(deletable(plan)))
		}
		for _, number := range shrunk {
			if !inFile[number] || decisionOn(plan, number).Outcome == Kept {
				t.Fatalf("version %d goes, in the file %t, in the plan %q, want it in the file and not kept by the plan", number, inFile[number], decisionOn(plan, number).Outcome)
			}
		}
		again := plan.Reviewed(file).Reviewed(file)
		if diff := cmp.Diff(shrunk, deletable(again)); diff != "" {
			t.Fatalf("the versions that may go after a second review, want (-) and got (+):\n%s", diff)
		}
	})
}

func TestFile_isWhatWasShownAndNotWhatWasCutOff(t *testing.T) {
	facts, cfg := checkout(10, policy(func(c *Config) { c.Belts.MaxDeletions = 2 }))
	plan := Decide(facts, History{}, cfg, today)
	cfg.Belts.MaxDeletions = 100
	want.Equal(t, "the versions that may go", deletable(Decide(facts, History{}, cfg, today).Reviewed(plan.File())), []int64{6, 7})
}

func TestPlanWriter_writesWhatReadPlanReads(t *testing.T) {
	wanted := fileOf(1, 2, 3)
	wanted.Versions[1].Reason, wanted.Versions[1].Detail = MaxDeletions, "40 days ago"
	var text bytes.Buffer
	writer := NewPlanWriter(&text, wanted.PlanHead)
	writer.Add(Decision{Function: "checkout", Outcome: Kept, Reason: IsLatest})
	for position, outcome := range []Outcome{Deletable, Remaining, NotLookedAt} {
		reviewed := wanted.Versions[position]
		writer.Add(Decision{
			Function: reviewed.Function, Version: Version{Number: reviewed.Version, Bytes: reviewed.Bytes, SHA: reviewed.CodeSHA256},
			Outcome: outcome, Reason: reviewed.Reason, Detail: reviewed.Detail,
		})
	}
	writer.Add(Decision{Function: "checkout", Version: Version{Number: 4}, Outcome: Deletable, Reason: Superseded}) // without a digest
	writer.Add(Decision{Function: "checkout", Version: Version{Number: 5, SHA: "sha5"}, Outcome: Kept, Reason: AmongNewest})
	writer.Add(Decision{Function: "checkout", Version: Version{Number: 6, SHA: "sha6"}, Outcome: Remaining, Reason: OutOfTime})
	count, err := writer.Close()
	want.NoError(t, "closing the plan", err)
	want.Equal(t, "versions written", count, 3)
	if lines := strings.Count(text.String(), "\n"); lines != 5 {
		t.Errorf("lines of the plan: %d, want 5, one for each version and two around them:\n%s", lines, &text)
	}
	got, err := ReadPlan(&text)
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the plan that is read back", got, wanted)
}

func TestPlanWriter_ofNothingIsAPlanToo(t *testing.T) {
	var text bytes.Buffer
	writer := NewPlanWriter(&text, fileOf().PlanHead)
	if _, err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadPlan(&text)
	want.NoError(t, "reading a plan of nothing", err)
	want.Equal(t, "versions in it", len(got.Versions), 0)
}

func TestReadPlan_refusesWhatItDoesNotUnderstand(t *testing.T) {
	whole, err := json.Marshal(fileOf(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"another schema", `"schema":1`, `"schema":2`, "its schema is 2, and this caretaker reads 1: make a new plan"},
		{"no account", `"123456789012"`, `""`, "account, region and made must not be empty"},
		{"a key too few", `"stage":"prod",`, ``, "it lacks a key of a plan file"},
		{"a key too many", `"stage"`, `"force":true,"stage"`, `the key "force" is unknown or there twice`},
		{"a key twice", `"stage"`, `"region":"eu-west-1","stage"`, `the key "region" is unknown or there twice`},
		{"an unknown key of a version", `"bytes":2097152`, `"size":1`, `versions, entry 2: json: unknown field "size"`},
		{"a version twice", `"version":2`, `"version":1`, "versions, entry 2: checkout:1 is there twice or out of order"},
		{"version 0, which is $LATEST", `"version":1`, `"version":0`, "versions, entry 1: function, version (1 or more) and codeSha256 must not be empty"},
		{"a version as text", `"version":1`, `"version":"1"`, "versions, entry 1: version: it is a string where a whole number should be"},
		{"a time in words", `"made":"`, `"made":"about `, "is not a time like 2026-01-31T18:00:00Z"},
		{"what --json prints", `{"schema":1`, `{"schema":1,"command":"plan"`, "this is what --json prints; --plan takes the file of plan --out"},
		{"no JSON", string(whole), `# a plan`, "it is not a plan file: plan --out writes one"},
		{"a slip of the hand", `"stage":`, `"stage";`, "it is not JSON after "},
		{"no digest", `"sha2"`, `""`, "versions, entry 2: function, version (1 or more) and codeSha256 must not be empty"},
		{"an object in place of the list", `[{`, `{"a":[{`, "versions: it is not a plan file: { where [ should be"},
		{"half of it", string(whole[len(whole)/2:]), ``, "it ends too early: the plan is not whole"},
		{"nothing", string(whole), ``, "it ends too early: the plan is not whole"},
		{"a list", string(whole), `[]`, "it is not a plan file: [ where { should be"},
		{"something after it", `]}`, `]}{}`, "something follows the plan"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(string(whole), test.old, test.new, 1)
			if text == string(whole) {
				t.Fatal("nothing was changed")
			}
			got, err := ReadPlan(strings.NewReader(text))
			want.Says(t, "the error", fmt.Sprint(err), test.want)
			if got.Versions != nil {
				t.Errorf("the versions of what is refused: %v, want none", got.Versions)
			}
		})
	}
}

// endless is a file that never ends, of blanks.
type endless struct{}

func (endless) Read(into []byte) (int, error) {
	for position := range into {
		into[position] = ' '
	}
	return len(into), nil
}

func TestReadPlan_isBounded(t *testing.T) {
	_, err := ReadPlan(endless{})
	want.Says(t, "the error", fmt.Sprint(err), "larger than 256.0 MB")
}

func TestFits_refusesAnotherPlaceAndTime(t *testing.T) {
	head := fileOf().PlanHead
	for _, test := range []struct {
		name, account, region, stage string
		age                          time.Duration
		want                         string
	}{
		{"here and now", head.Account, head.Region, head.Stage, 0, ""},
		{"a day old", head.Account, head.Region, head.Stage, day, ""},
		{"older", head.Account, head.Region, head.Stage, day + time.Second, "the plan was made 1 day ago, longer ago than allowed (24h0m0s)"},
		{"another account", "210987654321", head.Region, head.Stage, 0, "the plan is for account 123456789012, and these credentials are for account 210987654321"},
		{"another Region", head.Account, "us-east-1", head.Stage, 0, "the plan is for Region eu-west-1, not for us-east-1"},
		{"another stage", head.Account, head.Region, "dev", 0, "the plan is for stage prod, not for dev"},
		{"a clock that is a little slow", head.Account, head.Region, head.Stage, -time.Minute, ""},
		{"the future", head.Account, head.Region, head.Stage, -time.Hour, "which is in the future"},
	} {
		err := head.Fits(test.account, test.region, test.stage, today.Add(test.age), day)
		if test.want == "" {
			want.NoError(t, test.name, err)
		}
		want.Says(t, "the error of "+test.name, fmt.Sprint(err), test.want)
	}
}

func FuzzReadPlan(f *testing.F) {
	whole, err := json.Marshal(fileOf(1, 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"versions":[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := ReadPlan(bytes.NewReader(text))
		if err != nil {
			want.Equal(t, fmt.Sprintf("the plan read with the error %v", err), file, PlanFile{})
			return
		}
		for _, version := range file.Versions {
			if version.Version < 1 || version.Function == "" || version.CodeSHA256 == "" {
				t.Errorf("it let %+v through, want a version of 1 or more, a function and a digest", version)
			}
		}
	})
}
