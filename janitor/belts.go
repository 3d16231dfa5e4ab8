package janitor

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Belt is a safety belt that stops a run before its first deletion. The zero value is open.
type Belt struct {
	// Name is percent, functions or references; empty while every belt is open.
	Name string `json:"name,omitempty"`
	// Message says what closed it and how a person opens it.
	Message string `json:"message,omitempty"`
}

// The belts.
const (
	PercentBelt    = "percent"
	FunctionsBelt  = "functions"
	ReferencesBelt = "references"
)

// Closed says whether the belt stops the run.
func (b Belt) Closed() bool { return b.Name != "" }

// BeltError is the error of a run that a closed belt stopped.
type BeltError struct{ Belt Belt }

// Error is the belt's message.
func (e BeltError) Error() string { return e.Belt.Name + " belt closed: " + e.Belt.Message }

// History is what earlier runs left behind in their metrics. The zero value is a first run.
type History struct {
	// Functions is how many functions the last run saw whose counts were believed; 0 when none is known.
	Functions int
	// References is how many references of each kind the last such run found that read it, and
	// FunctionsRead how many functions it read for that; a kind that stands in neither was never read.
	References, FunctionsRead map[Kind]int
	// After is the storage in bytes when the last run ended; 0 when none is known.
	After int64
	// Growth is by how many bytes the storage grew between the runs of the last 14 days.
	Growth int64
	// Since is when the oldest run of the last 14 days ended; zero when none is known.
	Since time.Time
}

// leastJudged is how many references of a kind the last run must have found before their absence
// closes the belt, where the number depends on which functions were read or comes and goes by itself.
const leastJudged = 4

// closedBelt is the first belt that the plan closes.
func closedBelt(plan Plan, belts Belts) Belt {
	deletions := plan.going()
	if deletions == 0 {
		return Belt{}
	}
	if belt := historyBelt(plan); belt.Closed() {
		return belt
	}
	if float64(deletions)*100 > belts.MaxPercent*float64(plan.Versions) {
		return Belt{PercentBelt, fmt.Sprintf(
			"%d of %d versions would go, more than belts.maxPercent (%g); review them with `%s --region %s --out plan.json`"+
				" and delete just those with `%s --region %s --plan plan.json`",
			deletions, plan.Versions, belts.MaxPercent, Command("plan", plan.Stage), plan.Region, Command("apply", plan.Stage), plan.Region)}
	}
	return Belt{}
}

// Command is caretaker's command as a person types it for the stage: without it the rules of
// another one hold, and that one's exclusions. Empty leaves the stage out.
func Command(verb, stage string) string {
	if stage == "" {
		return "caretaker janitor " + verb
	}
	return "caretaker janitor " + verb + " --stage " + stage
}

const reopen = "if that is right, invoke the function once with {\"dryRun\": true}: what that run finds is what the next one is compared with"

// historyBelt closes when the run saw far less than the one that it is compared with. Such a run
// must not be what the next one is compared with, whether or not it would have deleted anything.
func historyBelt(plan Plan) Belt {
	if last := plan.History.Functions; last > 0 && plan.Functions*2 <= last {
		return Belt{FunctionsBelt, fmt.Sprintf("%d functions were listed, an earlier run saw %d; %s", plan.Functions, last, reopen)}
	}
	return referencesBelt(plan)
}

// referencesBelt closes when far fewer references were found than last time: a scan that
// comes back nearly empty is more often broken than right. What is read function by function is
// judged only when all that there were to read were read, and no fewer than then.
func referencesBelt(plan Plan) Belt {
	found := plan.count()
	for _, kind := range slices.Sorted(maps.Keys(plan.FunctionsRead)) {
		last, read := plan.History.References[kind], plan.FunctionsRead[kind]
		if len(plan.Waiting) > 0 && byFunction(kind) || read < plan.History.FunctionsRead[kind] || (read > 0 || kind == Invocation) && last < leastJudged {
			continue
		}
		if found[kind]*2 < last {
			return Belt{ReferencesBelt, fmt.Sprintf("%d references of the kind %q were found, an earlier run found %d; %s",
				found[kind], kind, last, reopen)}
		}
	}
	return Belt{}
}

// byFunction says whether a kind is read function by function.
func byFunction(kind Kind) bool {
	return slices.ContainsFunc(scans, func(one scan) bool { return one.calls != nil && slices.Contains(one.kinds, kind) })
}
