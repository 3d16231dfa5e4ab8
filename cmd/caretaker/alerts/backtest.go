package alerts

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"caretaker/alerts/trust"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/setting"
)

// backtestCommand shows how often alarms would have fired.
type backtestCommand struct {
	looks
	Days     int    `default:"14" placeholder:"N" help:"How many days back, 1 to 63 (${default}); CloudWatch keeps datapoints of a minute for 15 days, finer ones for 3 hours."`
	Alarm    string `placeholder:"PATTERN" help:"Alarms of that name alone, with * and ?."`
	Resource string `name:"resource" aliases:"function" placeholder:"NAME" help:"Alarms on that resource alone: a function's name, or a kind and a name such as queue/mail."`
	Others   bool   `help:"The alarms of others, too."`
}

type backtestDocument struct {
	command.Head
	Days    int              `json:"days"`
	Regions []regionBacktest `json:"regions"`
}

type regionBacktest struct {
	Region string          `json:"region"`
	Alarms []trust.Outcome `json:"alarms"`
	Errors []string        `json:"errors"`
}

// Run plays alarms in all Regions meant, one after the other.
func (b *backtestCommand) Run(j *command.Job) error {
	if b.Days < 1 || b.Days > trust.MostDays {
		return console.Misuse("--days: %d is not allowed: 1 to %d", b.Days, trust.MostDays)
	}
	if _, err := path.Match(b.Alarm, ""); err != nil {
		return console.Misuse("--alarm: %q is not allowed: a name with * and ?, such as */checkout/*", b.Alarm)
	}
	l, err := open(j, b.Target, false)
	if err != nil {
		return err
	}
	doc := backtestDocument{Head: j.Head("alerts backtest", l.account), Days: b.Days}
	for _, region := range l.account.Regions {
		auditor, err := l.auditor(region)
		if err != nil {
			return err
		}
		found, failures, err := auditor.Backtest(l.Stopping, trust.Choice{Days: b.Days, Alarm: b.Alarm, Resource: b.Resource, Others: b.Others})
		l.progress.Leave(region)
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		doc.Regions = append(doc.Regions, regionBacktest{region, append([]trust.Outcome{}, found...), command.Texts(failures)})
	}
	err = j.Write(b.JSON, doc, func(out *console.Sheet) {
		for _, region := range doc.Regions {
			region.show(out, doc, b.All, l.Now())
		}
	})
	return cmp.Or(err, doc.ending())
}

// ending is that of a look at which something could not be read, or at which there was nothing to play.
func (d backtestDocument) ending() error {
	count := 0
	for _, region := range d.Regions {
		if len(region.Errors) > 0 {
			return fmt.Errorf("%s: not all was looked at: %s", region.Region, region.Errors[0])
		}
		count += len(region.Alarms)
	}
	if count == 0 {
		return console.Misuse("no alarm is called so, planned or there; with --others, those of others are looked through too")
	}
	return nil
}

// show prints what fired, most often first, and with all the rest too.
func (r regionBacktest) show(out *console.Sheet, d backtestDocument, all bool, now time.Time) {
	sorted := slices.Clone(r.Alarms)
	slices.SortStableFunc(sorted, func(a, b trust.Outcome) int { return cmp.Compare(b.Fired, a.Fired) })
	var rows [][]any
	fired, spells, refused := 0, 0, 0
	for _, one := range sorted {
		if one.Refused != "" {
			refused++
		}
		if one.Fired > 0 {
			fired++
			spells += one.Fired
		}
		if all || one.Fired > 0 {
			rows = append(rows, row(one, now))
		}
	}
	out.Table(console.Table{
		Title:  fmt.Sprintf("What alarms of %s would have done in %d days", r.Region, d.Days),
		Header: []any{"Alarm", "Is", "Looked at", "Fired", "For", "At once", "Threshold", "Quiet at"}, Rows: rows,
	})
	out.Line("Account", "%s, Region %s, stage %s", d.Account, r.Region, d.Stage)
	out.Line("Alarms", "%d of %d would have fired, %d times in all", fired, len(r.Alarms), spells)
	if refused > 0 {
		out.Line("Not played", "%d, which only CloudWatch can compute: --all has the reasons", refused)
	}
	for position, failure := range r.Errors {
		out.Line(console.Once("Errors", position), "%s", failure)
	}
}

func row(one trust.Outcome, now time.Time) []any {
	is := "there"
	if one.Planned {
		is = "planned"
	}
	if one.Refused != "" {
		return []any{one.Alarm, is, "no: " + one.Refused, "", "", "", "", ""}
	}
	quiet := ""
	switch {
	case one.Quiet != nil:
		quiet = cmp.Or(one.QuietWritten, figure(*one.Quiet))
	case one.Fired > 0:
		quiet = "none within reason"
	}
	return []any{one.Alarm, is, one.Days(now), strconv.Itoa(one.Fired), span(one.Seconds), span(one.Longest), cmp.Or(one.Written, figure(one.Threshold)), quiet}
}

func figure(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

func span(seconds int64) string {
	return setting.Duration(time.Duration(seconds) * time.Second).String()
}
