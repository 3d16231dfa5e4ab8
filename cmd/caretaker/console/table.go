package console

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table is a table for people. A column without any text is left out. On a terminal that the table
// does not fit into, the last column is wrapped, and columns for which there is no room at all stand
// under their row.
type Table struct {
	Title  string
	Header []any
	Rows   [][]any
	// Numbers are the columns, from 1, that stand to the right.
	Numbers []int
	// List is a column, from 1, that may be wrapped beside the last one; 0 is none.
	List int
}

// leastWrapped is how narrow what is wrapped of a table may become.
const leastWrapped = 24

// gap is between two columns.
const gap = len("  ")

// Table prints a table, if it has any rows.
func (s *Sheet) Table(t Table) {
	if len(t.Rows) == 0 {
		return
	}
	if t.Title != "" {
		s.Printf("%s\n", s.Bold(s.wrapped(t.Title, 0)))
	}
	beside := t.fitting(s.console.Width)
	widths := t.wrapping(s.console.Width, beside)
	lines := slices.Collect(strings.Lines(t.rendered(beside, widths)))
	show := func(count int) {
		for _, line := range lines[:count] {
			s.Printf("%s\n", strings.TrimRight(line, " \n"))
		}
		lines = lines[count:]
	}
	if beside < len(t.Header) {
		show(1)
		for _, row := range t.Rows {
			show(height(row, widths))
			s.under(t.Header[beside:], row[beside:])
		}
	}
	show(len(lines))
	s.Printf("\n")
}

// rendered has no frame, so that it can be read, cut and searched.
func (t Table) rendered(beside int, widths map[int]int) string {
	w := table.NewWriter()
	style := table.StyleDefault
	style.Options, style.Format.Header = table.OptionsNoBordersAndSeparators, text.FormatUpper
	style.Box.PaddingLeft, style.Box.PaddingRight = "", strings.Repeat(" ", gap)
	w.SetStyle(style)
	w.SuppressEmptyColumns()
	w.AppendHeader(t.Header[:beside])
	for _, row := range t.Rows {
		w.AppendRow(row[:beside])
	}
	var columns []table.ColumnConfig
	for _, number := range t.Numbers {
		columns = append(columns, table.ColumnConfig{Number: number, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	for column, width := range widths {
		columns = append(columns, table.ColumnConfig{Number: column + 1, WidthMax: width, WidthMaxEnforcer: text.WrapSoft})
	}
	w.SetColumnConfigs(columns)
	return w.Render()
}

// fitting is how many columns have room beside each other: those that are wrapped with the least
// that they need, of which the last has what the list leaves.
func (t Table) fitting(terminal int) int {
	needs := t.widths()
	list, last := t.List-1, len(needs)-1
	wraps := leastWrapped
	if list >= 0 {
		needs[list] = min(needs[list], len(fmt.Sprint(t.Header[list])))
		wraps -= needs[list]
	}
	needs[last] = min(needs[last], wraps)
	sum := 0
	for column, width := range needs {
		if terminal > 0 && column > 0 && sum+width > terminal {
			return column
		}
		if width > 0 {
			sum += width + gap
		}
	}
	return len(needs)
}

// wrapping is how wide the wrapped ones of these columns, from 0, become: what the others leave over
// is shared between the list and the last.
func (t Table) wrapping(terminal, beside int) map[int]int {
	if terminal == 0 {
		return nil
	}
	needs := t.widths()
	list, last := t.List-1, len(needs)-1
	left := terminal + gap // the last has none after it
	for column, width := range needs[:beside] {
		if width > 0 {
			left -= gap
		}
		if column != list && column != last {
			left -= width
		}
	}
	share := left
	if beside > last {
		left = max(leastWrapped, left)
		share = left * 2 / 5
	}
	widths := map[int]int{}
	if list >= 0 && list < beside {
		widths[list] = max(len(fmt.Sprint(t.Header[list])), min(needs[list], share))
		left -= widths[list]
	}
	if beside > last && !slices.Contains(t.Numbers, last+1) {
		widths[last] = left
	}
	return widths
}

// height is how many lines a row takes.
func height(row []any, widths map[int]int) int {
	lines := 1
	for column, width := range widths {
		lines = max(lines, 1+strings.Count(text.WrapSoft(fmt.Sprint(row[column]), width), "\n"))
	}
	return lines
}

// under prints what has no room in a row. A reason needs no name.
func (s *Sheet) under(header, row []any) {
	var cells []string
	for column, cell := range row {
		switch words, name := fmt.Sprint(cell), strings.ToLower(fmt.Sprint(header[column])); {
		case words == "":
		case name == "why":
			cells = append(cells, words)
		default:
			cells = append(cells, name+": "+words)
		}
	}
	if len(cells) > 0 {
		s.Printf("    %s\n", s.wrapped(strings.Join(cells, "; "), 4))
	}
}

// widths are those of the columns, 0 of one without any text.
func (t Table) widths() []int {
	widths := make([]int, len(t.Header))
	for column, name := range t.Header {
		for _, row := range t.Rows {
			widths[column] = max(widths[column], len(fmt.Sprint(row[column])))
		}
		if widths[column] > 0 {
			widths[column] = max(widths[column], len(fmt.Sprint(name)))
		}
	}
	return widths
}
