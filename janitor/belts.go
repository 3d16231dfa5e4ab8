package janitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Belt is a safety belt that stops a run, before its first deletion or, where AWS contradicts what was
// read, before its next. The zero value is open.
type Belt struct {
	// Name is that of one of the belts; empty while every belt is open.
	Name string `json:"name,omitempty"`
	// Message says what closed it and how a person opens it.
	Message string `json:"message,omitempty"`
}

// The belts.
const (
	PercentBelt    = "percent"
	FunctionsBelt  = "functions"
	ReferencesBelt = "references"
	AliasesBelt    = "aliases"
	RefusalsBelt   = "refusals"
)

// Closed says whether the belt stops the run.
func (b Belt) Closed() bool { return b.Name != "" }

// reason is why what would have gone remains.
func (b Belt) reason() Reason { return Reason(b.Name + " belt closed") }

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
	if belt := aliasesBelt(plan); belt.Closed() {
		return belt
	}
	if float64(deletions)*100 > belts.MaxPercent*float64(plan.Versions) {
		return Belt{PercentBelt, fmt.Sprintf("%d of %d versions would go, more than belts.maxPercent (%g); %s",
			deletions, plan.Versions, belts.MaxPercent, review(plan))}
	}
	return Belt{}
}

// review is what a person does about a belt that opens for what was looked at.
func review(plan Plan) string {
	return fmt.Sprintf("review them with `%s --region %s --out plan.json` and delete just those with `%s --region %s --plan plan.json`",
		Command("plan", plan.Stage), plan.Region, Command("apply", plan.Stage), plan.Region)
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
		if len(plan.NotReached) > 0 && byFunction(kind) || read < plan.History.FunctionsRead[kind] || (read > 0 || kind == Invocation) && last < leastJudged {
			continue
		}
		if found[kind]*2 < last {
			return Belt{ReferencesBelt, fmt.Sprintf("%d references of the kind %q were found, an earlier run found %d; %s",
				found[kind], kind, last, reopen)}
		}
	}
	return Belt{}
}

// severalContradictions is how many contradictions are more than chance: an alias that somebody deletes
// or moves while the run goes on, and what is left over that still names it.
const severalContradictions = 3

// aliasesBelt closes when others name aliases that the lists of aliases do not show: mappings, APIs, rules,
// schedules, or invocations in the last two weeks. Each function whose aliases were read and are named is one witness,
// and one alias that the list does show is enough for it: there are teams that have a new alias
// with each deployment. The reading went blind where more contradict it than speak for it.
func aliasesBelt(plan Plan) Belt {
	type alias struct{ function, name string }
	shown := map[alias]bool{}
	named := map[string]string{} // what is named of each function, as function:alias by somebody
	confirmed := map[string]bool{}
	for _, reference := range plan.References {
		if reference.Kind == Alias {
			shown[alias{reference.Function, reference.By}] = true
		}
	}
	for _, witness := range slices.Concat(plan.References, plan.Invoked) {
		if _, read := plan.AliasesRead[witness.Function]; !read || !isAlias(witness.Qualifier) {
			continue
		}
		text := fmt.Sprintf("%s %s names %s:%s", witness.Kind, witness.By, witness.Function, witness.Qualifier)
		if known := named[witness.Function]; known == "" || text < known {
			named[witness.Function] = text
		}
		confirmed[witness.Function] = confirmed[witness.Function] || shown[alias{witness.Function, witness.Qualifier}]
	}
	var contradicted []string
	for function, seen := range confirmed {
		if !seen {
			contradicted = append(contradicted, named[function])
		}
	}
	if len(contradicted) < severalContradictions || len(contradicted)*2 <= len(confirmed) {
		return Belt{}
	}
	slices.Sort(contradicted)
	return Belt{AliasesBelt, fmt.Sprintf("the lists of aliases of %d functions do not show what others name, and those of %d do, so they were not read as they are (%s); "+
		"if these aliases are really gone, %s", len(contradicted), len(confirmed)-len(contradicted), contradicted[0], review(plan))}
}

// isAlias says whether a qualifier is an alias's name: neither a version nor $LATEST, nor missing.
func isAlias(qualifier string) bool {
	return strings.Trim(qualifier, "0123456789") != "" && !strings.HasPrefix(qualifier, "$")
}

// refusalsBelt is closed by AWS: what the lists of aliases showed as free it says is in use. One or two
// aliases may have moved just then.
func refusalsBelt(conflicts int) Belt {
	if conflicts < severalContradictions {
		return Belt{}
	}
	return Belt{RefusalsBelt, "AWS refused to delete versions that no list of aliases shows to be in use, so these lists were not read as they are; " +
		"see the refused ones in the report, and compare their functions' aliases with the console"}
}

// byFunction says whether a kind is read function by function.
func byFunction(kind Kind) bool {
	return slices.ContainsFunc(scans, func(one scan) bool { return one.calls != nil && slices.Contains(one.kinds, kind) })
}
