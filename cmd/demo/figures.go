package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// figure is one thing that an act has shown.
type figure struct {
	// part is whose act it was; what says what holds, by the figure that shows it.
	part, what, by string
	ok             bool
}

// figure keeps what the act that is on has shown, for the last screen: what holds, whether it does,
// and by which figure.
//
//	a.figure("no referenced version is lost", lost == 0, "%d of %d are there", there, needed)
//
// One that is not ok makes the demo end with an error, after everything was shown.
func (s *stage) figure(what string, ok bool, by string, values ...any) {
	s.figures = append(s.figures, figure{part: s.turn, what: what, by: fmt.Sprintf(by, values...), ok: ok})
}

// lastScreen says what was shown, by which figures, and where to go next. It is an error when a figure is
// not what it should be, and when a part has shown none.
func (s *stage) lastScreen(chosen []part) error {
	s.out.heading("What was shown")
	var rows []table.Row
	bad, count := 0, 0
	for _, one := range chosen {
		label := one.name
		for _, each := range s.shownBy(one.name) {
			state := s.out.success("ok")
			if !each.ok {
				state = s.out.paint("NOT OK", text.Bold, text.FgRed)
				bad++
			}
			rows = append(rows, table.Row{label, each.what, each.by, state})
			label = ""
			count++
		}
	}
	s.out.table(table.Row{"Part", "What", "Figure", ""}, rows, table.ColumnConfig{Number: 3, WidthMax: widestFigure, WidthMaxEnforcer: text.WrapSoft})
	s.out.say("")
	if bad > 0 {
		s.out.say("   %s", s.out.paint(fmt.Sprintf("%d of %d figures are not what they should be.", bad, count), text.Bold, text.FgRed))
	} else {
		s.out.say("   %s", s.out.success(fmt.Sprintf("All %d figures are what they should be.", count)))
	}
	s.next(chosen)
	if bad > 0 {
		return fmt.Errorf("%d of %d figures are not what they should be", bad, count)
	}
	return nil
}

// widestFigure keeps the last screen as wide as a usual terminal, in columns.
const widestFigure = 44

// shownBy are the figures of a part; of one without any, that it has none.
func (s *stage) shownBy(name string) (shown []figure) {
	for _, each := range s.figures {
		if each.part == name {
			shown = append(shown, each)
		}
	}
	if shown == nil {
		shown = []figure{{part: name, what: "shown at all", by: "no figure"}}
	}
	return shown
}

// next says where to go. None of its lines changes anything in an account, since all may be copied.
func (s *stage) next(chosen []part) {
	s.out.say("\n   Next, a real account: README.md, %q. What only reads, as a first look:", "A real deployment")
	for _, one := range chosen {
		s.out.say("     %-47s %s", one.look.command, s.out.paint(one.look.does, text.Faint))
	}
}

// firstLine is what an error says first.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
