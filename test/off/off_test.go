// Package off_test switches parts off and takes Regions away as README says, in an account where IAM is enforced.
package off_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"caretaker/internal/emulator"
	"caretaker/test/deployed"
)

var root, _ = filepath.Abs(filepath.Join("..", ".."))

// both switches the limit-raiser on as well, in two Regions.
const both = "limitRaiser.enabled=true,limitRaiser.tables=[{name: orders, write: {max: 100}}],regions=[us-east-1,eu-west-1]"

func TestDeploy_nothingOfAPartThatIsOffActsAnyMore(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	e, err := emulator.Start(ctx, emulator.Options{Auth: true})
	must(t, err)
	defer e.Stop()
	output, err := os.MkdirTemp("", "caretaker-test-")
	must(t, err)
	defer func() { _ = os.RemoveAll(output) }()
	cdk := func(arguments ...string) {
		t.Helper()
		must(t, deployed.CDK(ctx, e, root, output, arguments...))
	}
	home, abroad := e.AWS(), e.AWSIn(e.Account(), "eu-west-1")
	cdk("bootstrap", "--app", "", "aws://"+e.Account()+"/us-east-1", "aws://"+e.Account()+"/eu-west-1")
	deploy := func(set string) {
		t.Helper()
		cdk("deploy", "--all", "--require-approval", "never", "-c", "set="+set)
	}

	deploy(both)
	for region, cfg := range map[string]aws.Config{"us-east-1": home, "eu-west-1": abroad} {
		for _, one := range []string{
			"stack Caretaker-default-Janitor", "function caretaker-default-janitor", "schedule caretaker-default-janitor",
			"stack Caretaker-default-LimitRaiser", "function caretaker-default-limit-raiser", "table caretaker-default-limit-raiser",
		} {
			if all := leftovers(ctx, t, cfg); !slices.Contains(all, one) {
				t.Errorf("%s: there is no %s, but %q", region, one, all)
			}
		}
	}

	deploy("janitor.enabled=false," + both)
	for region, cfg := range map[string]aws.Config{"us-east-1": home, "eu-west-1": abroad} {
		all := leftovers(ctx, t, cfg)
		for _, one := range all {
			if strings.Contains(strings.ToLower(one), "default-janitor") {
				t.Errorf("%s: there still is %s", region, one)
			}
		}
		if !slices.Contains(all, "function caretaker-default-limit-raiser") {
			t.Errorf("%s: the part that is on went too", region)
		}
	}

	deploy("janitor.enabled=false," + both) // it is no longer there, which is no error
	deploy(both)                            // and comes back
	if all := leftovers(ctx, t, abroad); !slices.Contains(all, "schedule caretaker-default-janitor") {
		t.Errorf("switched on again: %q", all)
	}

	// A Region: destroyed first, then taken off the list.
	cdk("destroy", "--all", "--force", "-c", "set=regions=[eu-west-1]")
	one := strings.Replace(both, ",eu-west-1", "", 1)
	deploy(one)
	if all := leftovers(ctx, t, abroad); len(all) > 0 {
		t.Errorf("eu-west-1 was taken away, and has %q", all)
	}
	if all := leftovers(ctx, t, home); !slices.Contains(all, "function caretaker-default-janitor") || !slices.Contains(all, "function caretaker-default-limit-raiser") {
		t.Errorf("the other Region has %q", all)
	}

	// The stage, with what is off in it.
	cdk("destroy", "--all", "--force", "-c", "set=limitRaiser.enabled=false,regions=[us-east-1]")
	if all := leftovers(ctx, t, home); len(all) > 0 {
		t.Errorf("the stage was taken away, and left %q", all)
	}
}

// leftovers are what bears Caretaker's name in a Region. IAM has no Regions, and is looked at in the last step alone.
func leftovers(ctx context.Context, t *testing.T, cfg aws.Config) []string {
	t.Helper()
	all, err := deployed.Leftovers(ctx, cfg)
	must(t, err)
	if cfg.Region != "us-east-1" {
		all = slices.DeleteFunc(all, func(one string) bool { return strings.HasPrefix(one, "role ") })
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
