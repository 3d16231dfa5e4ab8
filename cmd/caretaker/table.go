package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/janitor"
)

// tables shows what goes, what something refers to, and what should have gone and did not.
func (o *output) tables(region string, t *tally) {
	o.going(region, t)
	if o.command != applied {
		o.table("Stays in "+region+" since something refers to it, beside the newest", t.kept, false)
		o.more(t.keptMore)
	}
	o.table("Should have gone in "+region+" and did not", t.trouble, false)
	o.more(t.troubleMore)
}

func (o *output) going(region string, t *tally) {
	slices.SortStableFunc(t.going, func(a, b group) int { return cmp.Compare(b.bytes, a.bytes) })
	verb := "Would go"
	if o.command == applied {
		verb = "Deleted"
	}
	shown := t.going[:min(mostRows, len(t.going))]
	o.table(verb+" in "+region+", biggest first", shown, true)
	if more := t.going[len(shown):]; len(more) > 0 {
		versions, bytes := sum(more)
		o.printf("and %d versions (%s) of %d more functions; --all and --json have each\n\n", versions, janitor.Size(bytes), len(more))
	}
}

func (o *output) more(count int) {
	if count > 0 {
		o.printf("and %d more; --all and --json have each\n\n", count)
	}
}

// applied is the command that deletes; its past tense is what the tables speak in.
const applied = "apply"

func sum(groups []group) (versions int, bytes int64) {
	for _, group := range groups {
		versions += group.versions.count()
		bytes += group.bytes
	}
	return versions, bytes
}

