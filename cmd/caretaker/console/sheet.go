package console

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Sheet is stdout for tables and labelled lines, or one document. An error in writing stays in it
// and comes with Flush.
type Sheet struct {
	console Console
	out     *bufio.Writer
}

// Sheet is a new one on stdout.
func (c Console) Sheet() *Sheet { return &Sheet{console: c, out: bufio.NewWriter(c.Out)} }

// Printf writes.
func (s *Sheet) Printf(text string, values ...any) { _, _ = fmt.Fprintf(s.out, text, values...) }

// labelWidth is the room of a label and the blank after it.
const labelWidth = 16

// Line is a labelled one.
func (s *Sheet) Line(label, format string, values ...any) {
	s.Printf("%s %s\n", s.Bold(fmt.Sprintf("%-*s", labelWidth-1, label)), s.wrapped(fmt.Sprintf(format, values...), labelWidth))
}

// Once is the label of the first of some lines; the others have none.
func Once(label string, position int) string {
	if position > 0 {
		return ""
	}
	return label
}

// Bold are words that stand out.
func (s *Sheet) Bold(words string) string { return s.colored(words, text.Bold) }

// Red are words that say what went wrong.
func (s *Sheet) Red(words string) string { return s.colored(words, text.FgRed) }

func (s *Sheet) colored(words string, color text.Color) string {
	if !s.console.Color {
		return words
	}
	return color.Sprint(words)
}

// wrapped breaks words into lines of a terminal, all but the first indented.
func (s *Sheet) wrapped(words string, indent int) string {
	width := s.console.Width
	if width == 0 || len(words)+indent <= width {
		return words
	}
	lines := strings.Split(text.WrapSoft(words, max(leastWrapped, width-indent)), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

// Document prints a value as the one JSON document of a command.
func (s *Sheet) Document(value any) error {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	s.Printf("%s\n", encoded)
	return s.Flush()
}

// Flush shows what was printed.
func (s *Sheet) Flush() error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
