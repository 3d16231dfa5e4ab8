package limitraiser_test

import (
	"strings"
	"testing"

	"caretaker/test/deployed"
)

// The last test of this package: cdk destroy removes all that cdk deploy has made, the ledger too.
func TestDestroy_leavesNothingBehind(t *testing.T) {
	w := shared
	there, err := deployed.Leftovers(t.Context(), w.AWS())
	must(t, err)
	for _, kind := range []string{"stack", "function", "source", "log group", "alarm", "topic", "queue", "table", "role"} {
		if !strings.Contains(strings.Join(there, "\n"), kind+" ") {
			t.Errorf("no %s is deployed, so that none could be left behind", kind)
		}
	}
	must(t, deployed.CDK(t.Context(), w.Emulator, root, t.TempDir(), "destroy", stack, "--force", "-c", "config="+w.config))
	left, err := deployed.Leftovers(t.Context(), w.AWS())
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}