// table shows groups with the numbers of their versions, and if sized how much they take.
func (o *output) table(title string, groups []group, sized bool) {
	if len(groups) == 0 {
		return
	}
	t := plainTable()
	t.AppendHeader(table.Row{"Function", "Versions", "Count", "Bytes", "Why"})
	names, versions := 0, 0
	for _, group := range groups {
		names, versions = max(names, len(group.function)), max(versions, len(group.versions.String()))
		t.AppendRow(table.Row{group.function, group.versions.String(), group.versions.count(), janitor.Size(group.bytes), group.reason()})
	}
	columns := []table.ColumnConfig{
		{Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight, Hidden: !sized},
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight, Hidden: !sized},
	}
	if width := o.session.width; width > 0 {
		// What the names leave over is shared between the numbers and the reasons.
		left := width - names - len("    ")
		if sized {
			left -= len("COUNT  1000.0 KB  ")
		}
		left = max(24, left)
		versions = max(len("Versions"), min(versions, left*2/5))
		columns = append(columns,
			table.ColumnConfig{Number: 2, WidthMax: versions, WidthMaxEnforcer: text.WrapSoft},
			table.ColumnConfig{Number: 5, WidthMax: left - versions, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	o.printf("%s\n", o.bold(wrapped(title, o.session.width, 0)))
	o.render(t)
}

// totals has a line for each Region, under all of them.
func (o *output) totals() {
	t := plainTable()
	verb := "Would go"
	if o.command == applied {
		verb = "Deleted"
	}
	t.AppendHeader(table.Row{"Region", "Functions", "Versions", verb, "Bytes", "Left", "Storage", "Ended"})
	for _, r := range o.session.regions {
		gone, bytes := r.going(), r.report.DeletableBytes
		if o.command == applied {
			gone, bytes = r.report.Outcomes[janitor.Deleted], r.report.BytesFreed
		}
		t.AppendRow(table.Row{
			r.name, r.report.Functions, r.report.Versions, gone, janitor.Size(bytes), r.report.Outcomes[janitor.Remaining],
			fmt.Sprintf("%.1f %%", r.report.After.Percent()), r.ended(),
		})
	}
	var columns []table.ColumnConfig
	for number := 2; number <= 7; number++ {
		columns = append(columns, table.ColumnConfig{Number: number, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	o.render(t)
}

// plainTable has no frame, so that it can be read, cut and searched.
func plainTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options, style.Format.Header = table.OptionsNoBordersAndSeparators, text.FormatUpper
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	return t
}

func (o *output) render(t table.Writer) {
	for line := range strings.Lines(t.Render()) {
		o.printf("%s\n", strings.TrimRight(line, " \n"))
	}
	o.printf("\n")
}

func (o *output) bold(words string) string { return o.colored(words, text.Bold) }

func (o *output) colored(words string, colors ...text.Color) string {
	if !o.session.color {
		return words
	}
	return text.Colors(colors).Sprint(words)
}

// summary is a Region in a dozen lines.
func (o *output) summary(r *region) {
	line := func(label, format string, values ...any) {
		o.printf("%s %s\n", o.bold(fmt.Sprintf("%-15s", label)), wrapped(fmt.Sprintf(format, values...), o.session.width, labelWidth))
	}
	report := r.report
	empty := report.Functions == 0 && !report.Idle && r.err == nil
	if empty && len(o.session.regions) > 1 {
		return // its line under all Regions says it
	}
	line("Account", "%s, Region %s, stage %s", o.session.account.number, r.name, o.session.stage())
	if report.Started.IsZero() {
		why := o.colored(plainly(r.err.Error()), text.FgRed)
		if r.interrupted {
			why = r.err.Error()
		}
		line("No plan", "%s\n", why)
		return
	}
	if empty {
		line("Looked at", "nothing: there are no functions\n")
		return
	}
	o.storage(report, line)
	if report.Idle {
		line("Looked at", "nothing: the storage is less full than janitor.pressure.above")
	} else {
		line("Looked at", "%d functions, %d versions; %d calls, %d of them throttled", report.Functions, report.Versions, calls(report), report.Throttles)
	}
	if report.Tightened {
		line("", "%s", "the storage is over janitor.pressure.tightenAbove, so janitor.pressure.newest holds")
	}
	o.outcomes(r, line)
	o.reasons(report, line)
	if len(report.NotChecked) > 0 {
		line("Not checked", "%s", strings.Join(report.NotChecked, ", "))
	}
	for position, target := range report.DynamicTargets[:min(10, len(report.DynamicTargets))] {
		line(labelOnce("Dynamic targets", position), "%s", target)
	}
	if more := len(report.DynamicTargets) - 10; more > 0 {
		line("", "and %d more; --json has them", more)
	}
	if report.Belt.Closed() {
		line("Belt closed", "%s", o.colored(report.Belt.Name+": "+report.Belt.Message, text.FgRed))
	}
	for position, problem := range r.problems() {
		line(labelOnce("Errors", position), "%s", o.colored(problem, text.FgRed))
	}
	o.printf("\n")
}

func labelOnce(label string, position int) string {
	if position > 0 {
		return ""
	}
	return label
}

func calls(report janitor.Report) int {
	count := 0
	for _, each := range report.Calls {
		count += each
	}
	return count
}

func (o *output) storage(report janitor.Report, line func(string, string, ...any)) {
	days := ""
	if report.DaysToLimit != nil {
		days = fmt.Sprintf("; full in %.0f days at the present growth", *report.DaysToLimit)
	}
	line("Code storage", "%s of %s (%.1f %%)%s", janitor.Size(report.Before.Used), janitor.Size(report.Before.Limit), report.Before.Percent(), days)
	if report.After != report.Before && report.After.Limit > 0 {
		line("", "%s afterwards (%.1f %%)", janitor.Size(report.After.Used), report.After.Percent())
	}
}

// outcomes counts what goes or went.
func (o *output) outcomes(r *region, line func(string, string, ...any)) {
	report := r.report
	if report.DryRun {
		line("Would go", "%s", o.bold(fmt.Sprintf("%d versions, %s", r.going(), janitor.Size(report.DeletableBytes))))
		if unseen := report.Outcomes[janitor.NotLookedAt]; unseen > 0 {
			why := "no time for their policies"
			if o.session.read() {
				why = "you stopped the command before their policies were looked at"
			}
			line("", "%d of them unseen: %s; apply looks at each", unseen, why)
		}
	} else if deleted := report.Outcomes[janitor.Deleted]; deleted > 0 {
		line("Deleted", "%s", o.bold(fmt.Sprintf("%d versions, %s freed", deleted, janitor.Size(report.BytesFreed))))
	} else {
		line("Deleted", "nothing")
	}
	for _, outcome := range []janitor.Outcome{janitor.UnderWay, janitor.NotVerified, janitor.Refused, janitor.Gone, janitor.Failed} {
		if count := report.Outcomes[outcome]; count > 0 {
			line("", "%d %s", count, outcome)
		}
	}
	for position, reason := range slices.Sorted(maps.Keys(r.left)) {
		why := string(reason)
		if (reason == janitor.OutOfTime || reason == janitor.OutOfDate) && o.session.stopping.Err() != nil {
			why = "you stopped the command"
		}
		line(labelOnce("Left for later", position), "%d versions: %s", r.left[reason], why)
	}
}

// reasons counts what stays. $LATEST is nobody's question.
func (o *output) reasons(report janitor.Report, line func(string, string, ...any)) {
	kept := maps.Clone(report.KeptBy)
	delete(kept, janitor.IsLatest)
	position := 0
	for _, reason := range slices.SortedFunc(maps.Keys(kept), func(a, b janitor.Reason) int {
		return cmp.Or(cmp.Compare(kept[b], kept[a]), cmp.Compare(a, b))
	}) {
		line(labelOnce("Stays", position), "%6d %s", kept[reason], reason)
		position++
	}
}
