package warmer_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"caretaker/internal/environments"
	"caretaker/internal/want"
	"caretaker/warmer"
)

// deployed is the event of a change of checkout a moment ago.
func (r *region) deployed(operation string) warmer.Event {
	return warmer.Event{Change: &warmer.Change{Function: "checkout", Operation: operation, At: r.Now().Add(-20 * time.Second)}}
}

func withCode(sha string) environments.Function {
	return environments.Function{Name: "checkout", Facts: map[string]any{"CodeSha256": sha}}
}

// New code is asked alone and warmed at once, though what was read of the old one would still count; nobody else is pinged.
func TestDeployment_warmsTheFunctionAtOnce(t *testing.T) {
	r, begin := remembering(t, "deployed", 5, withCode("one"), environments.Function{Name: "other"})
	r.cfg.OnDeployment = true
	w := begin()
	good(t, w)
	r.Put(withCode("two"))
	r.Forget()
	r.later(t)
	report, err := w.Handle(t.Context(), r.deployed("UpdateFunctionCode"))
	want.NoError(t, "the run", err)
	want.Equal(t, "what it was for", report.Deployment, "UpdateFunctionCode of checkout")
	want.Equal(t, "distinct and cold", []int{report.Distinct, report.Cold}, []int{5, 5})
	want.Equal(t, "pings: one alone, and five", r.Counts("checkout").Calls, 6)
	want.Equal(t, "pings of the other", r.Counts("other").Calls, 0)
	want.Equal(t, "metrics, which the alarms on runs of everything would take", len(report.Metrics()), 0)
	want.Equal(t, "the run of the schedule goes on at once", good(t, w).Busy, false)
}

// A deployment is several changes within seconds, each with an event of its own, which may come twice. One run is enough.
func TestDeployment_ofSeveralChangesIsOneRun(t *testing.T) {
	r, begin := remembering(t, "debounced", 5, withCode("one"))
	r.cfg.OnDeployment = true
	good(t, begin())
	r.Put(withCode("two"))
	r.Forget()
	r.later(t)
	var group errgroup.Group
	var ran atomic.Int64
	for _, operation := range []string{"UpdateFunctionCode", "PublishVersion", "UpdateAlias", "UpdateAlias"} {
		w, event := begin(), r.deployed(operation)
		group.Go(func() error {
			report, err := w.Handle(t.Context(), event)
			if report.Ignored == "" {
				ran.Add(1)
			} else {
				want.Equal(t, "why the others did not", report.Ignored, "a run has looked at it since")
			}
			return err
		})
	}
	want.NoError(t, "four runs", group.Wait())
	want.Equal(t, "runs that pinged", ran.Load(), int64(1))
	want.Equal(t, "pings", r.Counts("checkout").Calls, 6)
	// A change that came after that run looked is another deployment.
	event := r.deployed("UpdateAlias")
	event.Change.At = r.Now().Add(-15 * time.Second).Add(time.Hour)
	r.Elapse(r.Now().Add(time.Hour), "checkout", nil)
	report, err := begin().Handle(t.Context(), event)
	want.NoError(t, "a run for a later change", err)
	want.Equal(t, "it is not ignored", report.Ignored, "")
}

// A run of the schedule that is at work is waited for.
func TestDeployment_waitsForARunThatIsAtWork(t *testing.T) {
	r, begin := remembering(t, "waits", 3, withCode("one"))
	r.cfg.OnDeployment = true
	good(t, begin())
	r.Forget()
	// Half a minute after a run began no other one of the schedule pings, and one after a deployment neither.
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	report, err := begin().Handle(ctx, r.deployed("UpdateAlias"))
	want.NoError(t, "the run without time", err)
	want.Equal(t, "it says that it did nothing", []any{report.Busy, r.Counts("checkout").Calls}, []any{true, 0})
	r.later(t)
	report, err = begin().Handle(t.Context(), r.deployed("UpdateAlias"))
	want.NoError(t, "the run", err)
	want.Equal(t, "distinct", report.Distinct, 3)
}

// While AWS is at work the old code would answer.
func TestDeployment_waitsUntilTheFunctionIsReady(t *testing.T) {
	r, begin := remembering(t, "ready", 3, withCode("one"))
	r.cfg.OnDeployment = true
	good(t, begin())
	updating := withCode("two")
	updating.Facts["LastUpdateStatus"] = "InProgress"
	r.Put(updating)
	r.Forget()
	r.later(t)
	timer := time.AfterFunc(3*time.Second, func() { r.Put(withCode("two")) })
	defer timer.Stop()
	report, err := begin().Handle(t.Context(), r.deployed("UpdateFunctionCode"))
	want.NoError(t, "the run", err)
	want.Equal(t, "distinct", report.Distinct, 3)
	want.Equal(t, "what is left alone", len(report.Skips), 0)
}

func TestDeployment_isIgnoredWhereItIsNobodysOrCaretakersOwn(t *testing.T) {
	r, begin := remembering(t, "ignored", 3, withCode("one"))
	r.cfg.OnDeployment = true
	for name, c := range map[string]struct {
		change warmer.Change
		off    bool
		says   string
	}{
		"Caretaker's own":  {warmer.Change{Function: "caretaker-default-warmer"}, false, "Caretaker's own"},
		"not in the file":  {warmer.Change{Function: "checkout-2"}, false, "the file does not name it"},
		"refused":          {warmer.Change{Function: "checkout", Void: "the call was refused"}, false, "the call was refused"},
		"switched off":     {warmer.Change{Function: "checkout"}, true, "warmer.onDeployment is false"},
		"of long ago even": {warmer.Change{Function: "check", At: time.Unix(0, 0)}, false, "the file does not name it"},
	} {
		t.Run(name, func(t *testing.T) {
			r.cfg.OnDeployment = !c.off
			reads := r.Reads()
			report, err := begin().Handle(t.Context(), warmer.Event{Change: &c.change})
			want.NoError(t, "the run", err)
			want.Equal(t, "why it is ignored", report.Ignored, c.says)
			want.Equal(t, "calls", fmt.Sprint(r.Reads()-reads, r.Counts("checkout").Calls), "0 0")
		})
	}
}

// With tags, whether somebody wants it is known once they are read.
func TestDeployment_ofAFunctionWithTheTag(t *testing.T) {
	r, begin := remembering(t, "deployed-tag", 3, environments.Function{Name: "checkout", Tags: map[string]string{warmer.Tag: "2"}}, environments.Function{Name: "other", Tags: map[string]string{warmer.Tag: "2"}})
	r.cfg.OnDeployment, r.cfg.ByTag, r.cfg.Functions = true, true, nil
	report, err := begin().Handle(t.Context(), r.deployed("CreateAlias"))
	want.NoError(t, "the run", err)
	want.Equal(t, "distinct, and pings of the other", []int{report.Distinct, r.Counts("other").Calls}, []int{2, 0})
}
