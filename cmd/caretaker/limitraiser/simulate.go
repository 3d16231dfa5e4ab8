package limitraiser

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/internal/setting"
	limitraiser "caretaker/limit-raiser"
	"caretaker/limit-raiser/simulation"
)

// simulateCommand plays loads against a table under the policy of the file.
type simulateCommand struct {
	Trace   []string        `sep:"none" placeholder:"FILE|NAME" help:"A load as CSV (seconds, minutes or time; unitsPerSecond), or a built-in one by name, such as spikes; may be repeated (default: all built-in ones)."`
	Present float64         `default:"100" placeholder:"UNITS" help:"The capacity that a load of yours begins with, in units a second (${default}); built-in ones bring theirs."`
	Maximum float64         `default:"40000" placeholder:"UNITS" help:"The highest that it is raised to (${default}, what DynamoDB gives a table)."`
	Target  setting.Percent `default:"70%" placeholder:"SHARE" help:"The utilisation that target tracking is set to (${default})."`
	Units   string          `default:"write" enum:"read,write,shard" placeholder:"KIND" help:"What the load takes: read or write units of a table, or shards of a stream (${default})."`
	Clients string          `default:"sdk" enum:"sdk,boto3" placeholder:"KIND" help:"How clients send again what is refused: sdk, three times in all, or boto3, ten times (${default})."`
	Region  string          `short:"r" placeholder:"REGION" help:"Whose list prices hold (default: the file's first, else us-east-1)."`
	Rows    int             `default:"30" placeholder:"COUNT" help:"About this many rows of minutes for a single load, 1 to 10080 (${default})."`
	JSON    bool            `name:"json" help:"One JSON document, with every minute."`
}

// clients are by what --clients calls them.
var clients = map[string]simulation.Clients{"sdk": simulation.SDK, "boto3": simulation.Boto3}

// Run plays each load twice: once under the policy, once under target tracking.
func (s *simulateCommand) Run(j *command.Job) error {
	if err := s.check(); err != nil {
		return err
	}
	file, err := j.Settings.Load(j.Console, false)
	if err != nil {
		return err
	}
	traces, err := s.traces()
	if err != nil {
		return console.Ending{Code: console.Misused, Cause: err}
	}
	policy := s.policy(file)
	result := simulated{Schema: console.DocumentSchema, Command: "limit-raiser simulate", Stage: j.Stage(), Region: policy.Region}
	for _, trace := range traces {
		result.Traces = append(result.Traces, newSimulatedTrace(trace.Name, simulation.Simulate(trace, policy)))
	}
	out := j.Sheet()
	switch {
	case s.JSON:
		return out.Document(result)
	case len(result.Traces) == 1:
		result.Traces[0].show(out, s.Rows)
	}
	result.sums(out, policy)
	return out.Flush()
}

func (s *simulateCommand) check() error {
	switch {
	case !(s.Present > 0 && s.Present <= 1e9):
		return console.Misuse("--present: %g is not allowed: units a second over 0, up to 1000000000", s.Present)
	case !(s.Maximum > 0 && s.Maximum <= 1e9):
		return console.Misuse("--maximum: %g is not allowed: units a second over 0, up to 1000000000", s.Maximum)
	case s.Target < 20 || s.Target > 90:
		return console.Misuse("--target: %s is not allowed: 20%% to 90%%, as target tracking has it for tables", s.Target)
	case s.Rows < 1 || s.Rows > 7*24*60:
		return console.Misuse("--rows: %d is not allowed: a whole number from 1 to 10080", s.Rows)
	}
	return nil
}

// policy is the file's. An alarm that the file leaves to others calls at the share that ships.
func (s *simulateCommand) policy(file config.File) simulation.Policy {
	cfg := file.LimitRaiser
	if cfg.AlarmAbove == 0 {
		cfg.AlarmAbove = limitraiser.Default().AlarmAbove
	}
	region := s.Region
	if region == "" {
		region = append(file.Regions, "us-east-1")[0]
	}
	return simulation.Policy{
		Config: cfg, Units: simulation.Units(s.Units), Clients: clients[s.Clients],
		Present: s.Present, Maximum: s.Maximum, Region: region, Target: s.Target,
	}
}

func (s *simulateCommand) traces() ([]simulation.Trace, error) {
	if len(s.Trace) == 0 {
		return simulation.BuiltInTraces(), nil
	}
	var traces []simulation.Trace
	for _, name := range s.Trace {
		trace, err := traceOf(name)
		if err != nil {
			return nil, err
		}
		traces = append(traces, trace)
	}
	return traces, nil
}

// traceOf finds a built-in load by its name, of which the beginning and hyphens are enough, or
// reads a file.
func traceOf(name string) (simulation.Trace, error) {
	wanted := strings.ToLower(strings.ReplaceAll(name, "-", " "))
	var known []string
	for _, trace := range simulation.BuiltInTraces() {
		if wanted != "" && strings.HasPrefix(trace.Name, wanted) {
			return trace, nil
		}
		known = append(known, trace.Name)
	}
	file, err := os.Open(name) // #nosec G304 -- the path is what the user gave
	if errors.Is(err, fs.ErrNotExist) {
		return simulation.Trace{}, fmt.Errorf("there is no file %s and no built-in load of that name; there are: %s", name, strings.Join(known, ", "))
	}
	if err != nil {
		return simulation.Trace{}, fmt.Errorf("reading the trace: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	return simulation.ReadTrace(name, console.InUTF8(file))
}
