package console

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// bar is one line that says how far something is. It is drawn anew all the time until its end, and then gone.
type bar struct {
	writer  progress.Writer
	tracker *progress.Tracker
	to      *frames
	text    string
	total   int
	ended   chan struct{}
}

// frames passes on what is drawn, each time in one piece, and knows whether there was anything.
type frames struct {
	io.Writer
	drawn bool
}

// Write takes one drawing of the line.
func (f *frames) Write(text []byte) (int, error) {
	f.drawn = f.drawn || bytes.ContainsRune(text, '\n')
	return f.Writer.Write(text)
}

// often is how often the line is drawn.
const often = 100 * time.Millisecond

// startBar shows a bar; total is 0 where nobody knows it, and so is width.
func startBar(to io.Writer, width int, text string, total int) *bar {
	b := &bar{
		writer: progress.NewWriter(), tracker: &progress.Tracker{Message: text, Total: int64(total)},
		to: &frames{Writer: to}, text: text, total: total, ended: make(chan struct{}),
	}
	b.writer.SetOutputWriter(b.to)
	b.writer.SetUpdateFrequency(often)
	b.writer.SetTrackerLength(30)
	b.writer.SetTerminalWidth(width)
	style := progress.StyleBlocks
	style.Options.Separator = "  "
	style.Options.TimeInProgressPrecision = time.Second
	style.Visibility = progress.StyleVisibility{Tracker: true, Time: true}
	b.writer.SetStyle(style)
	b.writer.AppendTracker(b.tracker)
	go func() {
		defer close(b.ended)
		b.writer.Render()
	}()
	return b
}

// set says how much is done. The line stays when that is all: more may come.
func (b *bar) set(done int) {
	if b.total > 0 {
		b.tracker.UpdateMessage(fmt.Sprintf("%s  %d of %d", b.text, done, b.total))
		done = min(done, b.total-1)
	} else if done > 0 {
		b.tracker.UpdateMessage(fmt.Sprintf("%s  %d", b.text, done))
	}
	b.tracker.SetValue(int64(done))
}

// up moves to the line that was drawn last, and takes it away.
const up = "\x1b[1A\x1b[2K\r"

// end takes the line away.
func (b *bar) end() {
	for over := false; !over; {
		b.writer.Stop() // does nothing while the drawing has not begun
		select {
		case <-b.ended:
			over = true
		case <-time.After(time.Millisecond):
		}
	}
	if b.to.drawn {
		_, _ = io.WriteString(b.to.Writer, up) // nobody is left to tell
	}
}
