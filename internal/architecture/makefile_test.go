package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"caretaker/internal/want"
)

// The CDK takes --stage for an option that it does not know, and goes on with the base of the file.
func TestMakefile_givesTheStageToTheCDKAsItReadsIt(t *testing.T) {
	for target, cdk := range map[string]string{"deploy": "cdk deploy --all", "diff": "cdk diff", "destroy": "cdk destroy --all", "synth": "cdk synth --quiet"} {
		for _, stage := range []string{"", "prod"} {
			command := exec.Command("make", "--dry-run", "--no-print-directory", target, "STAGE="+stage) // #nosec G204 -- nothing is run
			command.Dir = top
			command.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
			text, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			want := "node_modules/.bin/" + cdk
			if stage != "" {
				want += " -c stage=" + stage
			}
			if last := strings.TrimSpace(lines[len(lines)-1]); last != want {
				t.Errorf("make %s STAGE=%s runs %s", target, stage, last)
			}
		}
	}
}

// cdk-nag looks at the templates with npm's library, and the templates are made with its Go twin.
func TestVersions_areTheSameOfTheCDKInGoAndOfNpm(t *testing.T) {
	modules, err := os.ReadFile(filepath.Join(top, "go.mod"))
	want.NoError(t, "reading go.mod", err)
	packages, err := os.ReadFile(filepath.Join(top, "package.json"))
	want.NoError(t, "reading package.json", err)
	found := regexp.MustCompile(`aws-cdk-go/awscdk/v2 v(\S+)`).FindSubmatch(modules)
	if found == nil {
		t.Fatal("go.mod has no awscdk/v2")
	}
	want.Says(t, "package.json", string(packages), `"aws-cdk-lib": "`+string(found[1])+`"`)
}
