package janitor_test

import (
	"strings"
	"testing"

	"caretaker/test/deployed"
)

// The last test of this package: cdk destroy removes all that cdk deploy has made.
func TestDestroy_leavesNothingBehind(t *testing.T) {
	w := shared
	before, err := deployed.Leftovers(t.Context(), w.AWS())
	must(t, err)
	if !strings.Contains(strings.Join(before, " "), functionName) {
		t.Fatal("nothing of the janitor is deployed, so that nothing could be left behind")
	}
	must(t, deployed.CDK(t.Context(), w.Emulator, root, t.TempDir(), "destroy", "--all", "--force"))
	left, err := deployed.Leftovers(t.Context(), w.AWS())
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}
