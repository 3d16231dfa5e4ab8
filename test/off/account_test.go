package off_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caretaker/test/deployed"
)

// With account in the file, nothing is deployed by credentials of another account, even where they may do everything.
func TestDeploy_toAnotherAccountThanTheFilesIsRefused(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newAccount(ctx, t)

	const theirs = "222233334444"
	err := deployed.CDK(ctx, a.Emulator, root, filepath.Join(a.folder, "cdk.out"),
		"deploy", "--all", "--require-approval", "never", "-c", `set=account="`+theirs+`",`+oneRegion)
	if err == nil || !strings.Contains(err.Error(), "target account using current credentials (which are for account "+a.Account()) {
		t.Errorf("the deployment should end with the CDK's refusal, and ended with %v", err)
	}
	for _, account := range []string{a.Account(), theirs} {
		all, err := deployed.Leftovers(ctx, a.AWSIn(account, "us-east-1"))
		must(t, err)
		if len(all) > 0 {
			t.Errorf("account %s has %q", account, all)
		}
	}
}
