package janitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// The fullest accounts: hardly anything of what they hold stays.
func TestHandle_cleansADeepFleetOfWhichNothingIsAliased(t *testing.T) {
	w := newWorld(t, lambdasim.Options{Limit: 300 << 30}, lambdasim.Generate(20, 200, today.Add(-2*day))...)
	report, _, err := w.handle(t.Context(), shipped(), Options{})
	want.NoError(t, "the run", err)
	want.Equal(t, "versions deleted", report.Outcomes[Deleted], 20*197)
	want.Equal(t, "versions left", w.VersionCount(), 60)
}

// aliased has an alias on an old version of each function.
func aliased(versions int) []lambdasim.Function {
	fleet := lambdasim.Generate(20, versions, today.Add(-2*day))
	for position := range fleet {
		fleet[position].Aliases = []lambdasim.Alias{{Name: "live", Version: fmt.Sprint(1 + position)}}
	}
	return fleet
}

// blind answers the list of aliases with none.
func (w *world) blind() { w.on("Lambda.ListAliases", always(`{"Aliases":[]}`)) }

// run is a run's report, whatever became of it.
func (w *world) run(t *testing.T, cfg Config) Report {
	t.Helper()
	report, _, _ := w.handle(t.Context(), cfg, Options{})
	return report
}

// whole says whether the aliases' versions are there still.
func (w *world) whole(t *testing.T, fleet []lambdasim.Function) {
	t.Helper()
	for position, function := range fleet {
		if numbers := w.Versions(function.Name); !slices.Contains(numbers, 1+position) {
			t.Errorf("the versions left of %s: %v, want version %d among them, which its alias refers to", function.Name, numbers, 1+position)
		}
	}
}

func TestHandle_stopsWhenOthersNameAliasesThatTheListsDoNotShow(t *testing.T) {
	fleet := aliased(30)
	named := func(number int) string { return lambdasim.ARN(fleet[number].Name, "live") }
	for name, witness := range map[string]func(*world){
		"event source mappings": func(w *world) {
			for number := range 3 {
				w.Map(lambdasim.Mapping{FunctionARN: named(number), SourceARN: "arn:aws:sqs:us-east-1:000000000000:q"})
			}
		},
		"an event rule": func(w *world) {
			w.on("EventBridge.ListEventBuses", always(`{"EventBuses":[{"Name":"default"}]}`))
			w.on("EventBridge.ListRules", always(`{"Rules":[{"Name":"nightly"}]}`))
			w.on("EventBridge.ListTargetsByRule", always(fmt.Sprintf(`{"Targets":[{"Arn":%q},{"Arn":%q},{"Arn":%q}]}`, named(0), named(1), named(2))))
		},
		"invocations": func(w *world) {
			w.on("CloudWatch.ListMetrics", invocations(
				[][2]string{{"Resource", fleet[0].Name + ":live"}}, [][2]string{{"Resource", fleet[1].Name + ":live"}},
				[][2]string{{"Resource", fleet[2].Name + ":live"}, {"ExecutedVersion", "30"}},
			))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{Limit: 300 << 30}, fleet...)
			w.blind()
			witness(w)
			for dryRun, report := range map[bool]Report{true: w.run(t, Default()), false: w.run(t, shipped())} {
				for _, metric := range report.Metrics() {
					if metric.Name == metricReferences {
						t.Errorf("dry run %v: the next run is compared with %+v, want no count of references", dryRun, metric)
					}
				}
			}
			report, _, err := w.handle(t.Context(), shipped(), Options{})
			want.Equal(t, "the closed belt", report.Belt.Name, AliasesBelt)
			if !errors.Is(err, BeltError{report.Belt}) {
				t.Errorf("the error: %v, want that of the belt %+v", err, report.Belt)
			}
			want.Equal(t, "deletions", len(w.Deletions()), 0)
			want.Says(t, "the belt's message", report.Belt.Message, fleet[0].Name+":live")
			w.on("Lambda.ListAliases", nil)
			report, _, err = w.handle(t.Context(), shipped(), Options{})
			want.NoError(t, "the run with the aliases in sight", err)
			want.Equal(t, "versions deleted with the aliases in sight", report.Outcomes[Deleted], 20*26)
			w.whole(t, fleet)
		})
	}
}

