// Package demo_test runs what make demo runs, as a process of its own: to its end, and
// interrupted half way.
package demo_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

// program is the demo, built once.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "caretaker-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	program = filepath.Join(folder, "demo")
	build := exec.Command("go", "build", "-o", program, "./cmd/demo")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the demo: %v\n%s", err, text)
		return 1
	}
	return m.Run()
}

// transcript is what a process has written so far.
type transcript struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (t *transcript) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.Write(text)
}

func (t *transcript) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.String()
}

// show is a running demo, with a temporary folder that nothing else writes to.
type show struct {
	*exec.Cmd
	temp        string
	out, errors transcript
	// ended is closed with the process; outcome is its error then.
	ended   chan struct{}
	outcome error
}

// start starts the demo as a developer might whose environment is set for other work.
func start(t *testing.T, arguments ...string) *show {
	t.Helper()
	s := &show{Cmd: exec.Command(program, arguments...), temp: t.TempDir(), ended: make(chan struct{})}
	s.Dir, s.Stdout, s.Stderr = root, &s.out, &s.errors
	s.Env = append(os.Environ(), "TMPDIR="+s.temp, "DRY_RUN=1", "AWS_PROFILE=another", "AWS_REGION=eu-north-1", "AWS_ENDPOINT_URL=http://127.0.0.1:1")
	s.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		s.outcome = s.Wait()
	}()
	t.Cleanup(func() {
		_ = s.Process.Signal(syscall.SIGTERM) // mostly it has ended
		<-s.ended
	})
	return s
}

// exitCode waits for the end.
func (s *show) exitCode(t *testing.T) int {
	t.Helper()
	<-s.ended
	var exit *exec.ExitError
	if s.outcome != nil && !errors.As(s.outcome, &exit) {
		t.Fatal(s.outcome)
	}
	return s.ProcessState.ExitCode()
}

// shownWell waits for an end without fault: an exit code of 0, a last screen that says so, and no line
// that would change a real account. It answers what was shown.
func (s *show) shownWell(t *testing.T) string {
	t.Helper()
	text := s.out.String
	if code := s.exitCode(t); code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, text(), &s.errors)
	}
	if !strings.Contains(text(), "figures are what they should be.") {
		t.Errorf("the last screen says nothing of figures:\n%s", text())
	}
	for _, line := range changing(text() + s.errors.String()) {
		t.Errorf("this line, typed again, would change a real account: %s", line)
	}
	return text()
}

// leavesNothing checks that no process and no file of the demo is left.
func (s *show) leavesNothing(t *testing.T, started []string) {
	t.Helper()
	ours := func() []string {
		return slices.DeleteFunc(processes(t), func(line string) bool {
			id, _, _ := strings.Cut(line, " ")
			return !strings.Contains(line, s.temp) && !slices.Contains(started, id)
		})
	}
	// Killed processes take a moment to be gone; those that end by themselves some time later are left behind.
	for deadline := time.Now().Add(2 * time.Second); len(ours()) > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	for _, line := range ours() {
		t.Errorf("still runs: %s", line)
	}
	files, err := os.ReadDir(s.temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Errorf("%s is left in the temporary folder", file.Name())
	}
}

// processes are all that run on this machine: id, parent and command line.
func processes(t *testing.T) []string {
	t.Helper()
	text, err := exec.Command("ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,command=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && !strings.HasPrefix(fields[2], "Z") { // the dead wait for their parents
			lines = append(lines, strings.Join(fields, " "))
		}
	}
	return lines
}

// descendants are the ids of what the demo started, and of what that started.
func (s *show) descendants(t *testing.T) []string {
	t.Helper()
	family := []string{strconv.Itoa(s.Process.Pid)}
	for found := true; found; {
		found = false
		for _, line := range processes(t) {
			fields := strings.Fields(line)
			if slices.Contains(family, fields[1]) && !slices.Contains(family, fields[0]) {
				family, found = append(family, fields[0]), true
			}
		}
	}
	return family[1:]
}

