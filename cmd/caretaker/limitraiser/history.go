package limitraiser

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/setting"
	limitraiser "caretaker/limit-raiser"
)

// historyCommand shows the audit trail.
type historyCommand struct {
	Target   command.Target   `embed:""`
	Table    string           `placeholder:"NAME" help:"The limit-raiser's table (default: the stage's, caretaker-<stage>-limit-raiser)."`
	Limit    int              `short:"n" default:"50" placeholder:"COUNT" help:"At most this many entries, 1 to 10000 (${default})."`
	Resource string           `placeholder:"NAME" help:"Only of this resource, by its name or as in the table: orders or table/orders."`
	Since    setting.Duration `placeholder:"TIME" help:"Only from this long ago and later, such as 24h or 30d; entries are kept for 400 days."`
	JSON     bool             `name:"json" help:"One JSON document."`
}

// historyEntry is an entry of the audit trail with where it was found.
type historyEntry struct {
	Region string `json:"region"`
	limitraiser.Entry
}

// history is what --json writes.
type history struct {
	command.Head
	Table   string         `json:"table"`
	Entries []historyEntry `json:"entries"`
}

// Run reads the trails of all Regions meant, as one.
func (h *historyCommand) Run(j *command.Job) error {
	if h.Limit < 1 || h.Limit > 10_000 {
		return console.Misuse("--limit: %d is not allowed: a whole number from 1 to 10000", h.Limit)
	}
	_, found, err := h.Target.Begin(j, false)
	if err != nil {
		return err
	}
	if h.Table == "" {
		h.Table = ledgerTable(j)
	}
	result := history{Head: j.Head("limit-raiser history", found), Table: h.Table, Entries: []historyEntry{}}
	trails := 0
	for _, region := range found.Regions {
		entries, err := h.read(j, found, region)
		var absent *dynamodbtypes.ResourceNotFoundException
		if errors.As(err, &absent) {
			j.Say("There is no table %s in %s: the limit-raiser is not deployed there, or under another --stage.", h.Table, region)
			continue
		}
		var refused smithy.APIError
		if errors.As(err, &refused) && refused.ErrorCode() == "ValidationException" { // it has other keys
			return console.Misuse("--table: %s in %s is not a limit-raiser's table; entries about a resource are found by --resource", h.Table, region)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		trails++
		for _, entry := range entries {
			entry.CostAMonth = roundCents(entry.CostAMonth)
			result.Entries = append(result.Entries, historyEntry{region, entry})
		}
	}
	if trails == 0 {
		return errors.New("there is no audit trail to show")
	}
	slices.SortStableFunc(result.Entries, func(a, b historyEntry) int { return b.At.Compare(a.At) })
	result.Entries = result.Entries[:min(len(result.Entries), h.Limit)]
	return j.Write(h.JSON, result, func(out *console.Sheet) { result.show(out, len(found.Regions) > 1) })
}

// read reads as far back as it takes for so many entries that are wanted.
func (h *historyCommand) read(j *command.Job, a command.Account, region string) ([]limitraiser.Entry, error) {
	client := dynamodb.NewFromConfig(a.In(region))
	var since time.Time
	if h.Since > 0 {
		since = time.Now().Add(-h.Since.Std())
	}
	for most := h.Limit; ; most *= 4 {
		all, err := limitraiser.History(j.Stopping, client, h.Table, most)
		if err != nil {
			return nil, err
		}
		wanted := h.among(all, since)
		if len(wanted) >= h.Limit || len(all) < most || all[len(all)-1].At.Before(since) {
			return wanted[:min(len(wanted), h.Limit)], nil
		}
	}
}

func (h *historyCommand) among(all []limitraiser.Entry, since time.Time) []limitraiser.Entry {
	var wanted []limitraiser.Entry
	for _, entry := range all {
		_, name, _ := strings.Cut(entry.Resource, "/")
		if !entry.At.Before(since) && (h.Resource == "" || h.Resource == entry.Resource || h.Resource == name) {
			wanted = append(wanted, entry)
		}
	}
	return wanted
}

// show prints the trail for people.
func (h history) show(out *console.Sheet, several bool) {
	var rows [][]any
	for _, e := range h.Entries {
		region := ""
		if several {
			region = e.Region
		}
		// What the stack names all its alarms by tells nothing here.
		alarm := strings.TrimPrefix(e.Alarm, "caretaker-"+h.Stage+"-limit-raiser-")
		if e.Step > 0 {
			alarm += fmt.Sprintf(", look %d", e.Step)
		}
		rows = append(rows, []any{
			utc(e.At), region, e.Resource, e.Part, e.Outcome, change(e.Means, e.From), change(e.Means, e.To), dollars(e.CostAMonth), alarm,
			because(string(e.Reason), e.Detail),
		})
	}
	out.Table(console.Table{
		Header:  []any{"UTC", "Region", "Resource", "Part", "Outcome", "From", "To", "Adds a month", "Alarm", "Why"},
		Numbers: []int{6, 7, 8}, Rows: rows,
	})
	if len(rows) == 0 {
		out.Printf("%s has no entry that matches\n", h.Table)
	}
}