func TestClosedBelt_takesOthersWordForAliases(t *testing.T) {
	read := func(functions ...string) func(*Plan) {
		return func(p *Plan) {
			p.AliasesRead = map[string]time.Time{}
			for _, function := range functions {
				p.AliasesRead[function] = today
			}
		}
	}
	refer := func(kind Kind, function, qualifier, by string) func(*Plan) {
		return func(p *Plan) { p.References = append(p.References, Reference{function, qualifier, kind, by}) }
	}
	mapped := func(function string) func(*Plan) { return refer(EventSourceMapping, function, "live", "uuid") }
	three := []func(*Plan){read("a", "b", "c", "d", "e", "f"), mapped("a"), mapped("b"), mapped("c")}
	with := func(more ...func(*Plan)) []func(*Plan) { return append(three[:len(three):len(three)], more...) }
	for _, test := range []struct {
		name    string
		changes []func(*Plan)
		want    string
	}{
		{"three that the lists do not show", three, AliasesBelt},
		{"two that were deleted with their mappings left", []func(*Plan){read("a", "b"), mapped("a"), mapped("b")}, ""},
		{"functions whose aliases were not read", []func(*Plan){read("a"), mapped("a"), mapped("b"), mapped("c")}, ""},
		{"as many that the lists do show", with(
			mapped("d"), refer(Alias, "d", "1", "live"), mapped("e"), refer(Alias, "e", "1", "live"), mapped("f"), refer(Alias, "f", "1", "live")), ""},
		{"fewer that the lists do show", with(mapped("d"), refer(Alias, "d", "1", "live")), AliasesBelt},
		{"one alias of each function is enough: others are of the last deployments", with(
			mapped("a"), refer(EventSourceMapping, "a", "build-7", "uuid"), refer(Alias, "a", "1", "build-7")), ""},
		{"the lists show others", with(refer(Alias, "a", "1", "blue"), refer(Alias, "b", "1", "blue"), refer(Alias, "c", "1", "blue")), AliasesBelt},
		{"versions, functions and $LATEST are not aliases", []func(*Plan){
			read("a", "b", "c"), refer(Pipe, "a", "7", "x"), refer(Pipe, "b", "", "x"), refer(Pipe, "c", "$LATEST", "x"),
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := halfDeletable()
			for _, change := range test.changes {
				change(&plan)
			}
			if got := closedBelt(plan, Default().Belts); got.Name != test.want {
				t.Errorf("the closed belt: %q, want %q; it says %q", got.Name, test.want, got.Message)
			}
		})
	}
}

// Nothing but AWS itself knows better.
func TestHandle_stopsWhenAWSRefusesWhatTheListsShowedFree(t *testing.T) {
	fleet := aliased(200)
	w := newWorld(t, lambdasim.Options{Limit: 300 << 30}, fleet...)
	w.blind()
	report, decisions, err := w.handle(t.Context(), shipped(), Options{})
	var belt BeltError
	if !errors.As(err, &belt) {
		t.Errorf("the error: %v, want that of a closed belt", err)
	}
	want.Equal(t, "the belt of the error", belt.Belt, report.Belt)
	want.Equal(t, "the closed belt", report.Belt.Name, RefusalsBelt)
	refused, after := report.Outcomes[Refused], 0
	for _, deletion := range w.Deletions() {
		if deletion.Status == 409 {
			after = 0
		}
		after++
	}
	if refused < 3 || refused > 3+inFlight {
		t.Errorf("deletions refused: %d, want 3 to %d", refused, 3+inFlight)
	}
	// While the goroutine that got the third refusal waits for its turn on a busy machine, the others
	// go on: a few each, of almost four thousand.
	if most := 20 * inFlight; after > most {
		t.Errorf("deletions sent from the last that was refused on: %d, want at most %d", after, most)
	}
	if report.Outcomes[Remaining] == 0 {
		t.Errorf("versions remaining: none, want some; the outcomes are %v", report.Outcomes)
	}
	want.Equal(t, "versions deleted, refused, remaining and kept", report.Outcomes[Deleted]+refused+report.Outcomes[Remaining]+report.Outcomes[Kept], 20*201)
	for _, decision := range decisions {
		if decision.Outcome == Remaining && decision.Reason != "refusals belt closed" {
			t.Fatalf("%s:%s remains for the reason %q, want %q", decision.Function, decision.Qualifier(), decision.Reason, "refusals belt closed")
		}
	}
	want.Says(t, "the headline", report.Headline(), fmt.Sprintf("refusals belt closed after %d deletions", report.Outcomes[Deleted]))
	w.whole(t, fleet)
}

// Whoever has seen the plan takes the word of the aliases that are there.
func TestReviewed_opensTheAliasesBelt(t *testing.T) {
	fleet := aliased(30)
	w := newWorld(t, lambdasim.Options{Limit: 300 << 30}, fleet...)
	w.blind()
	for number := range 3 {
		w.Map(lambdasim.Mapping{FunctionARN: lambdasim.ARN(fleet[number].Name, "live"), SourceARN: "arn:aws:sqs:us-east-1:000000000000:q"})
	}
	plan, err := w.janitor(shipped(), Options{}).Plan(context.Background())
	want.NoError(t, "planning", err)
	want.Equal(t, "the closed belt", plan.Belt.Name, AliasesBelt)
	if reviewed := plan.Reviewed(plan.File()); reviewed.Belt.Closed() {
		t.Errorf("the belt after a review: %+v, want it open", reviewed.Belt)
	}
}
