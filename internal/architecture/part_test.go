package architecture

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// name is a part's name in all the forms in which it is written.
type name struct {
	// folder is limit-raiser, pkg limitraiser, section limitRaiser, title LimitRaiser, heading Limit-raiser.
	folder, pkg, section, title, heading string
}

func named(folder string) name {
	n := name{folder: folder, heading: strings.ToUpper(folder[:1]) + folder[1:]}
	for word := range strings.SplitSeq(folder, "-") {
		n.pkg += word
		n.title += strings.ToUpper(word[:1]) + word[1:]
	}
	n.section = strings.ToLower(n.title[:1]) + n.title[1:]
	return n
}

// fill puts the forms into a text: {folder}, {pkg}, {section}, {title}, {heading}.
func (n name) fill(text string) string {
	return strings.NewReplacer("{folder}", n.folder, "{pkg}", n.pkg, "{section}", n.section, "{title}", n.title, "{heading}", n.heading).Replace(text)
}

// piece is something that each part must have.
type piece struct {
	// what it is, and the file, or the pattern of files, that it belongs in.
	what, where string
	// says is an expression that one of the files must match; empty asks for the file alone.
	says string
}

// pieces are what makes a folder a part. Who adds a part goes through this list: each line that is
// missing is an error of the test below, which names the file.
var pieces = []piece{
	{"the package, with its Handle", "{folder}/{pkg}.go", `(?m)^func \(.*\) Handle\(`},
	{"its configuration with the defaults", "{folder}/config*.go", `(?m)^func Default\(\) Config`},
	{"the check of its configuration", "{folder}/config*.go", `(?m)^func \(c Config\) Validate\(\)`},
	{"its function", "{folder}/lambda/main.go", `boot\.Serve\("{folder}"`},
	{"its permissions as data", "{folder}/aws.go", `(?m)^func Statements\(`},
	{"the page on its permissions", "docs/{folder}-iam.md", `\| Action \| Resource \| Why \| Key \|`},
	{"the test that holds that page against them", "{folder}/iam_page_test.go", `docs/{folder}-iam\.md`},
	{"its section of the file, as a type", "internal/config/file.go", `yaml:"{section}"`},
	{"its line in the list of parts", "internal/config/parts.go", `"{folder}", "{title}"`},
	{"its section of the file, with every key", "caretaker.yaml", `(?m)^{section}:`},
	{"its section of the schema (make schema)", "caretaker.schema.json", `(?m)^    "{section}": \{`},
	{"its stack", "cdk/{pkg}.go", `(?m)^func add{title}\(`},
	{"its template as it should be (make golden)", "cdk/testdata/*-{title}*.template.golden.json", ""},
	{"its commands", "cmd/caretaker/{pkg}/*.go", `(?m)^type Commands struct`},
	{"the line that plugs its commands in", "cmd/caretaker/main.go", `(?m)^\s*{title}\s+{pkg}\.Commands\s`},
	{"its act of the demo", "cmd/demo/{pkg}.go", ""},
	{"its figures", "cmd/bench/{pkg}.go", `figure\{`},
	{"tests of the deployed function", "test/{pkg}/*_test.go", `deployed\.CDK\(`},
	{"its page", "docs/{folder}.md", ""},
	{"its alarms in the runbook", "docs/runbook.md", `(?m)^### {folder} errors`},
	{"what of it is not verified against AWS", "docs/not-verified.md", `(?mi)^#+ .*{folder}`},
	{"a link to its page", "README.md", `\(docs/{folder}\.md\)`},
	{"its heading", "CHANGELOG.md", `(?m)^### {heading}$`},
}

// missing are the pieces that a part lacks in a house, each with the file it belongs in.
func missing(house fs.FS, part string) (lines []string) {
	n := named(part)
	for _, p := range pieces {
		where := n.fill(p.where)
		if !found(house, where, regexp.MustCompile(n.fill(p.says))) {
			lines = append(lines, fmt.Sprintf("%s lacks %s: %s", part, p.what, where))
		}
	}
	return lines
}

func found(house fs.FS, where string, says *regexp.Regexp) bool {
	files, err := fs.Glob(house, where)
	return err == nil && slices.ContainsFunc(files, func(file string) bool {
		text, err := fs.ReadFile(house, file)
		return err == nil && says.Match(text)
	})
}

