package config

// Part is what the file says of a part, in the form that the deployment and those who look at
// what is deployed share.
type Part struct {
	// Folder holds the part's code, as limit-raiser; Title is the part in the names of its stacks, as
	// LimitRaiser; Key is its section's, as limitRaiser.
	Folder, Title, Key string
	Enabled, DryRun    bool
	// Section is the part's section of the file.
	Section any
}

// The outputs by which a part's stack says what of the file it was made from.
const (
	DryRunOutput   = "DryRun"
	DeployedOutput = "Configuration"
)

// Parts are all that there are, whether they are on or off.
func (s Sections) Parts() []Part {
	return []Part{
		{"janitor", "Janitor", "janitor", s.Janitor.Enabled, s.Janitor.DryRun, s.Janitor},
		{"limit-raiser", "LimitRaiser", "limitRaiser", s.LimitRaiser.Enabled, s.LimitRaiser.DryRun, s.LimitRaiser},
	}
}

// StackPrefix is what the names of a stage's stacks begin with.
func StackPrefix(stage string) string { return "Caretaker-" + stage + "-" }

// Deployed is the digest of all that a part's stack is made from: its section, and what concerns every
// stack. The Regions are not in it, since one that is added changes nothing in the others.
func (f File) Deployed(p Part) string {
	return Digest(map[string]any{"section": p.Section, "tags": f.Tags, "notify": f.Notify, "deployment": f.Deployment})
}
