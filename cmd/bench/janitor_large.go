package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/lambdasim"
	"caretaker/janitor"
)

// largeRegion is a simulated Lambda beside an emulator for all other services.
type largeRegion struct {
	emulator *emulator.Emulator
	sim      *lambdasim.Server

	mutex sync.Mutex
	calls []call
}

// shippedRate is at how many calls a second the clock of a large run goes on.
var shippedRate = janitor.Default().Rate

func startLargeRegion(ctx context.Context) (*largeRegion, error) {
	e, err := emulator.Start(ctx, emulator.Options{CloudTrail: true})
	if err != nil {
		return nil, err
	}
	l := &largeRegion{emulator: e}
	l.sim, err = lambdasim.Start(lambdasim.Options{Limit: 1 << 50, Before: l.record})
	if err != nil {
		e.Stop()
		return nil, err
	}
	return l, nil
}

func (l *largeRegion) stop() {
	_ = l.sim.Close() // it listens to nobody else
	l.emulator.Stop()
}

func (l *largeRegion) record(one lambdasim.Call) *lambdasim.Fault {
	if one.Operation == "GetPolicy" {
		return nil
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	at := time.Duration(float64(len(l.calls)) / shippedRate * float64(time.Second))
	l.calls = append(l.calls, call{one.Operation, one.Function, one.Qualifier, at})
	return nil
}

// alone runs the janitor in a process of its own against the Region.
func (l *largeRegion) alone(ctx context.Context, verb string) (aloneResult, error) {
	binary, err := os.Executable()
	if err != nil {
		return aloneResult{}, err
	}
	var out bytes.Buffer
	child := exec.CommandContext(ctx, binary, janitorChild+verb) // #nosec G204 -- this very command
	child.Env = append(l.emulator.Environ(), "AWS_ENDPOINT_URL_LAMBDA="+l.sim.URL())
	child.Stdout, child.Stderr = &out, os.Stderr
	if err := child.Run(); err != nil {
		return aloneResult{}, fmt.Errorf("running the janitor alone: %w", err)
	}
	var result aloneResult
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return aloneResult{}, fmt.Errorf("reading what the janitor alone measured: %w", err)
	}
	return result, nil
}

// The large fleet, nothing of which was ever cleaned.
const (
	largeFunctions = 1000
	largeVersions  = 50
	largeMappings  = 250
	largeDurable   = 20
)

// largeRun counts the calls of a run in earnest on the large fleet, under the policy that ships.
func largeRun(ctx context.Context, r *results) (float64, error) {
	region, err := startLargeRegion(ctx)
	if err != nil {
		return 0, err
	}
	defer region.stop()
	size := region.fill(largeFunctions, largeVersions, largeMappings, largeDurable)
	r.note("running on a simulated Lambda with %d functions x %d versions, %d mappings, %d durable functions; the policy that ships, "+
		"no waiting, but a clock that goes on as if at %g calls a second ...", largeFunctions, largeVersions, largeMappings, largeDurable, shippedRate)
	result, err := region.alone(ctx, "apply")
	if err != nil {
		return 0, err
	}
	if got, want := result.Report.Outcomes[janitor.Deleted], janitor.Default().Belts.MaxDeletions; got != want {
		return 0, fmt.Errorf("%d versions were deleted and not %d: %v", got, want, result.Report.Outcomes)
	}
	if left := region.sim.VersionCount(); left != size.versions-result.Report.Outcomes[janitor.Deleted] {
		return 0, errors.New("the Region holds another number of versions than the report says")
	}
	return r.explain(fmt.Sprintf("%d x %d", largeFunctions, largeVersions), size.terms(region.calls)), nil
}

// fill puts a fleet in place with an alias on each newest version.
func (l *largeRegion) fill(functions, versions, mappings, durable int) region {
	fleet := lambdasim.Generate(functions, versions, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -30))
	for index := range fleet {
		fleet[index].Aliases = []lambdasim.Alias{{Name: "live", Version: fmt.Sprint(versions)}}
		fleet[index].Durable = index < durable
	}
	l.sim.Put(fleet...)
	for index := range mappings {
		l.sim.Map(lambdasim.Mapping{
			FunctionARN: lambdasim.ARN(fleet[index%functions].Name, "live"),
			SourceARN:   fmt.Sprintf("arn:aws:sqs:%s:%s:queue-%d", lambdasim.Region, lambdasim.Account, index),
		})
	}
	candidates := versions - janitor.Default().Keep.Newest
	return region{functions: functions, versions: functions * versions, shortlist: functions, mappings: mappings, durable: durable * candidates}
}

// planMemory measures the peak memory of a plan for 300,000 versions, and beside it for 3,000.
func planMemory(ctx context.Context, r *results) error {
	few, err := planPeak(ctx, r, 3000/100, 100)
	if err != nil {
		return err
	}
	many, err := planPeak(ctx, r, 3000, 100)
	if err != nil {
		return err
	}
	r.note("plan_rss_300k, plan_rss_growth: peak resident memory of a process that does nothing but plan; Lambda is simulated in another. "+
		"It runs the package that the command line and the function are made of and writes every decision out as JSON, at %d calls a second: "+
		"at the 15 that AWS allows it would take 17 minutes. 3,000 versions: %.1f MB, 300,000: %.1f MB, %.0f bytes for each version more. "+
		"256 MB are about 5.5 times what 3,000 versions take, most of which is the program itself.",
		unpaced, few/1e6, many/1e6, (many-few)/(300_000-3_000))
	r.report(figure{"plan_rss_300k", many / 1e6, "MB", "<=", 256})
	r.report(figure{"plan_rss_growth", many / few, "ratio", "<=", 5.5})
	return nil
}

// planPeak is the peak memory of one plan in bytes.
func planPeak(ctx context.Context, r *results, functions, versions int) (float64, error) {
	region, err := startLargeRegion(ctx)
	if err != nil {
		return 0, err
	}
	defer region.stop()
	size := region.fill(functions, versions, 0, 0)
	r.note("planning for %d versions ...", size.versions)
	begun := time.Now()
	result, err := region.alone(ctx, "plan")
	if err != nil {
		return 0, err
	}
	if result.Report.Versions != size.versions || result.Decided != size.versions+size.functions {
		return 0, fmt.Errorf("the plan holds %d decisions on %d versions", result.Decided, result.Report.Versions)
	}
	r.note("... took %.1f s", time.Since(begun).Seconds())
	return float64(result.PeakBytes), nil
}
