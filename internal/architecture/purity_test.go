package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What takes no context.Context decides, and what takes one reads and acts. So a file of a part in
// which nothing takes a context holds decisions, or values, alone, whatever it is called: it imports
// nothing by which it could reach the world. And no function without a context asks the clock, chance
// or the environment, in whichever file it stands. A new file or function cannot miss the rule: it is
// one or the other.
func TestDecisions_reachNoWorld(t *testing.T) {
	var pure, all int
	missing := maps.Clone(edges)
	for _, p := range packages(t) {
		if !slices.Contains(parts(t), p.part()) || slices.Contains(strings.Split(p.folder(), "/"), "lambda") {
			continue
		}
		for _, file := range p.GoFiles {
			set := token.NewFileSet()
			syntax, err := parser.ParseFile(set, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(p.folder(), file)
			problems := impurities(set, syntax)
			if edges[name] != "" && len(problems) == 0 {
				t.Errorf("%s reaches nothing any more: take it off the list of edges", name)
			}
			delete(missing, name)
			for _, problem := range problems {
				if edges[name] == "" {
					t.Errorf("%s: %s", name, problem)
				}
			}
			lines := set.File(syntax.Pos()).LineCount()
			all += lines
			if !acts(syntax) {
				pure += lines
			}
		}
	}
	for name := range missing {
		t.Errorf("%s is on the list of edges, and not there", name)
	}
	t.Logf("%d of %d lines stand in files of decisions and values", pure, all)
	if pure == 0 {
		t.Error("no file of a part is pure: the rule finds nothing")
	}
}

// world are the packages by which a file reaches it.
var world = []string{
	"context", "crypto/rand", "io/fs", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "os/signal", "syscall",
	"github.com/aws/aws-lambda-go", "github.com/aws/aws-sdk-go-v2", "github.com/rs/zerolog", "golang.org/x/sync", "golang.org/x/time",
}

// harmless are packages under those that only read and write texts.
var harmless = []string{"github.com/aws/aws-sdk-go-v2/aws/arn", "net/netip", "net/url"}

// asks are the identifiers by which a function asks it.
var asks = map[string][]string{
	"context":      {"Background", "TODO"},
	"crypto/rand":  nil,
	"math/rand":    nil,
	"math/rand/v2": nil,
	"os":           nil,
	"time":         {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"},
}

// edges are the files that reach the world without a context, and why they may: none of them decides.
var edges = map[string]string{
	"janitor/clients.go":        "it makes the clients",
	"limit-raiser/clients.go":   "it makes the clients",
	"log-shipper/clients.go":    "it makes the clients",
	"limit-raiser/answers.go":   "it sorts AWS's answers",
	"limit-raiser/report.go":    "it takes the time that a run took",
	"warmer/clients.go":         "it makes the clients",
	"limit-raiser/stopwatch.go": "it is a stopwatch around the HTTP client",

	"alerts/clients.go":                  "it makes the clients",
	"alerts/notify/clients.go":           "it makes the clients",
	"log-shipper/subscriber/clients.go":  "it makes the clients",
	"log-shipper/subscriber/patience.go": "it sorts AWS's answers",
	"warmer/ping/ping.go":                "it runs in users' functions, and is one file for them to keep",
}

// makers are the functions without a context that may do so all the same: they connect clients and
// set clocks once, before anything is decided.
var makers = []string{"New", "Connect", "now"}

// impurities says what a file does that its kind may not.
func impurities(set *token.FileSet, syntax *ast.File) (problems []string) {
	called := map[string]string{} // what the file calls a package, to its path
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return []string{err.Error()}
		}
		name := imported[strings.LastIndex(imported, "/")+1:]
		if name == "v2" {
			name = "rand"
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		called[name] = imported
		if reaches := func(w string) bool { return imported == w || strings.HasPrefix(imported, w+"/") }; !acts(syntax) && !slices.Contains(harmless, imported) && slices.ContainsFunc(world, reaches) {
			problems = append(problems, "nothing in it takes a context, so it holds decisions, and imports "+imported)
		}
	}
	for _, declaration := range syntax.Decls {
		function, is := declaration.(*ast.FuncDecl)
		if is && (takesContext(function.Type) || slices.Contains(makers, function.Name.Name)) {
			continue
		}
		ast.Inspect(declaration, func(node ast.Node) bool {
			if literal, is := node.(*ast.FuncLit); is && takesContext(literal.Type) {
				return false
			}
			call, is := node.(*ast.CallExpr)
			if !is {
				return true
			}
			if selector, is := call.Fun.(*ast.SelectorExpr); is {
				owner, _ := selector.X.(*ast.Ident)
				if owner == nil {
					return true
				}
				if names, found := asks[called[owner.Name]]; found && (names == nil || slices.Contains(names, selector.Sel.Name)) {
					problems = append(problems, "line "+strconv.Itoa(set.Position(call.Pos()).Line)+" calls "+owner.Name+"."+selector.Sel.Name+" where no context is taken")
				}
			}
			return true
		})
	}
	return problems
}

// acts tells whether anything in a file takes a context: a function, or a method of an interface.
func acts(syntax *ast.File) bool {
	found := false
	ast.Inspect(syntax, func(node ast.Node) bool {
		if function, is := node.(*ast.FuncType); is {
			found = found || takesContext(function)
		}
		return !found
	})
	return found
}

func takesContext(function *ast.FuncType) bool {
	return slices.ContainsFunc(function.Params.List, func(field *ast.Field) bool {
		selector, is := field.Type.(*ast.SelectorExpr)
		if !is {
			return false
		}
		owner, _ := selector.X.(*ast.Ident)
		return owner != nil && owner.Name == "context" && selector.Sel.Name == "Context"
	})
}

func TestDecisions_theRuleSeesWhatItIsFor(t *testing.T) {
	for text, want := range map[string]string{
		`import "time"; func Decide(now time.Time) bool { return now.IsZero() }`:                                             "",
		`import "time"; func Decide() bool { return time.Now().IsZero() }`:                                                   "line 1 calls time.Now where no context is taken",
		`import clock "time"; func Decide() bool { return clock.Since(clock.Time{}) > 0 }`:                                   "line 1 calls clock.Since where no context is taken",
		`import ("context"; "time"); func read(ctx context.Context) bool { return time.Now().IsZero() }`:                     "",
		`import ("context"; "time"); func read(ctx context.Context) {}; func decide() bool { return time.Now().IsZero() }`:   "line 1 calls time.Now where no context is taken",
		`import "github.com/aws/aws-sdk-go-v2/service/sqs"; type Facts struct{ Queue sqs.Client }`:                           "nothing in it takes a context, so it holds decisions, and imports github.com/aws/aws-sdk-go-v2/service/sqs",
		`import ("context"; "github.com/aws/aws-sdk-go-v2/service/sqs"); type api interface{ Send(context.Context, sqs.X) }`: "",
		`import "math/rand/v2"; func Decide() int { return rand.Int() }`:                                                     "nothing in it takes a context, so it holds decisions, and imports math/rand/v2\nline 1 calls rand.Int where no context is taken",
		`import "context"; func decide() error { return ask(context.Background()) }; func ask(ctx context.Context) error`:    "line 1 calls context.Background where no context is taken",
		`import "time"; func New() time.Time { return time.Now() }`:                                                          "",
		`import "time"; var began = time.Now()`:                                                                              "line 1 calls time.Now where no context is taken",
	} {
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, "plan.go", "package part; "+text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(impurities(set, syntax), "\n"); got != want {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
}
