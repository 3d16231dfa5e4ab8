package warmer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"caretaker/internal/environments"
	"caretaker/internal/want"
	"caretaker/warmer"
)

// What users of other warmers reported, each with its input. Their numbers are those of the reports.

// lambda-warmer#59, bref#734: four were asked for, inits took long, and two environments were seen.
func TestReported_slowInitsStillMakeAsManyEnvironments(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{Spread: 150 * time.Millisecond, Seed: 59}, 4, environments.Function{Name: "checkout", Init: 1100 * time.Millisecond, Timeout: 10 * time.Second})
	w := r.warmer(t)
	first := of(t, good(t, w), "checkout")
	want.Equal(t, "distinct", first.Distinct, 4)
	want.Equal(t, "cold", first.Cold, 4)
	want.Equal(t, "environments of the model", r.Counts("checkout").Reached, 4)
	second := of(t, good(t, w), "checkout")
	want.Equal(t, "distinct in the next run", second.Distinct, 4)
	want.Equal(t, "cold in the next run", second.Cold, 0)
	// A hold that followed the inits would grow to them.
	if second.HoldMs > 1000 {
		t.Errorf("the next run holds %d ms, for a spread of 150", second.HoldMs)
	}
}

// lambda-warmer-py#14, robhowley#14: pings in a loop reach one environment. A middleware that answers with the same id
// each time, as sst#6910 made one in each call, is not counted as many either.
func TestReported_oneIdFromAllIsOneEnvironment(t *testing.T) {
	t.Parallel()
	pong := `{"caretakerPong":{"protocol":1,"environment":"always-the-same","version":"1","initType":"on-demand","pings":2,"requests":0,"initMs":1,"sinceInitMs":5000,"arrivedMs":1,"heldMs":0,"sinceRequestMs":null}}`
	r := newRegion(t, environments.Options{}, 5, environments.Function{Name: "checkout", Answer: func(context.Context, []byte) ([]byte, error) { return []byte(pong), nil }})
	report := good(t, r.warmer(t))
	checkout := of(t, report, "checkout")
	want.Equal(t, "distinct", checkout.Distinct, 1)
	want.Equal(t, "short", checkout.Short, 4)
	want.Says(t, "why", checkout.Why, "came from one environment")
	want.Equal(t, "pings: a handshake and two rounds", checkout.Pings, 1+5+5)
}

// lambda-warmer#56, serverless-plugin-warmup#220, #241: callers use an alias, and pings went to $LATEST.
func TestReported_pingsGoTheWayThatCallersGo(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{}, 3, environments.Function{Name: "checkout", Alias: "live"}, environments.Function{Name: "plain"})
	report := good(t, r.warmer(t))
	want.Equal(t, "the version behind the alias", of(t, report, "checkout").Version, "1")
	want.Equal(t, "the version without one", of(t, report, "plain").Version, "$LATEST")
	want.Equal(t, "distinct", report.Distinct, 6)
}

// lambda-warmer#10, DarkHours#75, serverless-wsgi#54: pings ran business code, with errors and alarms.
func TestReported_businessCodeRunsAtMostOnce(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	r := newRegion(t, environments.Options{}, 20, environments.Function{Name: "checkout", Answer: business(&runs)})
	w := r.warmer(t)
	for range 5 {
		good(t, w)
	}
	want.Equal(t, "runs of business code in five runs", runs.Load(), int64(1))
	r.Elapse(r.Now().Add(16*time.Minute), "checkout", nil) // what was read is old by then
	good(t, w)
	want.Equal(t, "runs of it later", runs.Load(), int64(1))
}

// serverless-plugin-warmup#117, #351, lambda-warmer-py#18: one function timed the warmer out, and it said that all were warm.
func TestReported_whatDoesNotAnswerIsSaidAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	failing := func(context.Context, []byte) ([]byte, error) { return nil, fmt.Errorf("no route") }
	r := newRegion(t, environments.Options{}, 2, environments.Function{Name: "a"}, environments.Function{Name: "b", Answer: failing}, environments.Function{Name: "c"})
	report := good(t, r.warmer(t))
	want.Equal(t, "distinct", report.Distinct, 4)
	want.Equal(t, "why b is left alone", skippedOf(t, report, "b").Reason, warmer.NotInstrumented)
}

// serverless-plugin-warmup#369: three hundred functions at once, and the connections timed out.
func TestReported_manyFunctionsShareTheConnections(t *testing.T) {
	t.Parallel()
	var functions []environments.Function
	for number := range 60 {
		functions = append(functions, environments.Function{Name: fmt.Sprint("function-", number)})
	}
	r := newRegion(t, environments.Options{Seed: 369}, 5, functions...)
	r.cfg.MaxInFlight = 52 // ten functions and a rest that is never used
	report := good(t, r.warmer(t))
	want.Equal(t, "distinct", report.Distinct, 300)
	want.Equal(t, "short", report.Shortfall, 0)
	want.Equal(t, "in flight", report.InFlight, 52)
}

