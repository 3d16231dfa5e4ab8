package console

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"caretaker/internal/want"
)

// terminal is what stands on a terminal's last lines, as far as progress moves about there.
type terminal struct {
	mutex sync.Mutex
	all   bytes.Buffer
}

func (t *terminal) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.all.Write(text)
}

// lines are those that can be read in the end.
func (t *terminal) lines() (lines []string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	lines = []string{""}
	text := t.all.String()
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b[1A"), strings.HasPrefix(text, "\x1b[A"):
			lines = lines[:len(lines)-1]
			_, text, _ = strings.Cut(text, "A")
		case strings.HasPrefix(text, "\x1b["):
			lines[len(lines)-1] = ""
			_, text, _ = strings.Cut(text, "K")
		case text[0] == '\n':
			lines, text = append(lines, ""), text[1:]
		case text[0] == '\r':
			text = text[1:]
		default:
			lines[len(lines)-1] += text[:1]
			text = text[1:]
		}
	}
	return lines
}

func TestProgress_leavesNothingBehindOnATerminal(t *testing.T) {
	var t1 terminal
	c := Console{Out: &t1, Err: &t1, Live: true, Width: 80}
	p := c.Progress(2, []string{"reading", "deleting"})
	p.Move("eu-west-1", "reading", 3, 10)
	deadline := time.Now().Add(10 * time.Second)
	for !strings.Contains(strings.Join(t1.lines(), "\n"), "reading (1 of 2 Regions)  3 of 10") && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if shown := strings.Join(t1.lines(), "\n"); !strings.Contains(shown, "reading (1 of 2 Regions)  3 of 10") {
		t.Fatalf("what is shown meanwhile: %q", shown)
	}
	c.Say("one Region is through")
	p.Move("eu-west-1", "deleting", 10, 10)
	p.Leave("eu-west-1")
	c.Say("so is the other")
	want.Equal(t, "what stands there in the end", t1.lines(), []string{"one Region is through", "so is the other", ""})
}

func TestProgress_isSilentWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	c := Console{Out: &out, Err: &out}
	p := c.Progress(1, []string{"reading"})
	p.Move("eu-west-1", "reading", 3, 10)
	c.Say("it is through")
	p.Leave("eu-west-1")
	want.Equal(t, "what was written", out.String(), "it is through\n")
}
