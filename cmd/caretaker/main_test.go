package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/lambdasim"
)

// asCommand makes this test binary the real command line, in a process of its own.
const asCommand = "CARETAKER_AS_COMMAND"

// Lambda is simulated, a Region for each test; all other services are one emulator's.
var others *emulator.Emulator

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(withEmulator(m))
}

func withEmulator(m *testing.M) int {
	started, err := emulator.Start(context.Background(), emulator.Options{CloudTrail: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer started.Stop()
	others = started
	return m.Run()
}

// fleet starts a Region with these functions. However the test ends, nothing but deletions of
// numbered versions may have left any process.
func fleet(t *testing.T, options lambdasim.Options, functions ...lambdasim.Function) *lambdasim.Server {
	t.Helper()
	sim, err := lambdasim.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	sim.Put(functions...)
	t.Cleanup(func() {
		for _, deletion := range sim.Deletions() {
			if number, err := strconv.Atoi(deletion.Qualifier); err != nil || number < 1 {
				t.Errorf("a deletion of %s with the qualifier %q left the process", deletion.Function, deletion.Qualifier)
			}
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return sim
}

// orders are so many functions with ten versions each, published a day apart until two days
// ago: under the shipped policy versions 1 to 7 go, 7 of 10.
func orders(functions int) []lambdasim.Function {
	return lambdasim.Generate(functions, 10, time.Now().Add(-48*time.Hour))
}

// environment is that of a command in front of the simulated Region.
func environment(sim *lambdasim.Server, more ...string) []string {
	environment := append(others.Environ(), asCommand+"=1")
	if sim != nil {
		environment = append(environment, "AWS_ENDPOINT_URL_LAMBDA="+sim.URL())
	}
	return append(environment, more...)
}

// result is how a command ended.
type result struct {
	code     int
	out, err string
}

// quick are the flags of nearly every test: the shipped defaults without CloudTrail, of which
// AWS allows two calls a second, and at the full rate.
var quick = []string{"--config", "none", "--set", "janitor.checks.aliasHistory=false", "--set", "janitor.rate=15"}

// caretaker runs the command line as a process.
func caretaker(t *testing.T, environment []string, args ...string) result {
	t.Helper()
	return begin(t, environment, args...).end(t)
}

// running is a command under way.
type running struct {
	*exec.Cmd
	out bytes.Buffer
	err watched
}

// watched is what a process writes to, while a test reads along.
type watched struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write takes in what the process writes.
func (w *watched) Write(text []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.Write(text)
}

// String is what was written so far.
func (w *watched) String() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.String()
}

func begin(t *testing.T, environment []string, args ...string) *running {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &running{Cmd: exec.CommandContext(t.Context(), binary, args...)} // #nosec G204 -- this very binary
	p.Dir, p.Env, p.Stdout, p.Stderr = t.TempDir(), environment, &p.out, &p.err
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// end waits for the process; its code is -1 when a signal ended it.
func (p *running) end(t *testing.T) result {
	t.Helper()
	if err := p.Wait(); err != nil && p.ProcessState == nil {
		t.Fatal(err)
	}
	return result{p.ProcessState.ExitCode(), p.out.String(), p.err.String()}
}

// expect checks the exit code and looks for texts in what was printed.
func (r result) expect(t *testing.T, code console.Code, texts ...string) {
	t.Helper()
	if r.code != int(code) {
		t.Errorf("exit code %d, not %d", r.code, code)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			t.Errorf("nothing says %q", text)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", r.out, r.err)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("after 30 seconds still not: %s", what)
		}
	}
}

func numbers(from, to int) []int {
	var all []int
	for number := from; number <= to; number++ {
		all = append(all, number)
	}
	return all
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// edited is a copy of a file in which one text is another.
func edited(t *testing.T, path, old, replacement string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s does not hold %s", path, old)
	}
	return write(t, "edited.json", strings.Replace(string(text), old, replacement, 1))
}

// with are the usual flags and more.
func with(words ...string) []string {
	return slices.Concat(words[:2], quick, words[2:])
}
