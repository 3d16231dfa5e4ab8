package warmer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/internal/schedule"
	"caretaker/warmer"
)

// planCommand shows what a run would do: the function's own code, which pings nobody.
type planCommand struct {
	Target command.Target `embed:""`
	JSON   bool           `name:"json" help:"One JSON document."`
}

// document is what --json writes.
type document struct {
	command.Head
	command.Mode
	Regions []region `json:"regions"`
}

// region is a Region's plan.
type region struct {
	Region string `json:"region"`
	// Windows are all that there are; On those that are on now.
	Windows []string `json:"windows"`
	On      []string `json:"on"`
	// Targets are kept warm, Skips are not.
	Targets []target `json:"targets"`
	// Provisioned are the aliases with provisioned concurrency by windows, and what a run would do about them now.
	Provisioned []alias       `json:"provisioned"`
	Skips       []warmer.Skip `json:"skips"`
	// Cost is that of all targets in a month, in US dollars at the list prices of PricesOf.
	Cost     warmer.Cost `json:"costAMonth"`
	PricesOf string      `json:"pricesOf"`
	Errors   []string    `json:"errors"`
}

// target is a function that is kept warm, or will be when a window begins.
type target struct {
	warmer.Ref
	Now int `json:"now"`
	// Counts are by window, always among them, after all caps.
	Counts map[string]int `json:"counts"`
	Capped string         `json:"capped,omitempty"`
	// Share is what a version gets of an alias that shifts traffic; Library that of another warmer.
	Share   string `json:"share,omitempty"`
	Library string `json:"library,omitempty"`
	// Asked says whether it is known to answer pings.
	Asked    bool        `json:"instrumented"`
	Version  string      `json:"version"`
	MemoryMB int         `json:"memoryMB"`
	Cost     warmer.Cost `json:"costAMonth"`
}

