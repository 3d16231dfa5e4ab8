// Command drift says of each correction of the emulator whether it is still needed: it runs the
// emulator's tests, which hold what AWS answers, once without that correction. A correction
// without which all of them pass is one that the emulator has caught up with, or that no test
// speaks of; then it exits with 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"caretaker/internal/emulator"
)

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: drift TESTS, the compiled tests of internal/emulator")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "drift:", err)
		os.Exit(1)
	}
}

func run(tests string) error {
	tests, err := filepath.Abs(tests)
	if err != nil {
		return err
	}
	if problem, err := without(tests, ""); err != nil || problem != "" {
		return errors.Join(err, errors.New("with all corrections the tests fail already: "+problem))
	}
	var unneeded int
	for _, correction := range emulator.Corrections() {
		problem, err := without(tests, correction)
		if err != nil {
			return err
		}
		if problem == "" {
			unneeded++
			problem = "NOT NEEDED: every test passes without it"
		} else {
			problem = "needed: " + problem
		}
		fmt.Printf("%-60s %s\n", correction, problem)
	}
	if unneeded > 0 {
		return fmt.Errorf("%d corrections are not needed, or no test speaks of them", unneeded)
	}
	return nil
}

// without runs the tests without a correction and names the first that fails; empty when none does.
func without(tests, correction string) (problem string, err error) {
	command := exec.CommandContext(context.Background(), tests, "-test.failfast", "-test.timeout=5m", "-without="+correction) // #nosec G204 G702 -- it is what make built
	command.Dir = filepath.Join("internal", "emulator")
	output, err := command.CombinedOutput()
	var ended *exec.ExitError
	if match := failed.FindSubmatch(output); match != nil {
		return string(match[1]), nil
	}
	if errors.As(err, &ended) {
		return "the tests do not even start", nil
	}
	return "", err
}