// serverless-plugin-warmup#265, govuk authentication-api#699: a function was deployed, and nobody warmed it, or nobody said so.
func TestReported_aFunctionThatIsNotThereIsNamedUntilItIs(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{}, 2, environments.Function{Name: "checkout"})
	r.cfg.Functions = append(r.cfg.Functions, warmer.Function{Name: "late", Warm: map[string]int{"always": 3}})
	w := r.warmer(t)
	want.Equal(t, "why late is left alone", skippedOf(t, good(t, w), "late").Reason, warmer.NotThere)
	r.Put(environments.Function{Name: "late"})
	want.Equal(t, "distinct of late in the next run", of(t, good(t, w), "late").Distinct, 3)
}

// lambda-warmer#34: sixteen were needed, and twenty-four calls made. lambda-warmer#7: a ping made more pings.
func TestReported_aSteadyStateTakesAsManyPingsAsEnvironments(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{Spread: 50 * time.Millisecond, Seed: 34}, 16, environments.Function{Name: "checkout"})
	w := r.warmer(t)
	good(t, w)
	for range 3 {
		r.Forget()
		report := good(t, w)
		want.Equal(t, "pings", report.Pings, 16)
		want.Equal(t, "calls that arrived", r.Counts("checkout").Calls, 16)
		want.Equal(t, "new environments", r.Counts("checkout").Cold, 0)
		want.Equal(t, "reads, but for what is pinged", r.Reads() <= 1, true)
	}
}

// BuilderIO/agent-native#3425: environments were gone within seconds, and warming had no effect.
func TestReported_warmingThatDoesNotHelpIsSaid(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{IdleLife: time.Minute}, 3, environments.Function{Name: "checkout"})
	w := r.warmer(t)
	for run := 1; run <= 4; run++ {
		checkout := of(t, good(t, w), "checkout")
		want.Equal(t, fmt.Sprint("run ", run, ": cold"), checkout.Cold, 3)
		if said := strings.Contains(checkout.Note, "warming does not help here"); said != (run >= 3) {
			t.Errorf("run %d says %q", run, checkout.Note)
		}
		r.Elapse(r.Now().Add(5*time.Minute), "checkout", nil)
	}
}

// serverless-plugin-warmup#207, #292: what was sent by hand was built apart from what the schedule sent. lambda-warmer#7: a
// ping said how many more to send. Here all are of one form, and none says how many there are.
func TestReported_allPingsAreOfOneForm(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{}, 7, environments.Function{Name: "checkout"})
	form := regexp.MustCompile(`^\{"caretakerPing":\{"protocol":1,"holdMs":[0-9]{1,4}\}\}$`)
	var seen atomic.Int64
	r.faulty(func(_ http.ResponseWriter, request *http.Request) bool {
		body, err := io.ReadAll(request.Body)
		if err != nil || !form.Match(body) {
			t.Errorf("a ping is %q (%v)", body, err)
		}
		if kind := request.Header.Get("X-Amz-Invocation-Type"); kind != "RequestResponse" {
			t.Errorf("a ping is sent as %s", kind)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		seen.Add(1)
		return false
	})
	w := r.warmer(t)
	good(t, w)
	good(t, w)
	want.Equal(t, "pings in two runs", seen.Load(), int64(1+7+7))
}

// A dry run invokes nothing at all, a DryRun call neither, and says what it would do.
func TestDryRun_invokesNothing(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{}, 4, environments.Function{Name: "checkout"})
	r.cfg.DryRun = true
	report := good(t, r.warmer(t))
	want.Equal(t, "wanted", report.Wanted, 4)
	want.Equal(t, "pings", report.Pings, 0)
	want.Equal(t, "shortfall, which would set off the alarm", report.Shortfall, 0)
	want.Equal(t, "calls", r.Counts("checkout").Calls+r.Counts("checkout").Opened, 0)
}

// Half of what is reserved is left to callers: no ping meets a 429 of the function's own.
func TestReserved_halfIsLeft(t *testing.T) {
	t.Parallel()
	reserved := 9
	r := newRegion(t, environments.Options{}, 20, environments.Function{Name: "checkout", Reserved: &reserved})
	report := good(t, r.warmer(t))
	checkout := of(t, report, "checkout")
	want.Equal(t, "wanted", checkout.Wanted, 4)
	want.Equal(t, "asked", checkout.Asked, 20)
	want.Says(t, "capped", checkout.Capped, "half of the 9")
	want.Equal(t, "distinct", checkout.Distinct, 4)
	want.Equal(t, "the most at once", r.Counts("checkout").Most <= 4, true)
}

// What is read of functions is kept for a quarter of an hour, and what has changed by then is seen.
func TestReads_areKeptAndRenewed(t *testing.T) {
	t.Parallel()
	r := newRegion(t, environments.Options{}, 2, environments.Function{Name: "checkout"})
	w := r.warmer(t)
	good(t, w)
	r.Forget()
	r.Put(environments.Function{Name: "checkout", Facts: map[string]any{"SnapStart": map[string]any{"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}}})
	good(t, w)
	want.Equal(t, "reads within a quarter of an hour", r.Reads(), 0)
	r.Elapse(r.Now().Add(16*time.Minute), "checkout", nil)
	want.Equal(t, "the reason once it is read anew", skippedOf(t, good(t, w), "checkout").Reason, warmer.HasSnapStart)
}
