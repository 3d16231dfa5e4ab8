package main

import (
	"context"
	"fmt"
	"time"

	limitraiser "caretaker/limit-raiser"
	"caretaker/limit-raiser/simulation"
)

// Where make leaves the limit-raiser's binaries: for a deployment, and for this machine.
const (
	limitRaiserBinary = "dist/limit-raiser/bootstrap"
	limitRaiserOnHost = "dist/host/limit-raiser/bootstrap"
)

// measureLimitRaiser measures all figures of the limit-raiser, in the order in which the docs
// list them.
func measureLimitRaiser(ctx context.Context, r *results) error {
	playLoads(r)
	world, err := startRaiserWorld(ctx)
	if err != nil {
		return err
	}
	defer world.stop()
	if err := duplicatesApplied(ctx, r, world); err != nil {
		return fmt.Errorf("events delivered twice: %w", err)
	}
	if err := lostWhileUpdating(ctx, r, world); err != nil {
		return fmt.Errorf("events while tables are changing: %w", err)
	}
	if err := handlerTime(ctx, r, world); err != nil {
		return fmt.Errorf("the handler's time: %w", err)
	}
	if err := binarySizes(r, limitRaiserBinary, limitraiser.Default(), 12, 4.5); err != nil {
		return fmt.Errorf("the binary: %w", err)
	}
	return nil
}

// playLoads plays the policy that ships against loads whose clients retry as an SDK does, so
// that what the raiser sees is not what they need.
func playLoads(r *results) {
	shipped := limitraiser.Default()
	shipped.Limits.AddedCostAMonth = 1e6 // what a raise may cost is the owner's to say
	policy := simulation.Policy{Config: shipped, Units: simulation.Writes, Present: 50, Maximum: 40_000, Target: 70, Region: "us-east-1"}
	most := 0
	for late := range 60 {
		load := simulation.Trace{Name: "step", Present: 50, Points: []simulation.Point{
			{At: 0, PerSecond: 35},
			{At: 20*time.Minute + time.Duration(late)*time.Second, PerSecond: 250},
			{At: 80 * time.Minute, PerSecond: 250},
		}}
		most = max(most, len(simulation.Simulate(load, policy).Raises))
	}
	r.note("raises_50_250: a load that steps from 35 to 250 units a second on a table of 50, once at each second of a minute: the most raises that one took")
	r.report(figure{"raises_50_250", float64(most), "raises", "=", 1})

	highest, short := 0.0, 0
	for _, clients := range []simulation.Clients{simulation.SDK, simulation.Boto3} {
		policy.Clients = clients
		for _, load := range simulation.BuiltInTraces() {
			raises := simulation.Simulate(load, policy).Raises
			for i, raise := range raises {
				over := raise.Overshoot()
				highest = max(highest, over)
				last := i+1 == len(raises) || raises[i+1].Episode != raise.Episode
				if last && over < 1 {
					short++
				}
				r.note("  %-14s sent %2d times, minute %4d: %4.0f -> %4.0f is %.2f times the demand of %.0f",
					load.Name, clients.Attempts(), raise.Decided, raise.From, raise.To, over, raise.Demand)
			}
		}
	}
	r.note("overshoot_max, episodes_short: the capacity after each raise of the loads above over the true demand, and how many episodes end under it")
	r.report(figure{"overshoot_max", highest, "ratio", "<=", 2})
	r.report(figure{"episodes_short", float64(short), "episodes", "=", 0})
}
