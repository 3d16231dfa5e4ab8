package trust

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"caretaker/internal/metric"
	"caretaker/internal/metric/reading"
)

// Outcome is what an alarm would have done.
type Outcome struct {
	Alarm    string `json:"alarm"`
	Resource string `json:"resource,omitempty"`
	// Planned is true of an alarm as the reconciler would make it, false of one as it stands.
	Planned bool `json:"planned"`
	// Threshold is what it is judged by, in CloudWatch's unit; Written is the same as the file and the tags write it.
	Threshold float64 `json:"threshold"`
	Written   string  `json:"written,omitempty"`
	// Since is how far back there was something to look at.
	Since time.Time `json:"since"`
	// Fired is how often, Seconds for how long in all, Longest for how long at once.
	Fired   int   `json:"fired"`
	Seconds int64 `json:"seconds"`
	Longest int64 `json:"longest"`
	// Spells are the last of them.
	Spells []Spell `json:"spells,omitempty"`
	// Datapoints is how many there were to judge.
	Datapoints int `json:"datapoints"`
	// Quiet is a threshold with which it would not have fired, QuietWritten the same for the file and the tags; nil
	// where it did not fire, or none within reason would do.
	Quiet        *float64 `json:"quiet,omitempty"`
	QuietWritten string   `json:"quietWritten,omitempty"`
	// Refused says why it could not be played; then nothing else is known.
	Refused string `json:"refused,omitempty"`
}

// Spell is a time for which an alarm would have been on.
type Spell struct {
	Start   time.Time `json:"start"`
	Seconds int64     `json:"seconds"`
}

// mostSpells is how many an outcome tells of.
const mostSpells = 20

// Backtest plays alarms over what was measured: those that a plan would make, and those that stand.
func (a *Auditor) Backtest(ctx context.Context, choice Choice) ([]Outcome, []error, error) {
	found, failures, err := a.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	all := toPlay(found.facts, found.plan, found.all, a.options.Stage, choice)
	outcomes, err := a.play(ctx, all, choice.Days)
	return outcomes, failures, err
}

// kept is how long CloudWatch keeps datapoints of a period, less a little for the time that a run takes.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
func kept(period time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case period < time.Minute:
		return 3*time.Hour - 5*time.Minute
	case period%(5*time.Minute) != 0:
		return 15*day - time.Hour
	case period%time.Hour != 0:
		return 63*day - time.Hour
	}
	return 455*day - time.Hour
}

// frame is what an alarm is played over: the days, or as far back as there are datapoints, and one evaluation range
// before.
func frame(now time.Time, alarm metric.Alarm, days int) metric.Frame {
	back := min(time.Duration(days)*24*time.Hour+time.Duration(alarm.Rule.Range()-1)*alarm.Period, kept(alarm.Period))
	return reading.Frame(now, alarm.Period, max(1, int(back/alarm.Period)))
}

// What is held at once: of each of so many alarms the datapoints of two weeks are a few hundred kilobytes.
const (
	inABatch = 50
	atOnce   = 4
)

// play reads what the alarms judge, a batch after the other, and plays them.
func (a *Auditor) play(ctx context.Context, all []played, days int) ([]Outcome, error) {
	batches, price := batched(all, a.options.Now, days)
	a.options.Say(price)
	outcomes := make([]Outcome, len(all))
	for at, p := range all {
		outcomes[at] = outcomeOf(p)
	}
	var mutex sync.Mutex
	done := 0
	reads := told{a.aws.CloudWatch, func() {
		mutex.Lock()
		defer mutex.Unlock()
		done++
		a.options.Progress(min(done, price.Calls), price.Calls)
	}}
	waiting, waitingCtx := errgroup.WithContext(ctx)
	waiting.SetLimit(atOnce)
	for _, one := range batches {
		waiting.Go(func() error {
			data, err := reading.Data(waitingCtx, reads, one.frame, one.metrics)
			if err != nil {
				return err
			}
			for _, at := range one.positions {
				outcomes[at].replay(all[at], one.frame, data)
			}
			return nil
		})
	}
	return outcomes, waiting.Wait()
}

// batch are alarms that are read together, by their positions.
type batch struct {
	frame     metric.Frame
	metrics   []metric.Metric
	positions []int
}

// batched puts alarms over the same frame together, and says what reading them takes. Alarms that stand side by
// side often read the same.
func batched(all []played, now time.Time, days int) ([]batch, Price) {
	byFrame := map[metric.Frame][]int{}
	price := Price{}
	for at, p := range all {
		if p.refused == "" {
			over := frame(now, p.alarm, days)
			byFrame[over] = append(byFrame[over], at)
			price.Alarms++
		}
	}
	var batches []batch
	for over, positions := range byFrame {
		for part := range slices.Chunk(positions, inABatch) {
			one := batch{frame: over, positions: part}
			seen := map[string]bool{}
			for _, at := range part {
				metrics := all[at].alarm.Metrics()
				if sampled, counts := all[at].alarm.Sampled(); counts {
					metrics = append(metrics, sampled)
				}
				for _, read := range metrics {
					if !seen[read.Key()] {
						seen[read.Key()] = true
						one.metrics = append(one.metrics, read)
					}
				}
			}
			price.Metrics += len(one.metrics)
			price.Calls += reading.Calls(over, len(one.metrics))
			batches = append(batches, one)
		}
	}
	return batches, price
}

func outcomeOf(p played) Outcome {
	outcome := Outcome{Alarm: p.name, Planned: p.planned, Threshold: p.alarm.Rule.Threshold, Refused: p.refused}
	if p.resource.Name != "" {
		outcome.Resource = p.resource.Title()
	}
	if p.ours && p.refused == "" {
		outcome.Written = p.check.Written(outcome.Threshold, p.resource)
	}
	return outcome
}

// tooMuch is how many times the threshold one may be that is still offered: beyond, the alarm says nothing any more.
const tooMuch = 10

// replay plays the alarm, and notes what came of it.
func (o *Outcome) replay(p played, over metric.Frame, data metric.Data) {
	replay, err := p.alarm.Play(over, data)
	if err != nil {
		o.Refused = strings.TrimPrefix(err.Error(), p.alarm.Name+": ")
		return
	}
	o.Since = over.At(min(p.alarm.Rule.Range()-1, over.Count-1))
	for _, value := range replay.Values {
		if !metric.Missing(value) {
			o.Datapoints++
		}
	}
	for _, spell := range replay.Spells() {
		seconds := int64(spell.Length / time.Second)
		o.Fired++
		o.Seconds += seconds
		o.Longest = max(o.Longest, seconds)
		o.Spells = append(o.Spells, Spell{spell.Start, seconds})
	}
	o.Spells = o.Spells[max(0, len(o.Spells)-mostSpells):]
	if o.Fired == 0 {
		return
	}
	quiet, found := replay.Quiet()
	far := p.alarm.Rule.Upwards() && o.Threshold > 0 && quiet > tooMuch*o.Threshold || !p.alarm.Rule.Upwards() && quiet < 0 && o.Threshold >= 0
	if !found || far {
		return
	}
	if p.ours {
		if o.QuietWritten = p.check.Written(quiet, p.resource); o.QuietWritten == "" {
			return
		}
	}
	o.Quiet = &quiet
}

// Days says for how long an outcome was looked at, in words.
func (o Outcome) Days(now time.Time) string {
	if span := now.Sub(o.Since); span < 24*time.Hour {
		return fmt.Sprintf("%.0f hours", span.Hours())
	}
	return fmt.Sprintf("%.0f days", now.Sub(o.Since).Hours()/24)
}
