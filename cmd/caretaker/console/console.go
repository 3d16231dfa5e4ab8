// Package console is where a person meets the commands: what is read and written, tables, progress,
// questions and exit codes. It knows of no part and asks AWS nothing.
package console

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// DocumentSchema is the number of the form of what --json writes.
const DocumentSchema = 1

// Console is where a command reads and writes.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
	// Asks says that somebody sits there who can be asked, Live that stderr can show progress,
	// and Color that stdout shows colors.
	Asks, Live, Color bool
	// Width of stdout in columns; 0 when it is not a terminal.
	Width int
	// Name is what the command was called by, so that what it suggests can be run.
	Name string
	// Now is the clock.
	Now func() time.Time
}

// OfProcess is this process's console.
func OfProcess() Console {
	in, out, errs := isTerminal(os.Stdin), isTerminal(os.Stdout), isTerminal(os.Stderr)
	c := Console{Name: os.Args[0], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Asks: in && errs, Live: errs, Now: time.Now}
	c.Color = out && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if out {
		c.Width, _, _ = term.GetSize(int(os.Stdout.Fd())) // 0 is no width, which is right when there is none
	}
	return c
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// Say writes a line for people to stderr.
func (c Console) Say(format string, values ...any) {
	_, _ = fmt.Fprintf(c.Err, format+"\n", values...) // nobody is left to tell
}

// Called is the name that the command was called by.
func (c Console) Called() string { return cmp.Or(c.Name, "caretaker") }
