package config

import (
	"caretaker/alerts"
	"caretaker/alerts/notify"
)

// Part is what the file says of a part, in the form that the deployment and those who look at
// what is deployed share.
type Part struct {
	// Folder holds the part's code, as limit-raiser; Title is the part in the names of its stacks, as
	// LimitRaiser; Key is its section's, as limitRaiser.
	Folder, Title, Key string
	Enabled, DryRun    bool
	// Section is the part's section of the file.
	Section any
	// given is what the function is given where that is more than the section.
	given any
}

// Given is what the part's function finds in its config.json.
func (p Part) Given() any {
	if p.given != nil {
		return p.given
	}
	return p.Section
}

// The outputs by which a part's stack says what of the file it was made from.
const (
	DryRunOutput   = "DryRun"
	DeployedOutput = "Configuration"
)

// Parts are all that there are, whether they are on or off.
func (s Sections) Parts() []Part {
	return []Part{
		{"alerts", "Alerts", "alerts", s.Alerts.Enabled, s.Alerts.DryRun, s.Alerts.Config, alerts.Deployed{Config: s.Alerts.Config, Runbook: s.Runbook}},
		{"alerts/notify", "Notify", "alerts.notify", s.Alerts.Notify.Enabled, false, s.Alerts.Notify, notify.Deployed{Config: s.Alerts.Notify, Target: s.Target()}},
		{"janitor", "Janitor", "janitor", s.Janitor.Enabled, s.Janitor.DryRun, s.Janitor, nil},
		{"limit-raiser", "LimitRaiser", "limitRaiser", s.LimitRaiser.Enabled, s.LimitRaiser.DryRun, s.LimitRaiser, nil},
		{"warmer", "Warmer", "warmer", s.Warmer.Enabled, s.Warmer.DryRun, s.Warmer, nil},
		{"log-shipper", "LogShipper", "logShipper", s.LogShipper.Enabled, s.LogShipper.DryRun, s.LogShipper, nil},
	}
}

// StackPrefix is what the names of a stage's stacks begin with.
func StackPrefix(stage string) string { return "Caretaker-" + stage + "-" }

// Deployed is the digest of all that a part's stack is made from: its section, and what concerns every
// stack. The Regions are not in it, since one that is added changes nothing in the others.
func (f File) Deployed(p Part) string {
	from := map[string]any{"section": p.Section, "tags": f.Tags, "notify": f.Notify, "deployment": f.Deployment}
	if f.Runbook != "" {
		from["runbook"] = f.Runbook
	}
	if f.Alerts.Notify.Enabled { // then its topics are heard
		from["heard"] = true
	}
	return Digest(from)
}
