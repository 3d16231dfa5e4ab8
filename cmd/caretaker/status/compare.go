package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"caretaker/internal/config"
	"caretaker/internal/release"
)

// want is what the file says of a part in a Region.
type want struct {
	stage, region, part, stack string
	// elsewhere is the account that the stage is for, where it is not the one that is looked at.
	elsewhere  string
	on, dryRun bool
	// configuration is the digest of all that the stack would be made from.
	configuration string
}

// stack is one that is deployed.
type stack struct {
	region, name, stage, state string
	// dryRun and configuration are what the deployment said; empty where it was one that did not say it yet.
	dryRun, configuration string
	functions             []Function
	alarms                []string
}

// Function is one that is deployed.
type Function struct {
	Name string `json:"name"`
	// Missing says that the stack has it and the account does not.
	Missing bool `json:"missing,omitempty"`
	// Braked says that DRY_RUN in its environment stops all changes.
	Braked bool `json:"braked"`
	// Code is the base64 SHA-256 of the code, and Modified when it or its settings were last changed.
	Code     string `json:"codeSha256"`
	Modified string `json:"modified"`
	// LastRun is the latest run in the log; nil where there is none.
	LastRun *Run `json:"lastRun"`
}

// Run is a run that was completed, with the error it ended in.
type Run struct {
	// Version is the function's, empty where the run does not tell it.
	Version string    `json:"version,omitempty"`
	At      time.Time `json:"at"`
	Error   string    `json:"error,omitempty"`
	// DryRun says that it changed nothing; nil where the run does not tell.
	DryRun *bool `json:"dryRun,omitempty"`
}

// current is the last run of the code and settings that are there; nil where none ran since they were changed.
func (f Function) current() *Run {
	changed, err := time.Parse("2006-01-02T15:04:05.000-0700", f.Modified)
	if f.LastRun == nil || err != nil || f.LastRun.At.Before(changed) {
		return nil
	}
	return f.LastRun
}

// version is what the last run said of the code; empty where none ran since it was changed.
func (f Function) version() string {
	if run := f.current(); run != nil {
		return run.Version
	}
	return ""
}

// acts tells whether its last run was in earnest, whatever the deployment said.
func (f Function) acts() bool {
	run := f.current()
	return run != nil && run.DryRun != nil && !*run.DryRun
}

// Row is a part in a Region: what the file says, and what is deployed.
type Row struct {
	Stage  string `json:"stage"`
	Region string `json:"region"`
	Part   string `json:"part"`
	// On and DryRun are the file's.
	On     bool `json:"on"`
	DryRun bool `json:"dryRun"`
	// Deployed is nil where nothing is, or where the Region could not be read.
	Deployed *Deployed `json:"deployed"`
	// Unread says that the Region could not be read: nobody knows what is deployed there.
	Unread bool `json:"unread,omitempty"`
	// Differs are the differences between the two.
	Differs []string `json:"differs"`
	// Command brings them in line; empty where a deployment would not.
	Command string `json:"command,omitempty"`
	deploys bool
}

// Deployed is what there is of a part.
type Deployed struct {
	Stack string `json:"stack"`
	State string `json:"state"`
	// DryRun is true, false, or empty where the deployment did not say it yet. A last run in earnest makes it false.
	DryRun    string     `json:"dryRun"`
	Functions []Function `json:"functions"`
	// RedAlarms are its alarms that are in ALARM.
	RedAlarms []string `json:"redAlarms"`
}

// Stray is a stack that the file does not know.
type Stray struct {
	Region string `json:"region"`
	Stack  string `json:"stack"`
	Stage  string `json:"stage"`
	State  string `json:"state"`
	Why    string `json:"why"`
	// Command ends it.
	Command string `json:"command"`
}

// sight is what was seen of the account: in which Regions, and of which of these not all.
type sight struct {
	regions []string
	stacks  []stack
	unread  []Unread
}

func (s sight) blind(region string) bool {
	return slices.ContainsFunc(s.unread, func(u Unread) bool { return u.Region == region && !u.listed })
}

