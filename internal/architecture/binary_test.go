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

	"alerts":                 {binary: 15 * megabyte, zip: 5.5 * megabyte},
	"alerts/notify":          {binary: 12 * megabyte, zip: 4.5 * megabyte},
	"log-shipper":            {binary: 12 * megabyte, zip: 4.5 * megabyte},
	"log-shipper/subscriber": {binary: 9 * megabyte, zip: 3.5 * megabyte},
	"warmer":                 {binary: 12 * megabyte, zip: 4.5 * megabyte},
}

// architectures are what a deployment builds for, each with what a binary and its zip may be larger by: an
// instruction of arm64 has 4 bytes, and what x86_64 needs for the same is some 8 % more.
var architectures = []struct {
	name      string
	allowance float64
}{{"arm64", 1}, {"amd64", 1.08}}

// deployed is the environment of a build for one of them.
func deployed(architecture string) []string {
	return []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + architecture}
}

// tags are those of the Makefile's builds.
const tags = "lambda.norpc,nethttpomithttp2"

// heavy are packages that a Lambda has no use for: templates switch off the linker's
// pruning of methods, which makes every binary 40 % larger; the SDK's settings link the services
// by which people sign on; the others belong on the command line.
var heavy = []string{"text/template", "html/template", "net/rpc", "github.com/aws/aws-sdk-go-v2/config", "github.com/alecthomas/kong", "github.com/spf13/", "github.com/prometheus/"}

func TestLambda_linksNothingHeavy(t *testing.T) {
	for _, function := range functions(t) {
		list, err := goTool(deployed("arm64"), "list", "-deps", "-tags", tags, "./"+function+"/lambda")
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
		for _, architecture := range architectures {
			content := built(t, function, architecture.name)
			binary, zipped := int64(len(content)), zippedSize(t, content)
			most := budget{int64(float64(limit.binary) * architecture.allowance), int64(float64(limit.zip) * architecture.allowance)}
			t.Logf("%s on %s: %.1f MB, zipped %.1f MB", function, architecture.name, float64(binary)/megabyte, float64(zipped)/megabyte)
			if binary > most.binary || zipped > most.zip {
				t.Errorf("%s on %s is %d bytes, zipped %d; its budget is %d and %d", function, architecture.name, binary, zipped, most.binary, most.zip)
			}
		}
	}
}

// built is the binary of a function, as the Makefile builds it.
func built(t *testing.T, function, architecture string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bootstrap")
	if _, err := goTool(deployed(architecture), "build", "-tags", tags, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", file, "./"+function+"/lambda"); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
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
		if strings.HasSuffix(target, "/bootstrap") != strings.Contains(string(recipe), "-tags "+tags+" ") {
			t.Errorf("%s is built by what follows, want the tags %s for functions alone:\n%s", target, tags, recipe)
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
