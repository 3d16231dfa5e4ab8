package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"caretaker/janitor"
)

// progress shows on a terminal how far all Regions together are; elsewhere it is silent.
type progress struct {
	to io.Writer // nil is silent

	mutex   sync.Mutex
	regions map[string]step
	count   int
	bar     *progressbar.ProgressBar
	shown   step
}

// step is how far a Region is; total is 0 while nobody knows it.
type step struct {
	phase       janitor.Phase
	done, total int
}

// order is that of the phases in a run.
var order = []janitor.Phase{
	janitor.ReadingFunctions, janitor.ReadingReferences, janitor.ReadingEach, janitor.LookingAtPolicies, janitor.Deleting, janitor.Verifying,
}

func newProgress(c console, regions int) *progress {
	p := &progress{regions: map[string]step{}, count: regions}
	if c.live {
		p.to = c.err
	}
	return p
}

// move says where a Region is. Shown is the earliest phase that any is in.
func (p *progress) move(region string, at step) {
	if p.to == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.regions[region] = at
	sum, together := step{phase: at.phase}, 0
	for _, each := range p.regions {
		switch before := slices.Index(order, each.phase) - slices.Index(order, sum.phase); {
		case before < 0:
			sum, together = each, 1
		case before == 0:
			sum.done, sum.total, together = sum.done+each.done, sum.total+each.total, together+1
		}
	}
	p.show(sum, together)
}

func (p *progress) show(sum step, together int) {
	if p.bar == nil || p.shown.phase != sum.phase || p.shown.total != sum.total {
		p.hide()
		total := sum.total
		if total == 0 {
			total = -1
		}
		text := string(sum.phase)
		if p.count > 1 {
			text += fmt.Sprintf(" (%d of %d Regions)", together, p.count)
		}
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.to), progressbar.OptionSetDescription(text),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSpinnerType(14), progressbar.OptionClearOnFinish())
	}
	p.shown = sum
	_ = p.bar.Set(sum.done) // a bar that cannot be drawn is no harm
}

// leave takes a Region out that is through.
func (p *progress) leave(region string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.regions, region)
	p.hide()
}

func (p *progress) hide() {
	if p.bar != nil {
		_ = p.bar.Finish() // as above
		p.bar = nil
	}
}

// aside writes past the bar, which would otherwise stand in the midst of it.
type aside struct {
	io.Writer
	progress *progress
}

// Write takes the bar off the screen first.
func (a aside) Write(text []byte) (int, error) {
	a.progress.mutex.Lock()
	defer a.progress.mutex.Unlock()
	a.progress.hide()
	return a.Writer.Write(text)
}

// watcher is what a Region's janitor tells.
type watcher struct {
	region   string
	progress *progress
	decided  func(janitor.Decision)
}

// Progress moves the bar.
func (w watcher) Progress(phase janitor.Phase, done, total int) {
	w.progress.move(w.region, step{phase, done, total})
}

// Decided hands the decision on.
func (w watcher) Decided(decision janitor.Decision) {
	if w.decided != nil {
		w.decided(decision)
	}
}
