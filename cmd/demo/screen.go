package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// usualWidth is taken where stdout is not a terminal that could say its own, in columns.
const usualWidth = 100

// screen is stdout. Colours and progress are for terminals; elsewhere it is plain lines.
type screen struct {
	out    io.Writer
	broken func() // called when nobody reads any more
	colour bool
	live   bool
	width  int // in columns
	steps  int // headings so far
	// endpoint is where the account is, for commands: typed again they must not reach a real one.
	endpoint string

	mutex sync.Mutex
	shown bool // a progress line stands
}

func newScreen(out *os.File, broken func()) *screen {
	s := &screen{out: out, broken: broken, width: usualWidth}
	if !term.IsTerminal(int(out.Fd())) || os.Getenv("TERM") == "dumb" {
		return s
	}
	s.live, s.colour = true, os.Getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(int(out.Fd())); err == nil && width > 0 {
		s.width = width
	}
	return s
}

func (s *screen) write(words string) {
	if _, err := io.WriteString(s.out, words); err != nil {
		s.broken()
	}
}

// say writes a line, in place of the progress that stands there.
func (s *screen) say(format string, values ...any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.erase()
	s.write(strings.TrimRight(fmt.Sprintf(format, values...), " ") + "\n")
}

// heading begins the next step.
func (s *screen) heading(format string, values ...any) {
	s.steps++
	s.say("\n%s", s.paint(fmt.Sprintf("%d. ", s.steps)+fmt.Sprintf(format, values...), text.Bold, text.FgCyan))
}

// paragraph wraps words to the width, and aside does so with what explains rather than tells.
func (s *screen) paragraph(words string, colours ...text.Color) {
	for line := range strings.Lines(text.WrapSoft(words, min(s.width, usualWidth)-3)) {
		s.say("   %s", s.paint(strings.TrimRight(line, " \n"), colours...))
	}
}

func (s *screen) aside(format string, values ...any) {
	s.paragraph(fmt.Sprintf(format, values...), text.Faint)
}

// fact writes a labelled line.
func (s *screen) fact(label, format string, values ...any) {
	s.say("   %s  %s", s.paint(fmt.Sprintf("%-14s", label), text.Faint), fmt.Sprintf(format, values...))
}

// progress shows how far something is, on a terminal alone and until the next line comes.
func (s *screen) progress(format string, values ...any) {
	if !s.live {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.erase()
	s.write(s.paint(text.Trim("   "+fmt.Sprintf(format, values...), s.width-1), text.FgYellow))
	s.shown = true
}

// clear takes the progress away.
func (s *screen) clear() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.erase()
}

func (s *screen) erase() {
	if s.shown {
		s.write("\r\x1b[K")
		s.shown = false
	}
}

// during shows what status says, anew all the time while work is under way.
func (s *screen) during(status func() string, work func() error) error {
	if !s.live {
		return work()
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		started, ticks := time.Now(), time.NewTicker(200*time.Millisecond)
		defer ticks.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticks.C:
				s.progress("%s  %s", clock(time.Since(started)), status())
			}
		}
	}()
	err := work()
	close(done)
	<-ended
	s.clear()
	return err
}

// longestWait is how long until waits: a machine may be busy.
const longestWait = 5 * time.Minute

// until waits until something is so, and shows what it waits for. An error ends the wait only at its end:
// what is waited for may be restarting.
func (s *screen) until(ctx context.Context, what string, is func() (bool, error)) error {
	return s.during(func() string { return what }, func() error {
		for deadline := time.Now().Add(longestWait); ; {
			done, err := is()
			switch {
			case done:
				return nil
			case ctx.Err() != nil:
				return ctx.Err()
			case time.Now().After(deadline):
				return fmt.Errorf("%s: it did not come to that within %s (%v)", what, longestWait, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// table writes rows under a header, without a frame.
func (s *screen) table(header table.Row, rows []table.Row, columns ...table.ColumnConfig) {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options, style.Format.Header = table.OptionsNoBordersAndSeparators, text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	if s.colour {
		style.Color.Header = text.Colors{text.Faint}
	}
	t.SetStyle(style)
	t.AppendHeader(header)
	t.AppendRows(rows)
	t.SetColumnConfigs(columns)
	for line := range strings.Lines(t.Render()) {
		s.say("   %s", strings.TrimRight(line, " \n"))
	}
}

func (s *screen) paint(words string, colours ...text.Color) string {
	if !s.colour || len(colours) == 0 {
		return words
	}
	return text.Colors(colours).Sprint(words)
}

// command shows a command as one would type it, over several lines where it is long. It says which
// account it is for: whoever copies it later reaches nobody, and not an account of their own.
func (s *screen) command(words ...string) {
	line := "   $"
	if s.endpoint != "" {
		line += " AWS_ENDPOINT_URL=" + s.endpoint
	}
	for position := 0; position < len(words); position++ {
		word := words[position]
		switch {
		case word == "":
			word = "''"
		case word == "-c" && position+1 < len(words): // stays with its value
			position++
			word += " " + words[position]
		}
		if len(line)+len(word) > s.width-4 {
			s.say("%s", s.paint(line+" \\", text.Bold))
			line = "    "
		}
		line += " " + word
	}
	s.say("%s", s.paint(line, text.Bold))
}

// success is good news.
func (s *screen) success(words string) string { return s.paint(words, text.Bold, text.FgGreen) }

// clock is minutes and seconds.
func clock(length time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(length.Minutes()), int(length.Seconds())%60)
}

// seconds is a length as people say it.
func seconds(length time.Duration) string {
	if length < 10*time.Second {
		return fmt.Sprintf("%.1f s", length.Seconds())
	}
	return fmt.Sprintf("%.0f s", length.Seconds())
}