// growing are the parts under construction, by GROWING of the Makefile: what they lack is logged, and
// a part comes off that list with its last piece. All other rules hold for them as for any part.
func growing(t *testing.T) []string {
	t.Helper()
	makefile, err := os.ReadFile(path.Join(top, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^GROWING :=(.*)$`).FindSubmatch(makefile)
	if line == nil {
		t.Fatal("the Makefile has no line GROWING :=")
	}
	return strings.Fields(string(line[1]))
}

func TestParts_haveAllThatAPartMustHave(t *testing.T) {
	for _, part := range parts(t) {
		lines := missing(os.DirFS(top), part)
		if slices.Contains(growing(t), part) {
			if len(lines) == 0 {
				t.Errorf("%s lacks nothing any more: take it off GROWING in the Makefile", part)
			}
			t.Logf("%s grows, and lacks %d pieces:\n%s", part, len(lines), strings.Join(lines, "\n"))
			continue
		}
		for _, line := range lines {
			t.Error(line)
		}
	}
	for _, function := range functions(t) {
		if _, has := budgets[function]; !has {
			t.Errorf("%s has no budget of size: internal/architecture/binary_test.go", function)
		}
	}
}

// A made-up part that has everything lacks nothing; with any one piece taken away it lacks that one.
func TestParts_eachPieceThatIsTakenAwayIsMissed(t *testing.T) {
	whole := fstest.MapFS{
		"bulb-gardener/bulbgardener.go":   {Data: []byte("func (g *Gardener) Handle(ctx context.Context) {}")},
		"bulb-gardener/config.go":         {Data: []byte("func Default() Config {}\nfunc (c Config) Validate() []setting.Problem {}")},
		"bulb-gardener/lambda/main.go":    {Data: []byte(`boot.Serve("bulb-gardener", nil)`)},
		"bulb-gardener/aws.go":            {Data: []byte("func Statements(cfg Config) []iam.Statement {}")},
		"bulb-gardener/iam_page_test.go":  {Data: []byte(`iamtest.Page(t, "../docs/bulb-gardener-iam.md")`)},
		"docs/bulb-gardener-iam.md":       {Data: []byte("| Action | Resource | Why | Key |")},
		"internal/config/file.go":         {Data: []byte("BulbGardener bulbgardener.Config `yaml:\"bulbGardener\"`")},
		"caretaker.yaml":                  {Data: []byte("version: 1\nbulbGardener:\n")},
		"caretaker.schema.json":           {Data: []byte("{\n    \"bulbGardener\": {")},
		"cdk/bulbgardener.go":             {Data: []byte("func addBulbGardener(stack awscdk.Stack) {}")},
		"cmd/caretaker/main.go":           {Data: []byte("\tBulbGardener bulbgardener.Commands `cmd:\"\"`")},
		"cmd/demo/bulbgardener.go":        {},
		"cmd/bench/bulbgardener.go":       {Data: []byte(`r.report(figure{"bulbs", 1, "", "=", 1})`)},
		"test/bulbgardener/world_test.go": {Data: []byte("deployed.CDK(ctx)")},
		"docs/bulb-gardener.md":           {},
		"docs/runbook.md":                 {Data: []byte("# Runbook\n### bulb-gardener errors\n")},
		"docs/not-verified.md":            {Data: []byte("## Bulb-gardener\n")},
		"internal/config/parts.go":        {Data: []byte(`{"bulb-gardener", "BulbGardener"}`)},
		"README.md":                       {Data: []byte("[more](docs/bulb-gardener.md)")},
		"CHANGELOG.md":                    {Data: []byte("### Bulb-gardener\n")},
		"cdk/testdata/Caretaker-default-BulbGardener.template.golden.json": {},

		"cmd/caretaker/bulbgardener/bulbgardener.go": {Data: []byte("type Commands struct {")},
	}
	if lines := missing(whole, "bulb-gardener"); lines != nil {
		t.Fatalf("nothing is missing, and the test says: %q", lines)
	}
	for _, file := range slices.Sorted(maps.Keys(whole)) {
		without := maps.Clone(whole)
		delete(without, file)
		lines := missing(without, "bulb-gardener")
		if len(lines) == 0 {
			t.Errorf("nobody misses %s", file)
		}
		for _, line := range lines {
			where := line[strings.LastIndex(line, ": ")+2:]
			if matched, err := path.Match(where, file); !matched || err != nil {
				t.Errorf("without %s the test says: %s", file, line)
			}
		}
		if text := whole[file].Data; len(text) > 0 {
			without[file] = &fstest.MapFile{Data: []byte("something else")}
			if len(missing(without, "bulb-gardener")) == 0 {
				t.Errorf("nobody reads %s", file)
			}
		}
	}
}

// The schema is asked by its indentation: it must be written so.
func TestParts_theSchemaIsIndentedAsTheListOfPiecesReadsIt(t *testing.T) {
	text, err := os.ReadFile(path.Join(top, "caretaker.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(text, &schema); err != nil || len(schema.Properties) == 0 {
		t.Fatalf("reading the schema: %v, %d properties", err, len(schema.Properties))
	}
	for property := range schema.Properties {
		if !strings.Contains(string(text), "\n    \""+property+"\": {") {
			t.Errorf("the property %s does not begin a line with four spaces", property)
		}
	}
}
