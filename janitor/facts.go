package janitor

import "time"

// Facts are everything a plan is made from, as plain values. What could not be
// read stands in Unread; it is never the same as what is not there.
type Facts struct {
	// Account is the account's number and Region its Region, both empty when there is no function.
	Account, Region string
	// Storage is the Region's code storage before the run.
	Storage Storage
	// Functions are all functions of the Region by name, each with all its versions.
	Functions []Function
	// Findings are the references, once they have been looked for.
	Findings
	// Self is the version the janitor itself runs as; empty on the command line.
	Self Self
	// Stage is the stage whose rules hold, for the commands that messages name.
	Stage string
}

// Storage is how much code a Region stores, as AWS reports it, in bytes.
type Storage struct {
	Used  int64 `json:"used"`
	Limit int64 `json:"limit"`
}

// Percent is the share in use, 0 to 100 and above when AWS reports more than the cap; 0 without a cap.
func (s Storage) Percent() float64 {
	if s.Limit <= 0 {
		return 0
	}
	return 100 * float64(s.Used) / float64(s.Limit)
}

// Function is one Lambda function with its versions.
type Function struct {
	Name    string
	Runtime string
	// Tags are the function's own, those of CloudFormation among them.
	Tags map[string]string
	// Versions are the numbered versions, ascending; $LATEST is not one of them.
	Versions []Version
}

// Version is one numbered version.
type Version struct {
	// Number is the qualifier, 1 or more. AWS never uses a number twice.
	Number int64
	// Bytes is CodeSize: what the version takes of the Region's storage, 0 for images.
	Bytes int64
	// SHA is AWS's CodeSha256, base64.
	SHA string
	// Published is when the version was published; zero when AWS's date could not be read.
	Published time.Time
	// Edge says that CloudFront replicates this version, or that it is such a replica.
	Edge bool
	// Durable says that the version can have executions that outlive an invocation.
	Durable bool
	// Deleting says that somebody deleted the version, and AWS has not finished.
	Deleting bool
	// Managed says that the version runs on Lambda Managed Instances.
	Managed bool
}

// Self names a function's version.
type Self struct {
	Function string
	Version  string
}

// Kind says what a reference is, in the words of the report.
type Kind string

// The kinds of reference.
const (
	Alias                  Kind = "alias"
	WeightedAlias          Kind = "weighted alias"
	EventSourceMapping     Kind = "event source mapping"
	ProvisionedConcurrency Kind = "provisioned concurrency"
	DurableExecution       Kind = "durable execution"
	ScalableTarget         Kind = "scalable target"
	ScalingConfig          Kind = "scaling configuration"
	AsyncDestination       Kind = "async destination"
	AsyncSettings          Kind = "async settings"
	Environment            Kind = "environment variable"
	StackResource          Kind = "stack resource"
	StateMachine           Kind = "state machine"
	Execution              Kind = "state machine execution"
	Schedule               Kind = "schedule"
	Pipe                   Kind = "pipe"
	API                    Kind = "api"
	APIStage               Kind = "api stage"
	Rule                   Kind = "event rule"
	DataSource             Kind = "data source"
	DeliveryStream         Kind = "delivery stream"
	Invocation             Kind = "invocation"
	EarlierInvocation      Kind = "earlier invocation"
)

// Reference is something that names a version, or a function by another qualifier.
type Reference struct {
	Function string
	// Qualifier is a version number, an alias name or empty.
	Qualifier string
	Kind      Kind
	// By names what refers: an alias's name, a state machine's.
	By string
}

// DynamicTarget calls a function whose name or qualifier is only known when it runs.
type DynamicTarget struct {
	// Function is the name, or what it starts with when Prefix is set; empty with Prefix means any function.
	Function string
	Prefix   bool
	Kind     Kind
	By       string
	// Region is the one that the function is in; empty is that of the target itself.
	Region string
}

// Unread is a scan that could not be read to its end.
type Unread struct {
	// Check is the scan's key, such as janitor.checks.pipes.
	Check string
	// Function is the only function concerned; empty means the whole Region.
	Function string
	// Cause is the error, which names the action that AWS refused.
	Cause string
	// Until is when what could not be read was written: it names no version that was published
	// later. Zero is not known.
	Until time.Time
}

// bounded says that only versions up to a date are concerned.
func (u Unread) bounded() bool { return u.Function == "" && !u.Until.IsZero() }

// Findings are what the scans found.
type Findings struct {
	References []Reference
	Dynamic    []DynamicTarget
	// BusyStacks are the stacks, by id, that are in progress or in rollback, with their status.
	BusyStacks map[string]string
	// AliasChanges are the last changes of an alias, by function, as far back as they matter.
	AliasChanges map[string]time.Time
	Unread       []Unread
	// Elsewhere is what refers to functions of other Regions, by Region.
	Elsewhere map[string]Findings
	// FunctionsRead is how many functions the scans that read function by function looked at, by kind.
	FunctionsRead map[Kind]int
	// NotReached are the functions of the shortlist that the run had no time to read.
	NotReached map[string]bool
	// AliasesRead is when a function's aliases were read.
	AliasesRead map[string]time.Time
	// Invoked are the aliases that somebody invoked in the last two weeks. No version hangs on them, but
	// the lists of aliases have to show them.
	Invoked []Reference
	// NotChecked are the keys of the scans that are switched off.
	NotChecked []string
}

// add puts what another scan found beside what is there.
func (f *Findings) add(more Findings) {
	f.References = append(f.References, more.References...)
	f.Dynamic = append(f.Dynamic, more.Dynamic...)
	f.Invoked = append(f.Invoked, more.Invoked...)
	f.Unread = append(f.Unread, more.Unread...)
	f.BusyStacks = merged(f.BusyStacks, more.BusyStacks)
	f.AliasesRead = merged(f.AliasesRead, more.AliasesRead)
	f.FunctionsRead = merged(f.FunctionsRead, more.FunctionsRead)
	for region, findings := range more.Elsewhere {
		f.elsewhere(region, findings)
	}
	for function, changed := range more.AliasChanges {
		if f.AliasChanges == nil {
			f.AliasChanges = map[string]time.Time{}
		}
		if changed.After(f.AliasChanges[function]) {
			f.AliasChanges[function] = changed
		}
	}
}

// elsewhere puts what refers to functions of another Region beside what is there.
func (f *Findings) elsewhere(region string, more Findings) {
	if f.Elsewhere == nil {
		f.Elsewhere = map[string]Findings{}
	}
	known := f.Elsewhere[region]
	known.References = append(known.References, more.References...)
	known.Dynamic = append(known.Dynamic, more.Dynamic...)
	f.Elsewhere[region] = known
}

func merged[K comparable, V any](into, from map[K]V) map[K]V {
	if into == nil {
		into = make(map[K]V, len(from))
	}
	for key, value := range from {
		into[key] = value
	}
	return into
}

// count is how many references there are of each kind.
func (f Findings) count() map[Kind]int {
	counts := map[Kind]int{}
	for _, reference := range f.References {
		counts[reference.Kind]++
	}
	return counts
}
