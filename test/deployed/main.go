package deployed

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// Main prepares the account that all tests of a package share, within limit, runs them, and gives the
// code to exit with. What build starts, stop ends, also where build fails; the folder goes afterwards.
func Main(m *testing.M, limit time.Duration, build func(ctx context.Context, folder string) (stop func(), err error)) int {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	folder, err := os.MkdirTemp("", "caretaker-test-")
	if err == nil {
		defer func() { _ = os.RemoveAll(folder) }()
		var stop func()
		stop, err = build(ctx, folder)
		defer stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "preparing the account:", err)
		return 1
	}
	return m.Run()
}
