package janitor

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// teams gives so many functions of ten versions for each name, the first name's the biggest.
func teams(each int, names ...string) []lambdasim.Function {
	var functions []lambdasim.Function
	for rank, name := range names {
		for number := range each {
			functions = append(functions, lambda(fmt.Sprintf("%s-%02d", name, number), 10, func(f *lambdasim.Function) {
				for position := range f.Versions {
					f.Versions[position].CodeSize += int64(1000 * (len(names) - rank))
				}
			}))
		}
	}
	return functions
}

// denyDeletions has AWS deny deletions whose request matches.
func (w *world) denyDeletions(pattern string) {
	matching := regexp.MustCompile(pattern)
	w.on("Lambda.DeleteFunction", func(_ int, request string) (int, string) {
		if matching.MatchString(request) {
			return http.StatusForbidden, "AccessDeniedException"
		}
		return 0, ""
	})
}

// oneError says that a run failed, and that its report tells so in one line with these parts.
func oneError(t *testing.T, report Report, err error, parts ...string) {
	t.Helper()
	if err == nil || len(report.Errors) != 1 {
		t.Fatalf("the run's error: %v, and in the report %q, want one that says %q", err, report.Errors, parts)
	}
	want.Says(t, "the error", report.Errors[0], parts...)
}

func TestHandle_aDeletionThatIsDeniedEverywhereEndsTheDeleting(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, teams(20, "orders", "cart")...)
	w.denyDeletions(".")
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if tried := w.called("Lambda.DeleteFunction"); tried > 2*mostFunctions+inFlight {
		t.Errorf("deletions tried: %d, want at most %d", tried, 2*mostFunctions+inFlight)
	}
	oneError(t, report, err, "grant lambda:DeleteFunction on arn:*:lambda:*:*:function:*:*")
	tried := w.called("Lambda.DeleteFunction")
	want.Equal(t, "versions failed, for each that was tried", report.Outcomes[Failed], tried)
	want.Equal(t, "versions remaining", report.Outcomes[Remaining], 280-tried)
	want.Equal(t, "the reason for cart-00:1", decisions["cart-00:1"].Reason, Denied)
}

func TestHandle_aDenyForSomeNamesStopsNoOther(t *testing.T) {
	for name, test := range map[string]struct {
		denied        string
		mostTried     int
		failed, stays int
	}{
		"one function, the biggest":     {"functions/prod-00", 2, 1, 7},
		"eleven functions, the biggest": {"functions/prod-", 22, 11, 77},
		"the smallest":                  {"functions/test-", 22, 11, 77},
		"the biggest and the smallest":  {"functions/(prod|stage)-", 44, 22, 154},
		"two versions, others between":  {"functions/prod-00.*Qualifier=[73]", 2, 2, 2},
		"one version":                   {"functions/prod-00.*Qualifier=7", 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, teams(11, "prod", "test", "stage")...)
			w.denyDeletions(test.denied)
			report, _, err := w.handle(t.Context(), earnest(), Options{})
			oneError(t, report, err)
			// What is under way when the second denial comes is tried too.
			if report.Outcomes[Failed] < test.failed || report.Outcomes[Failed] > test.mostTried+inFlight {
				t.Errorf("deletions tried in vain: %d, want %d to %d", report.Outcomes[Failed], test.failed, test.mostTried+inFlight)
			}
			want.Equal(t, "versions failed and remaining", report.Outcomes[Failed]+report.Outcomes[Remaining], test.stays)
			want.Equal(t, "versions deleted", report.Outcomes[Deleted], 231-test.stays)
		})
	}
}

// Twelve deletions are under way at once, so the answers to two denied ones can come before those to
// the allowed ones between.
func TestDenials_aFunctionIsGivenUpForNeighboursNotForTheOrderOfTheAnswers(t *testing.T) {
	var plan Plan
	for number := int64(7); number > 0; number-- {
		plan.Decisions = append(plan.Decisions, Decision{Function: "prod", Outcome: Deletable, Version: Version{Number: number}})
	}
	version := func(number int64) Decision { return plan.Decisions[7-number] }
	d := newDenials(neighbours(plan, plan.Deletions()))
	d.denied(version(7), "denied first")
	d.denied(version(3), "denied later")
	want.Equal(t, "given up while the versions between have no answer", d.givenUp(version(2)), "")
	d.denied(version(4), "denied last")
	want.Equal(t, "given up after two neighbours", d.givenUp(version(2)), "denied first")
	d.allowed(version(6))
	want.Equal(t, "given up after AWS allowed one", d.givenUp(version(2)), "")
}

func TestHandle_aLastLookThatIsDeniedIsOneLine(t *testing.T) {
	for _, dryRun := range []bool{true, false} {
		w := newWorld(t, lambdasim.Options{}, teams(20, "orders", "cart")...)
		w.refuse("Lambda.GetPolicy")
		cfg := earnest()
		cfg.DryRun = dryRun
		report, _, err := w.handle(t.Context(), cfg, Options{})
		oneError(t, report, err, "grant lambda:GetPolicy")
		if asked := w.called("Lambda.GetPolicy"); asked > 2*mostFunctions+inFlight {
			t.Errorf("policies asked for: %d, want at most %d", asked, 2*mostFunctions+inFlight)
		}
		want.Equal(t, "versions kept for lack of a last look", report.KeptBy[NoLastLook], 280)
	}
}
