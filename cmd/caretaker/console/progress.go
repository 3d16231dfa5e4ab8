package console

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"golang.org/x/term"
)

// Progress shows on a terminal how far all Regions together are; elsewhere it is silent.
type Progress struct {
	to    io.Writer // nil is silent
	width int       // of the terminal, in columns; 0 is not known
	// phases are in the order of a run.
	phases []string

	mutex   sync.Mutex
	regions map[string]step
	count   int
	bar     *bar
	shown   step
}

// step is how far a Region is; total is 0 while nobody knows it.
type step struct {
	phase       string
	done, total int
}

// Progress is a new one for so many Regions. What is written to the console from then on steps past it.
func (c *Console) Progress(regions int, phases []string) *Progress {
	p := &Progress{width: c.Width, phases: phases, regions: map[string]step{}, count: regions}
	if c.Live {
		p.to = c.Err
		if file, is := c.Err.(*os.File); is { // stdout may lead elsewhere
			p.width, _, _ = term.GetSize(int(file.Fd()))
		}
	}
	c.Out, c.Err = aside{c.Out, p}, aside{c.Err, p}
	return p
}

// Move says how far a Region is; a total of 0 is not known yet. Shown is the earliest phase that any is in.
func (p *Progress) Move(region, phase string, done, total int) {
	if p.to == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.regions[region] = step{phase, done, total}
	sum, together := step{phase: phase}, 0
	for _, each := range p.regions {
		switch before := slices.Index(p.phases, each.phase) - slices.Index(p.phases, sum.phase); {
		case before < 0:
			sum, together = each, 1
		case before == 0:
			sum.done, sum.total, together = sum.done+each.done, sum.total+each.total, together+1
		}
	}
	p.show(sum, together)
}

func (p *Progress) show(sum step, together int) {
	if p.bar == nil || p.shown.phase != sum.phase || p.shown.total != sum.total {
		p.hide()
		text := sum.phase
		if p.count > 1 {
			text += fmt.Sprintf(" (%d of %d Regions)", together, p.count)
		}
		p.bar = startBar(p.to, p.width, text, sum.total)
	}
	p.shown = sum
	p.bar.set(sum.done)
}

// Leave takes a Region out that is through.
func (p *Progress) Leave(region string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.regions, region)
	p.hide()
}

func (p *Progress) hide() {
	if p.bar != nil {
		p.bar.end()
		p.bar = nil
	}
}

// aside writes past the bar, which would otherwise stand in the midst of it.
type aside struct {
	io.Writer
	progress *Progress
}

// Write takes the bar off the screen first.
func (a aside) Write(text []byte) (int, error) {
	a.progress.mutex.Lock()
	defer a.progress.mutex.Unlock()
	a.progress.hide()
	return a.Writer.Write(text)
}