// Run plans in each Region.
func (p *planCommand) Run(j *command.Job) error {
	file, account, err := p.Target.Begin(j, false)
	if err != nil {
		return err
	}
	doc := document{Head: j.Head("warmer plan", account), Mode: command.Mode{Enabled: file.Warmer.Enabled, DryRun: file.Warmer.DryRun}, Regions: []region{}}
	var failed error
	for _, name := range account.Regions {
		one, err := p.region(j, file, account, name)
		if j.Stopping.Err() != nil {
			return err
		}
		if err != nil {
			one.Errors, failed = append(one.Errors, strings.Split(err.Error(), "\n")...), fmt.Errorf("planning in %s: %s", name, strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		doc.Regions = append(doc.Regions, one)
	}
	err = j.Write(p.JSON, doc, func(out *console.Sheet) {
		for _, one := range doc.Regions {
			one.show(out, file.Warmer)
		}
		out.Line("Account", "%s, stage %s", doc.Account, doc.Stage)
		doc.Deployed(out, "warmer", "would be reported and nothing pinged")
	})
	return cmp.Or(err, failed)
}

func (p *planCommand) region(j *command.Job, file config.File, account command.Account, name string) (region, error) {
	one := region{Region: name, PricesOf: warmer.PricesOf, Windows: slices.Sorted(maps.Keys(file.Warmer.Windows)), On: []string{}, Targets: []target{}, Provisioned: []alias{}, Skips: []warmer.Skip{}, Errors: []string{}}
	clients := warmer.Connect(account.In(name), 1)
	clients.Invoke = nil // a plan has no use for it
	table, err := remembering(j.Stopping, j, clients, name)
	if err != nil {
		return one, err
	}
	cfg := file.Warmer
	cfg.DryRun = true
	w, err := warmer.New(cfg, clients, warmer.Options{Table: table, Now: j.Now})
	if err != nil {
		return one, err
	}
	plan, err := w.Plan(j.Stopping)
	calendar, wrong := cfg.Calendar()
	runs, badly := schedule.Parse(cfg.Schedule, cfg.TimeZone)
	if wrong != nil || badly != nil { // the file was checked
		return one, fmt.Errorf("reading the windows and the schedule: %w, %w", wrong, badly)
	}
	for _, window := range one.Windows {
		if calendar.On(window, j.Now()) {
			one.On = append(one.On, window)
		}
	}
	add := func(t warmer.Target, now int) {
		cost := t.CostAMonth(calendar, runs.ShortestGap(), j.Now(), warmer.Assumption)
		one.Cost = one.Cost.Plus(cost)
		one.Targets = append(one.Targets, target{t.Ref, now, t.Counts, t.Capped, t.Share, t.Library, !t.Unseen, t.Version, t.MemoryMB, cost})
	}
	for _, t := range plan.Targets {
		add(t, t.Wanted)
	}
	for _, t := range plan.Later {
		add(t, 0)
	}
	slices.SortFunc(one.Targets, func(a, b target) int { return strings.Compare(a.Ref.String(), b.Ref.String()) })
	one.Skips = append(one.Skips, plan.Skips...)
	for _, p := range plan.Provisions {
		one.Provisioned = append(one.Provisioned, alias{warmer.Told(p, j.Now()), p.Counts, p.CostAMonth(calendar, j.Now())})
	}
	return one, err
}

// show prints a Region's plan for people.
func (r region) show(out *console.Sheet, cfg warmer.Config) {
	header, numbers := []any{"Function", "Now"}, []int{2}
	for _, window := range append([]string{warmer.Always}, r.Windows...) {
		header = append(header, window)
		numbers = append(numbers, len(header))
	}
	header = append(header, "Memory", "By pings", "Provisioned", "Note")
	numbers = append(numbers, len(header)-3, len(header)-2, len(header)-1)
	var rows [][]any
	for _, t := range r.Targets {
		row := []any{t.Ref, t.Now}
		for _, window := range append([]string{warmer.Always}, r.Windows...) {
			row = append(row, count(t.Counts[window]))
		}
		rows = append(rows, append(row, fmt.Sprintf("%d MB", t.MemoryMB), dollars(t.Cost.Ping()), dollars(t.Cost.Provisioned), t.note()))
	}
	out.Table(console.Table{Title: "What is kept warm in " + r.Region + ", and what it costs in a month", Header: header, Numbers: numbers, Rows: rows})
	rows = nil
	for _, skip := range r.Skips {
		rows = append(rows, []any{skip.Ref, strings.TrimSuffix(string(skip.Reason)+": "+skip.Detail, ": ")})
	}
	out.Table(console.Table{Title: "What is not, in " + r.Region, Header: []any{"Function", "Why"}, Rows: rows})
	r.showProvisioned(out)
	on := "none"
	if len(r.On) > 0 {
		on = strings.Join(r.On, ", ")
	}
	out.Line("Windows", "%d, on now: %s", len(r.Windows), on)
	if len(r.Targets) > 0 {
		out.Line("By pings", "%s: %s for holds of %s, %s for requests, %s for inits of %s, if an environment lives %s; %s", dollars(r.Cost.Ping()),
			dollars(r.Cost.Holds), warmer.Assumption.Hold, dollars(r.Cost.Requests), dollars(r.Cost.Inits), warmer.Assumption.Init, span(warmer.Assumption.Lives), cfg.Schedule)
		out.Line("Provisioned", "%s for the same environments at the same times. Only this is a guarantee: AWS may take a pinged environment away at any time.", dollars(r.Cost.Provisioned))
	}
	if len(r.Targets)+len(r.Provisioned) > 0 && r.Region != warmer.PricesOf {
		out.Line("Prices", "those of %s: what %s asks is not known here", warmer.PricesOf, r.Region)
	}
	for position, problem := range r.Errors {
		out.Line(console.Once("Errors", position), "%s", problem)
	}
}

func (t target) note() string {
	var notes []string
	for _, note := range []string{t.Share, t.Capped} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	if t.Library != "" {
		notes = append(notes, "pinged as "+t.Library+" does it")
	}
	if !t.Asked {
		notes = append(notes, "not asked yet whether it has the middleware")
	}
	return strings.Join(notes, "; ")
}

// count is empty for none.
func count(number int) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprint(number)
}

func dollars(amount float64) string { return fmt.Sprintf("$%.2f", amount) }

// span is a whole number of hours.
func span(length time.Duration) string { return fmt.Sprintf("%.0f hours", length.Hours()) }