// compare lays the file beside the account. A stage of which nothing is deployed may belong to another
// account: unless it was chosen, or nothing else is deployed either, it is only named.
func compare(wanted []want, seen sight, chosen string) Report {
	report := Report{Parts: []Row{}, Strays: []Stray{}, Unread: seen.unread, Absent: []string{}}
	present := stagesPresent(wanted, seen, chosen)
	deployed := map[[2]string]stack{}
	for _, one := range seen.stacks {
		deployed[[2]string{one.region, one.name}] = one
	}
	for _, w := range wanted {
		one, is := deployed[[2]string{w.region, w.stack}]
		if w.elsewhere == "" {
			delete(deployed, [2]string{w.region, w.stack})
		}
		switch blind := seen.blind(w.region); {
		case chosen != "" && w.stage != chosen, !slices.Contains(seen.regions, w.region):
		case w.elsewhere == "" && (present[w.stage] || blind):
			report.Parts = append(report.Parts, row(w, one, is, blind))
		case !slices.Contains(report.Absent, w.stage):
			report.Absent = append(report.Absent, w.stage)
		}
	}
	for _, one := range deployed {
		if chosen == "" || one.stage == chosen {
			report.Strays = append(report.Strays, stray(one, wanted))
		}
	}
	slices.SortFunc(report.Strays, func(a, b Stray) int {
		return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(a.Stack, b.Stack))
	})
	return report
}

// stagesPresent are the file's stages that are meant: the chosen one, or those of which something is deployed.
func stagesPresent(wanted []want, seen sight, chosen string) map[string]bool {
	if chosen != "" {
		return map[string]bool{chosen: true}
	}
	present := map[string]bool{}
	for _, w := range wanted {
		if slices.ContainsFunc(seen.stacks, func(one stack) bool { return one.stage == w.stage }) {
			present[w.stage] = true
		}
	}
	if len(present) == 0 {
		present[config.DefaultStage] = true
	}
	return present
}

// stray says why the file does not know a stack.
func stray(one stack, wanted []want) Stray {
	why := "the file does not have the stage " + one.stage
	for _, w := range wanted {
		if w.stage != one.stage {
			continue
		}
		why = fmt.Sprintf("the file does not have %s for the stage %s", one.region, one.stage)
		if w.elsewhere != "" {
			why = fmt.Sprintf("the file has the stage %s in account %s", w.stage, w.elsewhere)
			break
		}
		if w.region == one.region {
			why = "this version of Caretaker does not have such a part"
			break
		}
	}
	return Stray{Region: one.region, Stack: one.name, Stage: one.stage, State: one.state, Why: why}
}

// row compares a part with its stack.
func row(w want, one stack, is, blind bool) Row {
	r := Row{Stage: w.stage, Region: w.region, Part: w.part, On: w.on, DryRun: w.dryRun, Differs: []string{}}
	differs := func(format string, values ...any) {
		r.Differs, r.deploys = append(r.Differs, fmt.Sprintf(format, values...)), true
	}
	if !is {
		r.Unread = blind
		if w.on && !blind {
			differs("it is not deployed")
		}
		return r
	}
	r.Deployed = &Deployed{Stack: one.name, State: one.state, DryRun: one.dryRun, Functions: one.functions, RedAlarms: one.alarms}
	if !w.on {
		differs("the file has it off")
		return r
	}
	if one.state != "CREATE_COMPLETE" && one.state != "UPDATE_COMPLETE" {
		differs("its stack is in %s", one.state)
	}
	switch dryRun := fmt.Sprint(w.dryRun); {
	case one.configuration == "":
		differs("it was deployed by a version that does not tell its configuration")
	case one.dryRun != dryRun && w.dryRun:
		differs("the file has it in dry run")
	case one.dryRun != dryRun:
		differs("the file has it out of dry run")
	case one.configuration != w.configuration:
		differs("the file has changed since it was deployed")
	}
	if one.dryRun == "true" && slices.ContainsFunc(one.functions, Function.acts) {
		r.Deployed.DryRun = "false"
		differs("it was deployed in dry run and its last run was in earnest: the settings in its zip were changed")
	}
	for _, function := range one.functions {
		switch {
		case function.Missing:
			differs("the function %s is missing", function.Name)
		case function.Braked: // CloudFormation changes only what differs between two templates
			r.Differs = append(r.Differs, fmt.Sprintf("DRY_RUN in the environment of %s stops it, and no deployment takes that back", function.Name))
		}
		if agrees, known := release.Agrees(function.version()); known && !agrees {
			r.Differs = append(r.Differs, fmt.Sprintf("%s is version %s and this command line is of another (%s): deploy from where this one is of, or use that one's", function.Name, function.version(), release.Version()))
		}
	}
	return r
}
