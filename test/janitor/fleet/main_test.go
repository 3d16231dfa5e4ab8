package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/aws/smithy-go"

	"caretaker/internal/emulator"
	"caretaker/test/janitor/fleet"
)

// One emulator with one small fleet serves all tests, which only read.
var (
	running *emulator.Emulator
	seeded  fleet.Fleet
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	started, err := emulator.Start(ctx, emulator.Options{Auth: true, CloudTrail: true})
	if err == nil {
		running = started
		defer running.Stop()
		seeded, err = fleet.Seed(ctx, running, fleet.Small)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func start(t *testing.T) *emulator.Emulator {
	t.Helper()
	e, err := emulator.Start(t.Context(), emulator.Options{CloudTrail: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

func code(err error) string {
	if apiError := smithy.APIError(nil); errors.As(err, &apiError) {
		return apiError.ErrorCode()
	}
	return ""
}