// until waits for a line of the demo and a process of it, and gives the ids of all its processes.
func (s *show) until(t *testing.T, said, runs string) []string {
	t.Helper()
	for {
		started := s.descendants(t)
		if strings.Contains(s.out.String(), said) && slices.ContainsFunc(processes(t), func(line string) bool {
			id, _, _ := strings.Cut(line, " ")
			return slices.Contains(started, id) && strings.Contains(line, runs)
		}) {
			return started
		}
		select {
		case <-s.ended:
			t.Fatalf("the demo ended before\n%s\n%s", &s.out, &s.errors)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// The demo itself holds what the warmer says against the processes that noted each call.
func TestDemo_warmsAsManyProcessesAsAreWanted(t *testing.T) {
	t.Parallel()
	s := start(t, "warmer")
	text := s.shownWell(t)
	for _, said := range []string{
		"npx cdk deploy Caretaker-default-Warmer", "1 of 1", "5 of 5", "20 of 20", "not instrumented: asked once, left alone",
		"26 wanted, 26 distinct, 26 cold", "26 wanted, 26 distinct, 0 cold", "USD by provisioned concurrency", "a real account",
	} {
		if !strings.Contains(text, said) {
			t.Errorf("nothing is said of %q:\n%s", said, text)
		}
	}
	s.leavesNothing(t, nil)
}

func TestDemo_losesNoReferencedVersionAndSaysSo(t *testing.T) {
	t.Parallel()
	s := start(t, "janitor")
	text := s.shownWell(t)
	number := func(pattern string) int {
		match := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if match == nil {
			t.Errorf("there is no %q", pattern)
			return -1
		}
		value, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	if functions := number(`(\d+) functions, \d+ versions`); functions < 40 {
		t.Errorf("the fleet has %d functions", functions)
	}
	seeded := number(`functions, (\d+) versions; something still needs`)
	if seeded < 600 {
		t.Errorf("the fleet has %d versions", seeded)
	}
	deleted, left := number(`result +(\d+) versions deleted`), number(`versions +(\d+) of \d+ are left`)
	if deleted < 300 || deleted+left != seeded {
		t.Errorf("of %d versions %d were deleted and %d are left", seeded, deleted, left)
	}
	needed := number(`something still needs (\d+) of the old ones`)
	if there := number(`Not one referenced version is lost: all (\d+) are there`); there != needed {
		t.Errorf("%d of %d referenced versions are there", there, needed)
	}
	for _, said := range []string{"npx cdk bootstrap", "npx cdk deploy Caretaker-default-Janitor", "Would go in", "Dynamic targets", "nothing to do", "storage after", "a real account"} {
		if !strings.Contains(text, said) {
			t.Errorf("nothing is said of %q", said)
		}
	}
	for _, never := range []string{"\x1b", "LOST", "DRY_RUN"} {
		if strings.Contains(text+s.errors.String(), never) {
			t.Errorf("%q stands in the output", never)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", text, &s.errors)
	}
	s.leavesNothing(t, nil)
}

// A real raise of the deployed function, and what nothing changes, as the demo tells it.
func TestDemo_raisesATableOnceAndGoesOnWhileItsAlarmIsOn(t *testing.T) {
	t.Parallel()
	s := start(t, "limit-raiser")
	text := s.shownWell(t)
	for _, said := range []string{
		"npx cdk deploy Caretaker-default-LimitRaiser", "limits: {cooldown: 0s", "SetAlarmState",
		"100 * (consumed / 60) / FILL(provisioned, REPEAT) = 200 > 80 in 2 of 5 minutes",
		"table and index from 50 to 325, by 1 call of UpdateTable for 2 alarms",
		"Limit-raiser table/orders: raised write", "Added cost: $",
		"10 copies of 2 events: the ledger knows them all; 0 calls of UpdateTable",
		"table and index from 325 to 650, by 1 call of UpdateTable", ", look 1", "a real account",
	} {
		if !strings.Contains(text, said) {
			t.Errorf("nothing is said of %q", said)
		}
	}
	for _, never := range []string{"\x1b", "DRY_RUN", "janitor"} {
		if strings.Contains(text+s.errors.String(), never) {
			t.Errorf("%q stands in the output", never)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", text, &s.errors)
	}
	s.leavesNothing(t, nil)
}

// Lines on their way through the deployed functions, and a destination that goes away and comes back.
func TestDemo_losesNoLogEventWhileTheDestinationIsDown(t *testing.T) {
	t.Parallel()
	s := start(t, "log-shipper")
	text := s.shownWell(t)
	for _, said := range []string{
		"npx cdk deploy Caretaker-default-LogShipper", "dist/caretaker log-shipper setup", "logs-lambda-demo: created",
		"/aws/lambda/shop-orders  to subscribe", "own: it would be written for ever", "1 log group", ": 7 documents",
		"connections are refused", "35 events in the stack's bucket",
		"All 42 events of 6 calls are there: none is missing, none stands there twice.", "a real account",
	} {
		if !strings.Contains(text, said) {
			t.Errorf("nothing is said of %q", said)
		}
	}
	// The queue may bring what was parked twice; then it was there already.
	if !regexp.MustCompile(`\d+ in = 42 delivered \+ \d+ already delivered`).MatchString(text) {
		t.Error("nothing is said of 42 delivered events")
	}
	if !strings.Contains(text, "the real OpenSearch 2.19.1") && !strings.Contains(text, "no OpenSearch 2.19.1 on this machine") {
		t.Error("it is not said what the destination is")
	}
	for _, never := range []string{"\x1b", "DRY_RUN", "janitor"} {
		if strings.Contains(text+s.errors.String(), never) {
			t.Errorf("%q stands in the output", never)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", text, &s.errors)
	}
	s.leavesNothing(t, nil)
}

// The interrupt goes to the demo alone: what it started it must end itself.
func TestDemo_leavesNothingBehindWhenInterrupted(t *testing.T) {
	t.Parallel()
	for moment, at := range map[string]struct {
		said, runs string
	}{
		"while the CDK synthesises": {"npx cdk deploy", "jsii-runtime"},
		"while the function runs":   {"aws lambda invoke", "/bootstrap"},
	} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			started := s.until(t, at.said, at.runs)
			if err := s.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			if code := s.exitCode(t); code != 130 {
				t.Errorf("exit code %d\n%s\n%s", code, &s.out, &s.errors)
			}
			s.leavesNothing(t, started)
		})
	}
}

func TestDemo_namesThePartsThereAre(t *testing.T) {
	t.Parallel()
	s := start(t, "gardener")
	if code := s.exitCode(t); code != 2 {
		t.Errorf("exit code %d", code)
	}
	if text := s.errors.String(); !strings.Contains(text, `"gardener"`) || !strings.Contains(text, "janitor") {
		t.Errorf("it says %q", text)
	}
}
