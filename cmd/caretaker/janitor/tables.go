package janitor

import (
	"cmp"
	"fmt"
	"slices"

	"caretaker/cmd/caretaker/console"
	"caretaker/janitor"
)

// tables shows what goes, what something refers to, and what should have gone and did not.
func (o *output) tables(region string, t *tally) {
	o.going(region, t)
	if o.command != applied {
		o.groups("Stays in "+region+" since something refers to it, beside the newest", t.kept, false)
		o.more(t.keptMore)
	}
	o.groups("Should have gone in "+region+" and did not", t.trouble, false)
	o.more(t.troubleMore)
}

func (o *output) going(region string, t *tally) {
	slices.SortStableFunc(t.going, func(a, b group) int { return cmp.Compare(b.bytes, a.bytes) })
	verb := "Would go"
	if o.command == applied {
		verb = "Deleted"
	}
	shown := t.going[:min(mostRows, len(t.going))]
	o.groups(verb+" in "+region+", biggest first", shown, true)
	if more := t.going[len(shown):]; len(more) > 0 {
		versions, bytes := sum(more)
		o.Printf("and %d versions (%s) of %d more functions; --all and --json have each\n\n", versions, janitor.Size(bytes), len(more))
	}
}

func (o *output) more(count int) {
	if count > 0 {
		o.Printf("and %d more; --all and --json have each\n\n", count)
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

// groups shows groups with the numbers of their versions, and if sized how much they take.
func (o *output) groups(title string, groups []group, sized bool) {
	var rows [][]any
	for _, group := range groups {
		var count, bytes any = "", ""
		if sized {
			count, bytes = group.versions.count(), janitor.Size(group.bytes)
		}
		rows = append(rows, []any{group.function, group.versions.String(), count, bytes, group.reason()})
	}
	o.Table(console.Table{Title: title, Header: []any{"Function", "Versions", "Count", "Bytes", "Why"}, Numbers: []int{3, 4}, List: 2, Rows: rows})
}

// totals has a line for each Region, under all of them.
func (o *output) totals() {
	verb := "Would go"
	if o.command == applied {
		verb = "Deleted"
	}
	var rows [][]any
	for _, r := range o.session.regions {
		gone, bytes := r.report.Deletable(), r.report.DeletableBytes
		if o.command == applied {
			gone, bytes = r.report.Outcomes[janitor.Deleted], r.report.BytesFreed
		}
		rows = append(rows, []any{
			r.name, r.report.Functions, r.report.Versions, gone, janitor.Size(bytes), r.report.Outcomes[janitor.Remaining],
			fmt.Sprintf("%.1f %%", r.report.After.Percent()), r.ended(),
		})
	}
	o.Table(console.Table{
		Header:  []any{"Region", "Functions", "Versions", verb, "Bytes", "Left", "Storage", "Ended"},
		Numbers: []int{2, 3, 4, 5, 6, 7}, Rows: rows,
	})
}
