package status

import (
	"fmt"
	"slices"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
)

// Report is what --json writes.
type Report struct {
	Schema  int    `json:"schema"`
	Command string `json:"command"`
	Account string `json:"account"`
	// Regions are those that were looked at.
	Regions []string `json:"regions"`
	Parts   []Row    `json:"parts"`
	// Strays are stacks of Caretaker that the file does not know.
	Strays []Stray `json:"strays"`
	// Absent are stages of the file of which nothing is deployed in this account.
	Absent []string `json:"absent"`
	Unread []Unread `json:"unread"`
}

// code is the exit code: what was not read may hide a difference, and comes first.
func (r Report) code() console.Code {
	if len(r.Unread) > 0 {
		return console.Failed
	}
	if len(r.Strays) > 0 {
		return console.WorkLeft
	}
	for _, row := range r.Parts {
		if len(row.Differs) > 0 {
			return console.WorkLeft
		}
	}
	return console.Done
}

// commands puts to each difference and to each stray the one that ends it.
func (r *Report) commands(settings command.Settings, profile string) {
	for at := range r.Parts {
		if row := &r.Parts[at]; row.deploys {
			words := []string{"npx", "cdk", "deploy", "--all"}
			if row.Stage != config.DefaultStage {
				words = append(words, "-c", "stage="+row.Stage)
			}
			if settings.Config != "" {
				words = append(words, "-c", "config="+settings.Config)
			}
			if len(settings.Set) > 0 {
				words = append(words, "-c", "set="+strings.Join(settings.Set, ","))
			}
			if profile != "" {
				words = append(words, "--profile", profile)
			}
			row.Command = console.Suggest(words...)
		}
	}
	for at := range r.Strays {
		words := []string{"aws", "cloudformation", "delete-stack", "--region", r.Strays[at].Region, "--stack-name", r.Strays[at].Stack}
		if profile != "" {
			words = append(words, "--profile", profile)
		}
		r.Strays[at].Command = console.Suggest(words...)
	}
}

// show prints the report for people.
func (r Report) show(out *console.Sheet) {
	looked := "1 Region"
	if len(r.Regions) != 1 {
		looked = fmt.Sprintf("%d Regions", len(r.Regions))
	}
	out.Line("Account", "%s, %s looked at", r.Account, looked)
	var rows [][]any
	for _, row := range r.Parts {
		rows = append(rows, append([]any{row.Stage, row.Region, row.Part, mode(row.On, row.DryRun), row.deployed()}, row.details()...))
	}
	out.Table(console.Table{Header: []any{"Stage", "Region", "Part", "File", "Deployed", "Code of", "Last run, UTC", "Alarms red", "Differs"}, Rows: rows})
	if len(r.Absent) > 0 {
		out.Line("Not here", "nothing is deployed in this account of the stages: %s", strings.Join(r.Absent, ", "))
	}
	var deploy []string
	for _, row := range r.Parts {
		if row.Command != "" && !slices.Contains(deploy, row.Command) {
			out.Line(console.Once("To deploy", len(deploy)), "%s", row.Command)
			deploy = append(deploy, row.Command)
		}
	}
	for at, stray := range r.Strays {
		out.Line(console.Once("Unknown", at), "%s in %s: %s. If no other file has it: %s", stray.Stack, stray.Region, stray.Why, stray.Command)
	}
	r.showUnread(out)
}

// showUnread says once what is alike in several Regions, as a permission that is missing everywhere.
func (r Report) showUnread(out *console.Sheet) {
	var problems []string
	regions := map[string][]string{}
	for _, one := range r.Unread {
		problem := strings.ReplaceAll(strings.ReplaceAll(one.Error, "\n", "; "), one.Region, "<Region>")
		if len(regions[problem]) == 0 {
			problems = append(problems, problem)
		}
		regions[problem] = append(regions[problem], one.Region)
	}
	for at, problem := range problems {
		out.Line(console.Once("Not read", at), "%s: %s", strings.Join(regions[problem], ", "), problem)
	}
	if len(problems) > 0 {
		out.Line("", "File and account may differ there. To look in some Regions only, name them with --region")
	}
}

func mode(on, dryRun bool) string {
	switch {
	case !on:
		return "off"
	case dryRun:
		return "on, dry run"
	}
	return "on"
}

// deployed is what there is, in a few words.
func (r Row) deployed() string {
	switch {
	case r.Unread:
		return "not known"
	case r.Deployed == nil && r.On:
		return "no"
	case r.Deployed == nil:
		return "off"
	}
	words := mode(true, r.Deployed.DryRun == "true")
	for _, function := range r.Deployed.Functions {
		if function.Braked {
			words += ", braked"
			break
		}
	}
	return words
}

// details are the columns on what is deployed, and the differences.
func (r Row) details() []any {
	differs := strings.Join(r.Differs, "; ")
	if r.Deployed == nil {
		return []any{"", "", "", differs}
	}
	var code, ran []string
	for _, function := range r.Deployed.Functions {
		// 2026-11-29T13:52:12.000+0000, and the hash as far as people compare it
		code = append(code, fmt.Sprintf("%.10s %.8s", function.Modified, function.Code))
		switch {
		case function.LastRun == nil:
			ran = append(ran, "none")
		case function.LastRun.Error != "":
			ran = append(ran, function.LastRun.At.Format("01-02 15:04")+" in error")
		default:
			ran = append(ran, function.LastRun.At.Format("01-02 15:04")+" well")
		}
	}
	var red []string
	for _, alarm := range r.Deployed.RedAlarms {
		red = append(red, strings.TrimPrefix(alarm, "caretaker-"+r.Stage+"-"+r.Part+"-"))
	}
	return []any{strings.Join(code, ", "), strings.Join(ran, ", "), strings.Join(red, ", "), differs}
}
