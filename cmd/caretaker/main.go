// Command caretaker is the command line: the parts' own code, run by a person with their
// ordinary AWS credentials instead of by a schedule.
//
//	caretaker janitor plan           what would be deleted, and why; changes nothing
//	caretaker janitor apply          deletes it, after asking
//	caretaker limit-raiser plan      what an alarm's event would raise, and why; changes nothing
//	caretaker limit-raiser history   what was raised, or was not, when and why
//	caretaker limit-raiser simulate  the policy against a load, without asking AWS anything
//	caretaker validate               checks caretaker.yaml without asking AWS anything
//
// Results go to stdout, everything else to stderr. See ending for the exit codes.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// commandLine is every command with its flags.
type commandLine struct {
	Settings    settings         `embed:""`
	ShowVersion kong.VersionFlag `name:"version" help:"Show which caretaker this is: version, commit and date."`
	NoColor     bool             `help:"No colors. NO_COLOR in the environment says the same."`

	Janitor struct {
		Plan  planCommand  `cmd:"" help:"Show what would be deleted, and why. Changes nothing; needs read rights only."`
		Apply applyCommand `cmd:"" help:"Delete what a plan shows, after asking."`
	} `cmd:"" help:"Delete the versions of Lambda functions that nothing refers to."`
	LimitRaiser limitRaiserCommands `cmd:"" help:"Look at what CloudWatch alarms raise: DynamoDB tables, streams, functions, quotas."`
	Validate    validateCommand     `cmd:"" help:"Check caretaker.yaml with all its stages, without asking AWS anything."`
	Version     versionCommand      `cmd:"" help:"Show which caretaker this is: version, commit and date."`
	Help        helpCommand         `cmd:"" help:"Show this, or the help of a command."`
}

// helpCommand is for who types help rather than --help.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command, such as janitor plan."`
}

// Run does what --help does.
func (h helpCommand) Run(j *job) error {
	return ending{code: code(run(append(h.Command, "--help"), j.console, nil))}
}

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
	// asks says that somebody sits there who can be asked, live that stderr can show progress,
	// and color that stdout shows colors.
	asks, live, color bool
	// width of stdout in columns; 0 when it is no terminal.
	width int
	// name is what the command was called by, so that what it suggests can be run.
	name string
	// now is the clock.
	now func() time.Time
}

// say writes a line for people to stderr.
func (c console) say(format string, values ...any) {
	_, _ = fmt.Fprintf(c.err, format+"\n", values...) // nobody is left to tell
}

func (c console) called() string { return cmp.Or(c.name, "caretaker") }

func main() {
	// What waits for AWS most of the time can afford to collect its garbage more often than usual:
	// a Region of 300,000 versions is then planned in 256 MB.
	debug.SetGCPercent(20)
	in, out, errs := isTerminal(os.Stdin), isTerminal(os.Stdout), isTerminal(os.Stderr)
	c := console{name: os.Args[0], in: os.Stdin, out: os.Stdout, err: os.Stderr, asks: in && errs, live: errs, now: time.Now}
	c.color = out && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if out {
		c.width, _, _ = term.GetSize(int(os.Stdout.Fd())) // 0 is no width, which is right when there is none
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(os.Args[1:], c, interrupts))
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// forPeople has kong's errors speak of values, not of its own types.
var forPeople = strings.NewReplacer("expected value value", "expected a value", " (short flag)", "", "a valid 64 bit int", "a whole number")

// alone are the commands that ask AWS nothing: an interrupt ends them at once.
var alone = map[string]bool{"validate": true, "version": true, "limit-raiser simulate": true, "help": true, "help <command>": true}

// run carries one command line out and answers the exit code.
func run(args []string, c console, interrupts <-chan os.Signal) int {
	var line commandLine
	parser, err := kong.New(&line, kong.Name("caretaker"), kong.Vars{"version": thisVersion()}, kong.Writers(c.out, c.err), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Description("An ops toolkit for AWS Lambda fleets.\n\n"+exitCodes))
	if err != nil {
		panic(err) // the fields above are at fault
	}
	if len(args) == 0 { // whoever types the name alone asks what there is
		args = []string{"help"}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		c.say("caretaker: %s\n%s --help shows the commands and flags", forPeople.Replace(err.Error()), shell(c.called()))
		return int(misused)
	}
	c.color = c.color && !line.NoColor
	if alone[chosen.Command()] {
		signal.Reset(os.Interrupt, syscall.SIGTERM)
	}
	until, end := untilInterrupted(c, interrupts)
	defer end()
	err = chosen.Run(&job{console: c, settings: line.Settings, interruption: until})
	var how ending
	switch {
	case err == nil:
		return int(done)
	case !errors.As(err, &how):
		how = ending{failed, err}
		if until.stopping.Err() != nil {
			how = ending{workLeft, errors.New(stoppedReading)}
		}
	}
	if how.cause != nil {
		c.say("caretaker: %v", how.cause)
	}
	return int(how.code)
}
