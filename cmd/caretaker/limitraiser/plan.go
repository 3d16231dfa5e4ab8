package limitraiser

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/alarm"
	limitraiser "caretaker/limit-raiser"
)

// planCommand shows what an event would raise: the function's own code, in a dry run and
// with clients that cannot write.
type planCommand struct {
	Target command.Target `embed:""`
	Event  string         `required:"" placeholder:"FILE" help:"The event as JSON, in any shape that reaches the function: through SNS, SQS, EventBridge or straight from the alarm; - reads stdin."`
	Table  string         `placeholder:"NAME" help:"The limit-raiser's table, which says what was raised lately (default: the stage's, caretaker-<stage>-limit-raiser)."`
	JSON   bool           `name:"json" help:"One JSON document."`
}

// raisePlan is what --json writes.
type raisePlan struct {
	command.Head
	Region string `json:"region"`
	command.Mode
	// Alarms are those in the event, whatever their state.
	Alarms []alarmLine `json:"alarms"`
	// Answers are what the alarms in ALARM would come to.
	Answers  []limitraiser.Answer       `json:"answers"`
	Refusals []limitraiser.RefusedEvent `json:"refusals"`
	Errors   []string                   `json:"errors"`
}

// alarmLine is an alarm of the event.
type alarmLine struct {
	Name      string    `json:"name"`
	State     string    `json:"state"`
	ChangedAt time.Time `json:"changedAt"`
	// Step is that of a message of the raiser to itself; 0 is the alarm's own.
	Step int `json:"step"`
}

// mostEvent is as much as Lambda hands over; the decoder refuses what is longer.
const mostEvent = 6<<20 + 1

// Run plans in the Region that the event names, if it is one of those meant.
func (p *planCommand) Run(j *command.Job) error {
	event, err := p.read(j.Console)
	if err != nil {
		return console.Ending{Code: console.Misused, Cause: err}
	}
	deliveries := limitraiser.Decode(event)
	if err := unreadable(deliveries); err != nil {
		return console.Ending{Code: console.Misused, Cause: err}
	}
	file, found, err := p.Target.Begin(j, false)
	if err != nil {
		return err
	}
	home := limitraiser.Home{Partition: found.Partition(), Account: found.Number, Region: regionOf(deliveries, found.Regions)}
	clients, ledger := readOnly(found.In(home.Region))
	cfg := file.LimitRaiser
	cfg.DryRun = true
	name := p.Table
	if name == "" {
		name = ledgerTable(j)
	}
	report, err := limitraiser.New(cfg, clients, limitraiser.Options{Home: home, Table: name, AsIfNew: true}).Handle(j.Stopping, event)
	if j.Stopping.Err() != nil {
		return err
	}
	plan := raisePlan{
		Head: j.Head("limit-raiser plan", found), Region: home.Region, Mode: command.Mode{Enabled: file.LimitRaiser.Enabled, DryRun: file.LimitRaiser.DryRun},
		// Empty lists are [] in JSON, not null.
		Alarms: alarmsOf(deliveries), Answers: append([]limitraiser.Answer{}, report.Answers...),
		Refusals: append([]limitraiser.RefusedEvent{}, report.Refusals...), Errors: append([]string{}, report.Errors...),
	}
	for _, answer := range plan.Answers {
		for i := range answer.Decisions {
			answer.Decisions[i].CostAMonth = roundCents(answer.Decisions[i].CostAMonth)
		}
	}
	if err := j.Write(p.JSON, plan, plan.show); err != nil {
		return err
	}
	if ledger.missing {
		j.Say("There is no table %s in %s: planned as if nothing had ever been raised.", name, home.Region)
	}
	if len(plan.Errors) > 0 {
		return fmt.Errorf("%s", strings.ReplaceAll(plan.Errors[0], "\n", "; "))
	}
	return nil
}

// read reads the event.
func (p *planCommand) read(c console.Console) ([]byte, error) {
	from := c.In
	if p.Event != "-" {
		file, err := os.Open(p.Event) // #nosec G304 -- the path is what the user gave
		if err != nil {
			return nil, fmt.Errorf("reading the event: %w", err)
		}
		defer func() { _ = file.Close() }() // nothing was written
		from = file
	}
	event, err := io.ReadAll(io.LimitReader(console.InUTF8(from), mostEvent))
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	return event, nil
}

// unreadable is what is wrong with an event that brings nothing at all.
func unreadable(deliveries []limitraiser.Delivery) error {
	var wrong []error
	for _, delivery := range deliveries {
		if delivery.Err == nil {
			return nil
		}
		wrong = append(wrong, delivery.Err)
	}
	return errors.Join(wrong...)
}

// regionOf is the Region of the event, where it is one of these, and the first of these where not:
// the plan then says whose the event is.
func regionOf(deliveries []limitraiser.Delivery, regions []string) string {
	for _, delivery := range deliveries {
		if alarm, _, there := alarmOf(delivery); there && slices.Contains(regions, alarm.Region) {
			return alarm.Region
		}
	}
	return regions[0]
}

func alarmOf(delivery limitraiser.Delivery) (found alarm.Alarm, step int, there bool) {
	switch {
	case delivery.Alarm != nil:
		return *delivery.Alarm, 0, true
	case delivery.Look != nil:
		return delivery.Look.Alarm, delivery.Look.Step, true
	}
	return alarm.Alarm{}, 0, false
}

func alarmsOf(deliveries []limitraiser.Delivery) []alarmLine {
	lines := []alarmLine{}
	for _, delivery := range deliveries {
		if alarm, step, there := alarmOf(delivery); there {
			lines = append(lines, alarmLine{alarm.Name, alarm.State, alarm.ChangedAt, step})
		}
	}
	return lines
}

// meansOf is empty for what no call raises.
func meansOf(means limitraiser.Means) string {
	if means == limitraiser.NoMeans {
		return ""
	}
	return string(means)
}

// show prints the plan for people.
func (p raisePlan) show(out *console.Sheet) {
	var rows [][]any
	for _, answer := range p.Answers {
		for _, d := range answer.Decisions {
			rows = append(rows, []any{
				answer.Resource.Key(), d.Part, meansOf(d.Means), change(d.Means, d.From), change(d.Means, d.To), dollars(d.CostAMonth), d.Outcome,
				because(string(d.Reason), d.Detail),
			})
		}
	}
	out.Table(console.Table{
		Title:   "What the event comes to in " + p.Region,
		Header:  []any{"Resource", "Part", "Means", "From", "To", "Adds a month", "Outcome", "Why"},
		Numbers: []int{4, 5, 6}, Rows: rows,
	})
	out.Line("Account", "%s, Region %s, stage %s", p.Account, p.Region, p.Stage)
	for position, alarm := range p.Alarms {
		note := ""
		switch {
		case alarm.Step > 0:
			note = fmt.Sprintf("; look %d at it, which reads what it is now", alarm.Step)
		case alarm.State != "ALARM":
			note = "; only ALARM is acted on"
		}
		out.Line(console.Once("Alarm", position), "%s: %s since %s UTC%s", alarm.Name, alarm.State, utc(alarm.ChangedAt), note)
	}
	for position, refusal := range p.Refusals {
		out.Line(console.Once("Not acted on", position), "%s", strings.TrimPrefix(refusal.Alarm+": "+refusal.Why, ": "))
	}
	p.Deployed(out, "limitRaiser", "would be reported and not done")
	for position, problem := range p.Errors {
		out.Line(console.Once("Errors", position), "%s", problem)
	}
}
