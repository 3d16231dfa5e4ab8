package ping

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// call is an event with what Lambda gives beside it.
type call struct {
	Event string `json:"event"`
	// Left is the time that the call has left in milliseconds; nil for a call that does not know it.
	Left   *int64   `json:"left"`
	Accept []string `json:"accept"`
}

// outcome is what came of a call: an answer, or an event that reached the handler unchanged.
type outcome struct {
	Answer  json.RawMessage `json:"answer"`
	Handler bool            `json:"handler"`
}

// language is a middleware with a handler behind it that notes what it gets.
type language func(t *testing.T, c call) outcome

// languages are the three of them, each in an environment of its own.
func languages(t *testing.T) map[string]language {
	return map[string]language{
		"go":     inGo(newEnvironment()),
		"node":   driven(t, "node", "testdata/driver.cjs"),
		"python": driven(t, "python3", "testdata/driver.py"),
	}
}

// noted is a handler that notes what it gets.
type noted struct{ events [][]byte }

func (n *noted) Invoke(_ context.Context, event []byte) ([]byte, error) {
	n.events = append(n.events, event)
	return []byte("null"), nil
}

func inGo(here *environment) language {
	return func(t *testing.T, c call) outcome {
		t.Helper()
		ctx := t.Context()
		if c.Left != nil {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Duration(*c.Left)*time.Millisecond)
			defer cancel()
		}
		var next noted
		answer, err := wrapped{&next, here, named([]Option{Accept(c.Accept...)})}.Invoke(ctx, []byte(c.Event))
		if err != nil {
			t.Fatal(err)
		}
		if len(next.events) == 0 {
			return outcome{Answer: answer}
		}
		return outcome{Handler: len(next.events) == 1 && bytes.Equal(next.events[0], []byte(c.Event))}
	}
}

// driven starts a driver, which is Lambda to the middleware of another language.
func driven(t *testing.T, program, driver string) language {
	t.Helper()
	command := exec.Command(program, driver) // #nosec G204 -- the arguments are this file's
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("%s is needed for this test: %v", program, err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
	})
	answers := bufio.NewReader(out)
	return func(t *testing.T, c call) (o outcome) {
		t.Helper()
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(append(line, '\n')); err != nil {
			t.Fatal(err)
		}
		answer, err := answers.ReadBytes('\n')
		if err != nil {
			t.Fatalf("%s: %v", driver, err)
		}
		if err := json.Unmarshal(answer, &o); err != nil {
			t.Fatal(err)
		}
		if string(o.Answer) == "null" {
			o.Answer = nil
		}
		return o
	}
}

// row is a line of the table in docs/warmer-protocol.md.
type row struct {
	call
	line   int
	pong   bool
	held   int64
	goOnly bool
}

var (
	columns = regexp.MustCompile("^\\| `(.*)` \\| (-|\\d+) \\| (.*?) ?\\| (handler|pong)(?:, held (\\d+))?(, Go)? \\|$")
	many    = regexp.MustCompile(`<(\d+) x>`)
	quoted  = regexp.MustCompile("`([^`]+)`")
)

func table(t *testing.T) (rows []row) {
	t.Helper()
	page, err := os.ReadFile("../../docs/warmer-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "| Event | Left | Accepts | Outcome |\n| --- | --- | --- | --- |\n")
	for number, line := range strings.Split(strings.TrimSpace(text), "\n") {

		cells := columns.FindStringSubmatch(line)
		if cells == nil {
			t.Fatalf("row %d of the table cannot be read: %s", number+1, line)
		}
		r := row{line: number + 1, pong: cells[4] == "pong", goOnly: cells[6] != ""}
		r.Event = many.ReplaceAllStringFunc(cells[1], func(count string) string {
			times, _ := strconv.Atoi(many.FindStringSubmatch(count)[1]) // digits
			return strings.Repeat("x", times)
		})
		if left, err := strconv.ParseInt(cells[2], 10, 64); err == nil {
			r.Left = &left
		}
		r.Accept = []string{}
		for _, name := range quoted.FindAllStringSubmatch(cells[3], -1) {
			r.Accept = append(r.Accept, name[1])
		}
		r.held, _ = strconv.ParseInt(cells[5], 10, 64) // empty where it is not held
		rows = append(rows, r)
	}
	if len(rows) < 50 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	return rows
}

func TestTable_holdsInEachLanguage(t *testing.T) {
	rows := table(t)
	for name, answers := range languages(t) {
		t.Run(name, func(t *testing.T) {
			counts := counted{}
			for _, r := range rows {
				if !r.goOnly || name == "go" {
					counts.check(t, r, answers(t, r.call))
				}
			}
		})
	}
}

// counted is what the answers have to say of the environment so far.
type counted struct {
	pings, requests int64
	environment     string
}

func (c *counted) check(t *testing.T, r row, got outcome) {
	t.Helper()
	shown := r.Event[:min(len(r.Event), 120)]
	if !r.pong {
		c.requests++
		if !got.Handler || got.Answer != nil {
			t.Errorf("row %d, %s: it is to reach the handler unchanged; answer %s", r.line, shown, got.Answer)
		}
		return
	}
	c.pings++
	pong, err := Read(got.Answer)
	if err != nil || got.Handler {
		t.Errorf("row %d, %s: it is to be answered: %v, %s; reached the handler: %t", r.line, shown, err, got.Answer, got.Handler)
		return
	}
	// A timer of Node may fire a millisecond early. A busy machine may hold longer, but not for seconds.
	if early := r.held - pong.HeldMs; early > 1 || r.held == 0 && pong.HeldMs != 0 || pong.HeldMs > 5000 {
		t.Errorf("row %d, %s: held %d ms, want %d", r.line, shown, pong.HeldMs, r.held)
	}
	if c.environment == "" {
		c.environment = pong.Environment
	}
	if pong.Environment != c.environment || pong.Pings != c.pings || pong.Requests != c.requests || (pong.SinceRequestMs == nil) != (c.requests == 0) {
		t.Errorf("row %d, %s: the environment is %s with %d pings and %d real events, and says %s", r.line, shown, c.environment, c.pings, c.requests, got.Answer)
	}
}
