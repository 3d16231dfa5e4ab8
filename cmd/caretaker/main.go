// Command caretaker is the command line: the parts' own code, run by a person with their
// ordinary AWS credentials instead of by a schedule.
//
//	caretaker janitor plan           what would be deleted, and why; changes nothing
//	caretaker janitor apply          deletes it, after asking
//	caretaker limit-raiser plan      what an alarm's event would raise, and why; changes nothing
//	caretaker limit-raiser history   what was raised, or was not, when and why
//	caretaker limit-raiser simulate  the policy against a load, without asking AWS anything
//	caretaker status                 what the file says beside what is deployed; changes nothing
//	caretaker validate               checks caretaker.yaml without asking AWS anything
//
// Results go to stdout, everything else to stderr. See console for the exit codes.
package main

import (
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/cmd/caretaker/janitor"
	"caretaker/cmd/caretaker/limitraiser"
	"caretaker/cmd/caretaker/status"
)

// commandLine is every command with its flags.
type commandLine struct {
	Settings    command.Settings `embed:""`
	ShowVersion kong.VersionFlag `name:"version" help:"Show which caretaker this is: version, commit and date."`
	NoColor     bool             `help:"No colors. NO_COLOR in the environment says the same."`

	// The parts, a line each. A command that asks AWS nothing is tagged offline: an interrupt ends it at once.
	Janitor     janitor.Commands     `cmd:"" help:"Delete the versions of Lambda functions that nothing refers to."`
	LimitRaiser limitraiser.Commands `cmd:"" help:"Look at what CloudWatch alarms raise: DynamoDB tables, streams, functions, quotas."`

	Status   status.Command  `cmd:"" help:"Show what the file says beside what is deployed, and stacks that the file no longer knows. Needs read rights only."`
	Validate validateCommand `cmd:"" offline:"" help:"Check caretaker.yaml with all its stages, without asking AWS anything."`
	Version  versionCommand  `cmd:"" offline:"" help:"Show which caretaker this is: version, commit and date."`
	Help     helpCommand     `cmd:"" offline:"" help:"Show this, or the help of a command."`
}

// helpCommand is for who types help rather than --help.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command, such as janitor plan."`
}

// Run does what --help does.
func (h helpCommand) Run(j *command.Job) error {
	return console.Ending{Code: console.Code(run(append(h.Command, "--help"), j.Console, nil))}
}

func main() {
	// What waits for AWS most of the time can afford to collect its garbage more often than usual:
	// a Region of 300,000 versions is then planned in 256 MB.
	debug.SetGCPercent(20)
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(os.Args[1:], console.OfProcess(), interrupts))
}

// forPeople has kong's errors speak of values, not of its own types.
var forPeople = strings.NewReplacer("expected value value", "expected a value", " (short flag)", "", "a valid 64 bit int", "a whole number")

// run carries one command line out and answers the exit code.
func run(args []string, c console.Console, interrupts <-chan os.Signal) int {
	var line commandLine
	parser, err := kong.New(&line, kong.Name("caretaker"), kong.Vars{"version": thisVersion()}, kong.Writers(c.Out, c.Err), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Description("An ops toolkit for AWS Lambda fleets.\n\n"+console.ExitCodes))
	if err != nil {
		panic(err) // the fields above are at fault
	}
	if len(args) == 0 { // whoever types the name alone asks what there is
		args = []string{"help"}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		c.Say("caretaker: %s\n%s --help shows the commands and flags", forPeople.Replace(err.Error()), console.Shell(c.Called()))
		return int(console.Misused)
	}
	c.Color = c.Color && !line.NoColor
	if chosen.Selected().Tag.Has("offline") {
		signal.Reset(os.Interrupt, syscall.SIGTERM)
	}
	until, end := c.UntilInterrupted(interrupts)
	defer end()
	err = chosen.Run(&command.Job{Console: c, Interruption: until, Settings: line.Settings})
	var how console.Ending
	switch {
	case err == nil:
		return int(console.Done)
	case !errors.As(err, &how):
		how = console.Ending{Code: console.Failed, Cause: err}
		if until.Stopping.Err() != nil {
			how = console.Ending{Code: console.WorkLeft, Cause: errors.New(console.ReadingStopped)}
		}
	}
	if how.Cause != nil {
		c.Say("caretaker: %v", how.Cause)
	}
	return int(how.Code)
}
