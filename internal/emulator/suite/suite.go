// Package suite is what the tests of a package share: one emulator, in which each test may have an account of
// its own, and the functions that they put there.
package suite

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// Emulator serves all tests of a package. It starts when the first test asks for it: those that need none do not
// wait for one.
type Emulator struct {
	// Options say which emulator to start.
	Options emulator.Options

	once     sync.Once
	started  *emulator.Emulator
	failure  error
	accounts atomic.Int64
}

// Run runs the package's tests, stops the emulator, and answers how the process is to end: it is what TestMain
// gives to os.Exit.
func (e *Emulator) Run(m *testing.M) int {
	code := m.Run()
	if e.started != nil {
		e.started.Stop()
	}
	return code
}

// For is the emulator, without the faults that the test puts into it once the test is over.
func (e *Emulator) For(t testing.TB) *emulator.Emulator {
	t.Helper()
	// Its end is that of Run, not of the test that comes first.
	e.once.Do(func() { e.started, e.failure = emulator.Start(context.Background(), e.Options) })
	want.NoError(t, "starting the emulator", e.failure)
	t.Cleanup(e.started.ClearFaults)
	return e.started
}

// Account is one that no other test has.
func (e *Emulator) Account() string { return fmt.Sprintf("%012d", 100_000_000_000+e.accounts.Add(1)) }

// Hasty are the settings with the retries of the product, five attempts, and none of its pauses.
func Hasty(settings aws.Config) aws.Config {
	settings.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 5, time.Millisecond, ratelimit.None
		})
	}
	return settings
}
