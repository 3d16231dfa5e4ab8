package architecture

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// budget is how large a Lambda function may become. Each service that is read adds
// half a megabyte and, since the SDK builds its tables at start, start-up time.
type budget struct{ binary, zip int64 }

const megabyte = 1_000_000

// budgets are by the function's folder, such as alerts/notify. The janitor reads a dozen services, the limit-raiser eight.
var budgets = map[string]budget{
	"janitor":      {binary: 15 * megabyte, zip: 5.5 * megabyte},
	"limit-raiser": {binary: 12 * megabyte, zip: 4.5 * megabyte},
}

// deployed is what a deployment builds for.
var deployed = []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64"}

// heavy are packages that a Lambda has no use for: templates switch off the linker's
// pruning of methods, which makes every binary 40 % larger; the SDK's settings link the services
// by which people sign on; the others belong on the command line.
var heavy = []string{"text/template", "html/template", "net/rpc", "github.com/aws/aws-sdk-go-v2/config", "github.com/alecthomas/kong", "github.com/spf13/", "github.com/prometheus/"}

func TestLambda_linksNothingHeavy(t *testing.T) {
	for _, function := range functions(t) {
		list, err := goTool(deployed, "list", "-deps", "-tags", "lambda.norpc", "./"+function+"/lambda")
		if err != nil {
			t.Fatal(err)
		}
		for imported := range strings.Lines(string(list)) {
			for _, name := range heavy {
				if strings.HasPrefix(imported, name) {
					t.Errorf("%s/lambda depends on %s", function, imported)
				}
			}
		}
	}
}

func TestLambda_keepsItsBudget(t *testing.T) {
	for _, function := range functions(t) {
		limit, ok := budgets[function]
		if !ok {
			t.Errorf("%s has no budget", function)
			continue
		}
		file := filepath.Join(t.TempDir(), "bootstrap")
		if _, err := goTool(deployed, "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", file, "./"+function+"/lambda"); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		binary, zipped := int64(len(content)), zippedSize(t, content)
		t.Logf("%s: %.1f MB, zipped %.1f MB", function, float64(binary)/megabyte, float64(zipped)/megabyte)
		if binary > limit.binary || zipped > limit.zip {
			t.Errorf("%s is %d bytes, zipped %d; its budget is %d and %d", function, binary, zipped, limit.binary, limit.zip)
		}
	}
}

// A commit in a function's binary would have it deployed anew with each commit.
func TestMakefile_stampsTheCommitIntoTheCommandLineAlone(t *testing.T) {
	head, err := exec.Command("git", "-C", top, "log", "-1", "--abbrev=12", "--format=%h of %cs").Output()
	stamp := " -X 'main.commit=" + strings.TrimSpace(string(head))
	for target, stamped := range map[string]bool{"dist/caretaker": err == nil, "dist/cdk": false, "dist/demo": false, "dist/janitor/bootstrap": false, "dist/x86_64/janitor/bootstrap": false} {
		recipe, err := exec.Command("make", "-C", top, "-n", target).CombinedOutput() // #nosec G204 -- the targets above
		if err != nil {
			t.Fatalf("%v\n%s", err, recipe)
		}
		if strings.Contains(string(recipe), stamp) != stamped || strings.Contains(string(recipe), "main.commit") != stamped || !strings.Contains(string(recipe), "-buildvcs=false") {
			t.Errorf("%s is built by\n%s", target, recipe)
		}
	}
}

func zippedSize(t *testing.T, content []byte) int64 {
	t.Helper()
	var size counter
	writer := zip.NewWriter(&size)
	entry, err := writer.Create("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return int64(size)
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
