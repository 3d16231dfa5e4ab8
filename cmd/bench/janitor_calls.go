package main

import "time"

// region is the Region before a run, as far as the number of calls depends on it.
type region struct {
	// functions and versions are all there are; versions counts the numbered ones.
	functions, versions int
	// shortlist is how many functions have a version that only dear facts can still protect.
	shortlist int
	// mappings is how many event source mappings there are.
	mappings int
	// durable is how many candidates have a DurableConfig.
	durable int
}

// call is one call of Lambda's control plane; GetPolicy is none, AWS counts it apart.
type call struct {
	operation, function, qualifier string
	// at is when it came, from the start of the run.
	at time.Duration
}

// term is one term of what a run may call, with what it did call.
type term struct {
	what              string
	allowed, recorded int
}

// aMinute is how old the reading of a function's aliases may be when a version is deleted.
const aMinute = time.Minute

// terms is the most that a run may call, given what it deleted. The order of calls tells a
// list before the deletions from one after them.
func (before region) terms(calls []call) []term {
	var listsBefore, listsAfter, aliases, again, others int
	count, deleted := map[string]int{}, map[call]bool{}
	read, lastDeletion := map[string]time.Duration{}, map[string]time.Duration{}
	for _, one := range calls {
		count[one.operation]++
		switch one.operation {
		case "DeleteFunction":
			lastDeletion[one.function] = one.at
			deleted[call{function: one.function, qualifier: one.qualifier}] = true
		case "ListFunctions", "ListVersionsByFunction":
			if len(deleted) == 0 {
				listsBefore++
			} else {
				listsAfter++
			}
		case "ListAliases":
			if _, known := read[one.function]; known {
				again++
				break
			}
			read[one.function] = one.at
			aliases++
		case "ListEventSourceMappings", "ListProvisionedConcurrencyConfigs", "ListFunctionEventInvokeConfigs", "ListDurableExecutionsByFunction":
		default:
			others++
		}
	}
	old := 0
	for function, at := range lastDeletion {
		if at-read[function] > aMinute {
			old++
		}
	}
	whole := pages(before.versions+before.functions, 50)
	return []term{
		{"the list before: (V+F)/50", whole, listsBefore},
		{"the list after: the same, or one for each touched function", min(whole, len(lastDeletion)), listsAfter},
		{"event source mappings: E/100", pages(before.mappings, 100), count["ListEventSourceMappings"]},
		{"aliases and provisioned concurrency: 2A", 2 * before.shortlist, aliases + count["ListProvisionedConcurrencyConfigs"]},
		{"aliases again, where the reading is over a minute old: A", old, again},
		{"async destinations: F", before.functions, count["ListFunctionEventInvokeConfigs"]},
		{"running durable executions: one for each candidate", before.durable, count["ListDurableExecutionsByFunction"]},
		{"deletions: D", len(deleted), count["DeleteFunction"]},
		{"and 10", 10, others},
	}
}

func pages(items, size int) int { return (items + size - 1) / size }

// sum is what may be called and what was.
func sum(terms []term) (allowed, recorded int) {
	for _, one := range terms {
		allowed += one.allowed
		recorded += one.recorded
	}
	return allowed, recorded
}

// explain prints every term and gives the share of what may be called.
func (r *results) explain(fleet string, terms []term) float64 {
	allowed, recorded := sum(terms)
	r.note("calls_over_formula of %s: %d of %d calls of the Lambda control plane, GetPolicy apart:", fleet, recorded, allowed)
	for _, one := range terms {
		r.note("  %6d of %6d  %s", one.recorded, one.allowed, one.what)
	}
	return float64(recorded) / float64(allowed)
}
