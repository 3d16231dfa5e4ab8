package janitor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"caretaker/cmd/caretaker/console"
	"caretaker/janitor"
)

// summary is a Region in a dozen lines.
func (o *output) summary(r *region) {
	report := r.report
	empty := report.Functions == 0 && !report.Idle && r.err == nil
	if empty && len(o.session.regions) > 1 {
		return // its line under all Regions says it
	}
	o.Line("Account", "%s, Region %s, stage %s", o.session.account.Number, r.name, o.session.Stage())
	if report.Started.IsZero() {
		why := o.Red(plainly(r.err.Error()))
		if r.interrupted {
			why = r.err.Error()
		}
		o.Line("No plan", "%s\n", why)
		return
	}
	if empty {
		o.Line("Looked at", "nothing: there are no functions\n")
		return
	}
	o.storage(report)
	if report.Idle {
		o.Line("Looked at", "nothing: %s", janitor.NoPressure)
	} else {
		o.Line("Looked at", "%d functions, %d versions; %d calls, %d of them throttled", report.Functions, report.Versions, calls(report), report.Throttles)
	}
	if report.Tightened {
		o.Line("", "%s", "the storage is over janitor.pressure.tightenAbove, so janitor.pressure.newest holds")
	}
	o.outcomes(r)
	o.reasons(report)
	if len(report.NotChecked) > 0 {
		o.Line("Not checked", "%s", strings.Join(report.NotChecked, ", "))
	}
	for position, target := range report.DynamicTargets[:min(10, len(report.DynamicTargets))] {
		o.Line(console.Once("Dynamic targets", position), "%s", target)
	}
	if more := len(report.DynamicTargets) - 10; more > 0 {
		o.Line("", "and %d more; --json has them", more)
	}
	if report.Belt.Closed() {
		o.Line("Belt closed", "%s", o.Red(report.Belt.Name+": "+report.Belt.Message))
	}
	for position, problem := range r.problems() {
		o.Line(console.Once("Errors", position), "%s", o.Red(problem))
	}
	o.Printf("\n")
}

func calls(report janitor.Report) int {
	count := 0
	for _, each := range report.Calls {
		count += each
	}
	return count
}

func (o *output) storage(report janitor.Report) {
	days := ""
	if report.DaysToLimit != nil {
		days = fmt.Sprintf("; full in %.0f days at the present growth", *report.DaysToLimit)
	}
	o.Line("Code storage", "%s of %s (%.1f %%)%s", janitor.Size(report.Before.Used), janitor.Size(report.Before.Limit), report.Before.Percent(), days)
	if report.After != report.Before && report.After.Limit > 0 {
		o.Line("", "%s afterwards (%.1f %%)", janitor.Size(report.After.Used), report.After.Percent())
	}
}

// outcomes counts what goes or went.
func (o *output) outcomes(r *region) {
	report := r.report
	if report.DryRun {
		o.Line("Would go", "%s", o.Bold(fmt.Sprintf("%d versions, %s", r.report.Deletable(), janitor.Size(report.DeletableBytes))))
		if unseen := report.Outcomes[janitor.NotLookedAt]; unseen > 0 {
			why := "no time for their policies"
			if o.session.StoppedReading() {
				why = "you stopped the command before their policies were looked at"
			}
			o.Line("", "%d of them unseen: %s; apply looks at each", unseen, why)
		}
	} else if deleted := report.Outcomes[janitor.Deleted]; deleted > 0 {
		o.Line("Deleted", "%s", o.Bold(fmt.Sprintf("%d versions, %s freed", deleted, janitor.Size(report.BytesFreed))))
	} else {
		o.Line("Deleted", "nothing")
	}
	for _, outcome := range []janitor.Outcome{janitor.UnderWay, janitor.NotVerified, janitor.Refused, janitor.Gone, janitor.Failed} {
		if count := report.Outcomes[outcome]; count > 0 {
			o.Line("", "%d %s", count, outcome)
		}
	}
	for position, reason := range slices.Sorted(maps.Keys(r.left)) {
		why := string(reason)
		if (reason == janitor.OutOfTime || reason == janitor.OutOfDate) && o.session.Stopping.Err() != nil {
			why = "you stopped the command"
		}
		o.Line(console.Once("Left for later", position), "%d versions: %s", r.left[reason], why)
	}
}

// reasons counts what stays. $LATEST is nobody's question.
func (o *output) reasons(report janitor.Report) {
	kept := maps.Clone(report.KeptBy)
	delete(kept, janitor.IsLatest)
	position := 0
	for _, reason := range slices.SortedFunc(maps.Keys(kept), func(a, b janitor.Reason) int {
		return cmp.Or(cmp.Compare(kept[b], kept[a]), cmp.Compare(a, b))
	}) {
		o.Line(console.Once("Stays", position), "%6d %s", kept[reason], reason)
		position++
	}
}
