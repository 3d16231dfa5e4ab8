package janitor

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"caretaker/internal/emulator/lambdasim"
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

func TestHandle_aDeletionThatIsDeniedEverywhereEndsTheDeleting(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, teams(20, "orders", "cart")...)
	w.denyDeletions(".")
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if tried := w.called("Lambda.DeleteFunction"); tried > mostDenied*mostFunctions+inFlight {
		t.Errorf("%d deletions were tried", tried)
	}
	if err == nil || len(report.Errors) != 1 || !strings.Contains(report.Errors[0], "grant lambda:DeleteFunction on arn:*:lambda:*:*:function:*:*") {
		t.Errorf("the errors are %q", report.Errors)
	}
	if tried := w.called("Lambda.DeleteFunction"); report.Outcomes[Failed] != tried || report.Outcomes[Remaining] != 280-tried {
		t.Errorf("%d were tried, and the report says %v", tried, report.Outcomes)
	}
	if got := decisions["cart-00:1"]; got.Reason != Denied {
		t.Errorf("cart-00:1 is %+v", got)
	}
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
			if err == nil || len(report.Errors) != 1 {
				t.Errorf("the errors are %q", report.Errors)
			}
			// What is under way when the second denial comes is tried too.
			if report.Outcomes[Failed] < test.failed || report.Outcomes[Failed] > test.mostTried+inFlight {
				t.Errorf("%d were tried in vain", report.Outcomes[Failed])
			}
			if report.Outcomes[Failed]+report.Outcomes[Remaining] != test.stays || report.Outcomes[Deleted] != 231-test.stays {
				t.Errorf("the report says %v", report.Outcomes)
			}
		})
	}
}

func TestHandle_aLastLookThatIsDeniedIsOneLine(t *testing.T) {
	for _, dryRun := range []bool{true, false} {
		w := newWorld(t, lambdasim.Options{}, teams(20, "orders", "cart")...)
		w.refuse("Lambda.GetPolicy")
		cfg := earnest()
		cfg.DryRun = dryRun
		report, _, err := w.handle(t.Context(), cfg, Options{})
		if err == nil || len(report.Errors) != 1 || !strings.Contains(report.Errors[0], "grant lambda:GetPolicy") {
			t.Errorf("the errors are %q", report.Errors)
		}
		if asked := w.called("Lambda.GetPolicy"); asked > mostDenied*mostFunctions+inFlight || report.KeptBy[NoLastLook] != 280 {
			t.Errorf("%d policies were asked for, and %d versions are kept", asked, report.KeptBy[NoLastLook])
		}
	}
}
