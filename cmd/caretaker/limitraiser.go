package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
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

// line is a labelled one under a table.
func (s *sheet) line(label, format string, values ...any) {
	s.printf("%s %s\n", s.bold(fmt.Sprintf("%-15s", label)), fmt.Sprintf(format, values...))
}

func (s *sheet) bold(words string) string {
	if !s.color {
		return words
	}
	return text.Bold.Sprint(words)
}

// table prints a table of which these columns, from 1, are numbers and the last, if there is a
// terminal that it does not fit into, is wrapped. A column without any text is left out.
func (s *sheet) table(title string, header table.Row, rows []table.Row, numbers ...int) {
	if len(rows) == 0 {
		return
	}
	t := plainTable()
	t.SuppressEmptyColumns()
	t.AppendHeader(header)
	t.AppendRows(rows)
	var columns []table.ColumnConfig
	for _, number := range numbers {
		columns = append(columns, table.ColumnConfig{Number: number, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	if left := s.width - widthBefore(header, rows); s.width > 0 {
		columns = append(columns, table.ColumnConfig{Number: len(header), WidthMax: max(40, left), WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	if title != "" {
		s.printf("%s\n", s.bold(title))
	}
	for line := range strings.Lines(t.Render()) {
		s.printf("%s\n", strings.TrimRight(line, " \n"))
	}
	s.printf("\n")
}

// widthBefore is how wide all columns but the last are.
func widthBefore(header table.Row, rows []table.Row) int {
	sum := 0
	for column := range len(header) - 1 {
		widest := len(fmt.Sprint(header[column]))
		for _, row := range rows {
			widest = max(widest, len(fmt.Sprint(row[column])))
		}
		sum += widest + len("  ")
	}
	return sum
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
