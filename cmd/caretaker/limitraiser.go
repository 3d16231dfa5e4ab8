package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	limitraiser "caretaker/limit-raiser"
)

// limitRaiserCommands look at the limit-raiser from a desk; none of them raises anything.
type limitRaiserCommands struct {
	Plan     raisePlanCommand `cmd:"" help:"Show what an alarm's event would raise, and why. Changes nothing; needs read rights only."`
	History  historyCommand   `cmd:"" help:"Show what was raised, or was not, when and why: the audit trail, newest first."`
	Simulate simulateCommand  `cmd:"" help:"Play the policy against a load, beside target tracking. Asks AWS nothing."`
}

// ledgerTable is the name that the stage's stack gives the limit-raiser's table.
func (j *job) ledgerTable() string {
	return "caretaker-" + j.stage() + "-limit-raiser"
}

// sheet is stdout for tables and a few lines under them.
type sheet struct {
	console
	out *bufio.Writer
}

func (c console) sheet() *sheet { return &sheet{console: c, out: bufio.NewWriter(c.out)} }

// printf writes; an error stays in the writer and comes with close.
func (s *sheet) printf(text string, values ...any) { _, _ = fmt.Fprintf(s.out, text, values...) }

// labelWidth is the room of a label and the blank after it.
const labelWidth = 16

// line is a labelled one under a table.
func (s *sheet) line(label, format string, values ...any) {
	s.printf("%s %s\n", s.bold(fmt.Sprintf("%-15s", label)), wrapped(fmt.Sprintf(format, values...), s.width, labelWidth))
}

func (s *sheet) bold(words string) string {
	if !s.color {
		return words
	}
	return text.Bold.Sprint(words)
}

// leastWrapped is how narrow the last column of a table may become.
const leastWrapped = 24

// table prints a table of which these columns, from 1, are numbers. On a terminal that it does not
// fit into, the last column is wrapped, and columns for which there is no room at all stand under
// their row. A column without any text is left out.
func (s *sheet) table(title string, header table.Row, rows []table.Row, numbers ...int) {
	if len(rows) == 0 {
		return
	}
	beside, left := s.fitting(header, rows)
	t := plainTable()
	t.SuppressEmptyColumns()
	t.AppendHeader(header[:beside])
	for _, row := range rows {
		t.AppendRow(row[:beside])
	}
	var columns []table.ColumnConfig
	for _, number := range numbers {
		columns = append(columns, table.ColumnConfig{Number: number, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	if beside == len(header) && s.width > 0 && !slices.Contains(numbers, beside) {
		columns = append(columns, table.ColumnConfig{Number: beside, WidthMax: left, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	if title != "" {
		s.printf("%s\n", s.bold(wrapped(title, s.width, 0)))
	}
	position := -1 // the header's
	for line := range strings.Lines(t.Render()) {
		s.printf("%s\n", strings.TrimRight(line, " \n"))
		if beside < len(header) && position >= 0 {
			s.under(header[beside:], rows[position][beside:])
		}
		position++
	}
	s.printf("\n")
}

// fitting is how many columns have room beside each other, and how much of it the last one has.
func (s *sheet) fitting(header table.Row, rows []table.Row) (beside, left int) {
	widths := widthsOf(header, rows)
	last := len(widths) - 1
	sum := 0
	for column, width := range widths {
		if column == last {
			width = min(width, leastWrapped)
		}
		if s.width > 0 && column > 0 && sum+width > s.width {
			return column, 0
		}
		if column < last && width > 0 {
			sum += width + len("  ")
		}
	}
	return len(widths), max(leastWrapped, s.width-sum)
}

// under prints what has no room in a row. A reason needs no name.
func (s *sheet) under(header, row table.Row) {
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
		s.printf("    %s\n", wrapped(strings.Join(cells, "; "), s.width, 4))
	}
}

// wrapped breaks words into lines of a terminal, all but the first indented.
func wrapped(words string, width, indent int) string {
	if width == 0 || len(words)+indent <= width {
		return words
	}
	lines := strings.Split(text.WrapSoft(words, max(leastWrapped, width-indent)), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

// widthsOf are those of the columns, 0 of one without any text.
func widthsOf(header table.Row, rows []table.Row) []int {
	widths := make([]int, len(header))
	for column := range header {
		for _, row := range rows {
			widths[column] = max(widths[column], len(fmt.Sprint(row[column])))
		}
		if widths[column] > 0 {
			widths[column] = max(widths[column], len(fmt.Sprint(header[column])))
		}
	}
	return widths
}

// document prints a value as the one JSON document of a command.
func (s *sheet) document(value any) error {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	s.printf("%s\n", encoded)
	return s.close()
}

func (s *sheet) close() error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// number writes units for people: whole ones without a fraction.
func number(value float64) string {
	if value == float64(int64(value)) {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'f', 1, 64)
}

// change is empty where there is nothing that could be raised.
func change(means limitraiser.Means, value float64) string {
	if means == limitraiser.NoMeans && value == 0 {
		return ""
	}
	return number(value)
}

// roundCents leaves no tenths of cents in JSON.
func roundCents(dollars float64) float64 { return math.Round(dollars*100) / 100 }

// dollars is empty for what costs nothing.
func dollars(value float64) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf("$%.2f", value)
}

// because is a reason with its detail.
func because(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}

func utc(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") }
