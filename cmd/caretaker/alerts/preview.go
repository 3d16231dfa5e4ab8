package alerts

import (
	"context"
	"fmt"
	"os"
	"strings"

	"caretaker/alerts"
	"caretaker/cmd/caretaker/alerts/preview"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
)

// previewCommand writes the dashboards as a page.
type previewCommand struct {
	Target  command.Target `embed:""`
	Output  string         `short:"o" default:"dashboards.html" placeholder:"FILE" help:"Where to write the page (default: dashboards.html)."`
	Service string         `placeholder:"NAME" help:"That service's dashboard alone, in place of all."`
	Sample  bool           `help:"With a made-up shop and made-up data: without any account."`
	Seed    uint64         `default:"1" help:"Which samples; the same number makes the same ones."`
}

// Run draws the dashboards that the file asks for, whether they are made yet or not.
func (p *previewCommand) Run(j *command.Job) error {
	var heading preview.Heading
	var boards []preview.Board
	var failures []error
	var err error
	if p.Sample {
		heading, boards, failures, err = p.samples(j)
	} else {
		heading, boards, failures, err = p.live(j)
	}
	if err != nil {
		return err
	}
	if len(boards) == 0 {
		return p.none()
	}
	heading.Stage, heading.Until = j.Stage(), j.Now().UTC().Format("2006-01-02 15:04")
	text, err := preview.Page(heading, boards)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.Output, text, 0o600); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	var titles []string
	for _, board := range boards {
		titles = append(titles, board.Title)
	}
	j.Say("%s: %d dashboards (%s), %d graphs, %d KB. Open it in a browser; it needs nothing else.", p.Output, len(boards), strings.Join(titles, ", "), preview.Graphs(boards), len(text)/1024)
	if len(failures) > 0 {
		return fmt.Errorf("%d widgets could not be drawn, such as: %w", len(failures), failures[0])
	}
	return nil
}

func (p *previewCommand) none() error {
	if p.Service != "" {
		return console.Misuse("--service: %q has no dashboard: caretaker alerts plan --all shows which do", p.Service)
	}
	return console.Misuse("there is no dashboard: alerts.dashboards of the file asks for none")
}

// samples draws a made-up shop.
func (p *previewCommand) samples(j *command.Job) (preview.Heading, []preview.Board, []error, error) {
	file, err := j.Settings.Load(j.Console, false)
	if err != nil {
		return preview.Heading{}, nil, nil, err
	}
	facts := preview.SampleFacts(j.Stage())
	cfg := alerts.Default()
	cfg.Dashboards = file.Alerts.Dashboards
	wanted := alerts.Make(facts, cfg).Wanted()
	source := preview.Samples{Seed: p.Seed, Facts: facts, Wanted: wanted}
	boards, failures := p.draw(j.Stopping, j, wanted, facts.Place.Region, source)
	return preview.Heading{Account: facts.Place.Account, Data: "Everything here is made up: a shop of nine functions."}, boards, failures, nil
}

// live draws what a plan of the account comes to, with the account's data.
func (p *previewCommand) live(j *command.Job) (heading preview.Heading, boards []preview.Board, failures []error, err error) {
	var l looking
	if l, err = open(j, p.Target, false); err != nil {
		return heading, nil, nil, err
	}
	for _, region := range l.account.Regions {
		found, err := l.plan(region)
		if err != nil {
			return heading, nil, nil, err
		}
		for _, failure := range found.Errors {
			failures = append(failures, fmt.Errorf("%s: %s", region, failure))
		}
		source := preview.NewLive(l.account.In(region), alerts.Prefix(l.Stage()))
		drawn, failed := p.draw(j.Stopping, j, found.Wanted(), region, source)
		boards, failures = append(boards, drawn...), append(failures, failed...)
	}
	return preview.Heading{Account: l.account.Number, Data: "The account's own data, in " + strings.Join(l.account.Regions, ", ") + "."}, boards, failures, nil
}

func (p *previewCommand) draw(ctx context.Context, j *command.Job, wanted []alerts.Dashboard, region string, source preview.Source) (boards []preview.Board, failures []error) {
	for _, dashboard := range wanted {
		if p.Service != "" && dashboard.Service != p.Service {
			continue
		}
		board, failed := preview.Draw(ctx, dashboard, region, source, j.Now())
		boards, failures = append(boards, board), append(failures, failed...)
	}
	return boards, failures
}
