// Command caretaker is the command line: the parts' own code, run by a person with their
// ordinary AWS credentials instead of by a schedule.
//
//	caretaker alerts plan              which alarms would be made, changed and deleted, why, and what they cost
//	caretaker alerts apply             makes, changes and deletes them, after asking
//	caretaker alerts destroy           deletes all alarms of the stage, after asking
//	caretaker janitor plan             what would be deleted, and why; changes nothing
//	caretaker janitor apply            deletes it, after asking
//	caretaker limit-raiser plan        what an alarm's event would raise, and why; changes nothing
//	caretaker limit-raiser history     what was raised, or was not, when and why
//	caretaker limit-raiser simulate    the policy against a load, without asking AWS anything
//	caretaker log-shipper plan         which log groups are shipped, and why; changes nothing
//	caretaker log-shipper tail         the log events of one correlation id, out of the destination
//	caretaker log-shipper unsubscribe  takes the stage's subscription filters away, after asking
//	caretaker warmer middleware        writes the file that answers pings in your functions
//	caretaker warmer plan              what is kept warm, when, what is not and why, and what it costs
//	caretaker warmer run               keeps it warm once, from here
//	caretaker completion               what your shell reads to complete commands and flags
//	caretaker policy                   the IAM policy for a part, to paste
//	caretaker status                   what the file says beside what is deployed; changes nothing
//	caretaker validate                 checks caretaker.yaml without asking AWS anything
//
// Results go to stdout, everything else to stderr. See console for the exit codes.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"caretaker/cmd/caretaker/alerts"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/cmd/caretaker/janitor"
	"caretaker/cmd/caretaker/limitraiser"
	"caretaker/cmd/caretaker/logshipper"
	"caretaker/cmd/caretaker/policy"
	"caretaker/cmd/caretaker/status"
	"caretaker/cmd/caretaker/warmer"
)

// commandLine is every command with its flags.
type commandLine struct {
	Settings    command.Settings `embed:""`
	ShowVersion kong.VersionFlag `name:"version" help:"Show which caretaker this is: version, commit and date."`
	NoColor     bool             `help:"No colors. NO_COLOR in the environment says the same."`

	// The parts, a line each. A command that asks AWS nothing is tagged offline: an interrupt ends it at once.
	Alerts      alerts.Commands      `cmd:"" help:"Keep the right alarms on everything that runs."`
	Janitor     janitor.Commands     `cmd:"" help:"Delete the versions of Lambda functions that nothing refers to."`
	LimitRaiser limitraiser.Commands `cmd:"" help:"Look at what CloudWatch alarms raise: DynamoDB tables, streams, functions, quotas."`
	LogShipper  logshipper.Commands  `cmd:"" help:"Look after what is shipped: which log groups, where to, and what could not be delivered."`
	Warmer      warmer.Commands      `cmd:"" help:"Keep functions warm, and know that they are."`

	Policy     policy.Command    `cmd:"" offline:"" help:"Print the IAM policy that a part needs, to paste: to plan, or to run."`
	Completion completionCommand `cmd:"" offline:"" help:"Print what your shell reads to complete commands and flags."`

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
		c.Say("caretaker: %s", forPeople.Replace(err.Error()))
		if hint := hintTo(args, err); hint != "" {
			c.Say("%s", hint)
		}
		c.Say("%s --help shows the commands and flags", console.Shell(c.Called()))
		return int(console.Misused)
	}
	c.Color = c.Color && !line.NoColor
	if chosen.Selected().Tag.Has("offline") {
		signal.Reset(os.Interrupt, syscall.SIGTERM)
	}
	until, end := c.UntilInterrupted(interrupts)
	defer end()
	job := &command.Job{Console: c, Interruption: until, Settings: line.Settings}
	err = chosen.Run(job, parser)
	if denied := job.Denied.Calls(); len(denied) > 0 {
		defer func() { // after all that the command says itself
			c.Say("AWS denied these credentials: %s. %s", strings.Join(denied, ", "), policy.Needed(job, strings.Fields(chosen.Command())))
		}()
	}
	var how console.Ending
	switch {
	case err == nil:
		return int(console.Done)
	case !errors.As(err, &how):
		how = console.Ending{Code: console.Failed, Cause: err}
		switch {
		case until.StoppedReading():
			how = console.Ending{Code: console.WorkLeft, Cause: errors.New(console.ReadingStopped)}
		case until.Stopping.Err() != nil:
			how = console.Ending{Code: console.WorkLeft, Cause: fmt.Errorf("you stopped the command before it was through: %w", err)}
		}
	}
	if how.Cause != nil {
		c.Say("caretaker: %v", how.Cause)
	}
	return int(how.Code)
}
