package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// top is the checkout's folder.
const top = "../.."

// notParts are the folders at the top that are not part of the product by themselves.
var notParts = []string{"cdk", "cdk.out", "cmd", "dist", "docs", "internal", "node_modules", "test"}

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath                         string
	Dir                                string
	Imports, TestImports, XTestImports []string
	Deps                               []string
	GoFiles, IgnoredGoFiles            []string
}

// folder is the package's path in the checkout, like janitor/lambda.
func (p pkg) folder() string { return strings.TrimPrefix(p.ImportPath, "caretaker/") }

// part is the folder at the top that the package is in.
func (p pkg) part() string {
	first, _, _ := strings.Cut(p.folder(), "/")
	return first
}

func (p pkg) allImports() []string { return slices.Concat(p.Imports, p.TestImports, p.XTestImports) }

// goTool runs go in the checkout's folder.
func goTool(env []string, args ...string) ([]byte, error) {
	command := exec.Command("go", args...) // #nosec G204 -- the arguments are this package's
	command.Dir, command.Env = top, append(os.Environ(), env...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out, nil
}

// listed asks go list once for all tests.
var listed = sync.OnceValues(func() ([]pkg, error) {
	out, err := goTool(nil, "list", "-json", "./...")
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	var all []pkg
	for {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func packages(t *testing.T) []pkg {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// parts are the folders of the product.
func parts(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(top)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && !slices.Contains(notParts, entry.Name()) {
			found = append(found, entry.Name())
		}
	}
	if len(found) == 0 {
		t.Fatal("there is no part at all")
	}
	return found
}

// functions are the Lambda functions, by the folders that hold their lambda/main.go: janitor, alerts/notify.
func functions(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, part := range parts(t) {
		for _, pattern := range []string{"lambda/main.go", "*/lambda/main.go"} {
			mains, err := filepath.Glob(filepath.Join(top, part, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, main := range mains {
				found = append(found, strings.TrimPrefix(filepath.ToSlash(filepath.Dir(filepath.Dir(main))), top+"/"))
			}
		}
	}
	return found
}

func TestParts_areWholeAndNoStubs(t *testing.T) {
	for _, part := range parts(t) {
		if slices.Contains(growing(t), part) {
			continue
		}
		if _, err := os.Stat(filepath.Join(top, part, "lambda", "main.go")); err != nil {
			t.Errorf("%s is not part, or not yet: %v", part, err)
		}
	}
}

func TestParts_importNoSibling(t *testing.T) {
	all := parts(t)
	for _, p := range packages(t) {
		if !slices.Contains(all, p.part()) {
			continue
		}
		for _, imported := range p.allImports() {
			other := pkg{ImportPath: imported}.part()
			if strings.HasPrefix(imported, "caretaker/") && slices.Contains(all, other) && other != p.part() {
				t.Errorf("%s imports %s: parts know nothing of each other", p.folder(), imported)
			}
		}
	}
}

// A part gets its own section of the file; the whole is for cdk and cmd, and for
// tests that drive those.
func TestConfig_isForCDKAndCommandsOnly(t *testing.T) {
	const config = "caretaker/internal/config"
	for _, p := range packages(t) {
		if slices.Contains([]string{"cdk", "cmd", "test"}, p.part()) || strings.HasPrefix(p.ImportPath, config) {
			continue
		}
		if slices.Contains(p.Deps, config) || slices.Contains(p.allImports(), config) {
			t.Errorf("%s depends on internal/config", p.folder())
		}
	}
}

func TestCDKLibrary_isForTheAppOnly(t *testing.T) {
	foreign := []string{"github.com/aws/aws-cdk-go/", "github.com/aws/constructs-go/", "github.com/aws/jsii-runtime-go"}
	for _, p := range packages(t) {
		if p.part() == "cdk" {
			continue
		}
		for _, imported := range slices.Concat(p.Deps, p.TestImports, p.XTestImports) {
			for _, library := range foreign {
				if strings.HasPrefix(imported, library) {
					t.Errorf("%s depends on %s: it takes minutes to compile", p.folder(), imported)
				}
			}
		}
	}
}

func TestInternal_holdsNoDrawerForEverything(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains([]string{"util", "utils", "common", "types", "models", "helpers", "misc", "shared"}, path.Base(p.folder())) {
			t.Errorf("%s says nothing of what it holds", p.folder())
		}
	}
}

// Who reads the environment cannot be tested or understood by itself.
func TestEnvironment_isReadAtTheEdgesOnly(t *testing.T) {
	edges := []string{"cdk", "cmd", "test", "internal/boot", "internal/emulator", "warmer/ping"} // the last runs in users' functions
	for _, p := range packages(t) {
		if slices.ContainsFunc(edges, func(edge string) bool { return p.folder() == edge || strings.HasPrefix(p.folder(), edge+"/") }) {
			continue
		}
		for _, file := range slices.Concat(p.GoFiles, p.IgnoredGoFiles) {
			for _, use := range uses(t, filepath.Join(p.Dir, file), map[string][]string{
				"os":      {"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
				"syscall": {"Getenv", "Environ"},
			}) {
				t.Errorf("%s reads the environment: leave that to internal/boot, cdk and cmd", use)
			}
		}
	}
}

func parse(t *testing.T, file string) (*token.FileSet, *ast.File) {
	t.Helper()
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return files, syntax
}

// uses are the places at which a file names one of the packages' identifiers,
// whatever the package is called there.
func uses(t *testing.T, file string, names map[string][]string) []string {
	t.Helper()
	files, syntax := parse(t, file)
	called := map[string]string{} // what the file calls a package, to its path
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if names[imported] != nil {
			called[name] = imported
		}
	}
	var found []string
	ast.Inspect(syntax, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if owner, ok := selector.X.(*ast.Ident); ok && slices.Contains(names[called[owner.Name]], selector.Sel.Name) {
			found = append(found, files.Position(selector.Pos()).String())
		}
		return true
	})
	return found
}

// A dot import would hide from uses what it looks for.
func TestImports_haveNoDots(t *testing.T) {
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			_, syntax := parse(t, filepath.Join(p.Dir, file))
			for _, spec := range syntax.Imports {
				if spec.Name != nil && spec.Name.Name == "." {
					t.Errorf("%s/%s imports %s with a dot", p.folder(), file, spec.Path.Value)
				}
			}
		}
	}
}
