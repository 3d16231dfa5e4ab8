package config

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Options choose what is laid over the base of the file.
type Options struct {
	// Stage is one of the file's stages. Empty, or "default", is the base alone.
	Stage string
	// Set are single keys for this one command, like janitor.keep.newest=1, the value written
	// as in YAML. They come last and are as strict; the last of equal keys holds.
	Set []string
}

// loading is a file on its way through its layers.
type loading struct {
	path     string
	problems Problems
}

// Load reads the file at path. Its error is Problems when the configuration is at fault.
func Load(path string, options Options) (File, error) {
	text, err := os.ReadFile(path) // #nosec G304 -- the path is what the user gave
	if err != nil {
		return File{}, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, text, options)
}

// Parse reads the text of a file; path is its name in what Parse says about it.
func Parse(path string, text []byte, options Options) (File, error) {
	root, err := parse(path, text)
	if err != nil {
		return File{}, err
	}
	l := &loading{path: path}
	file := Default()
	base := l.layer(path, true, nil)
	file.Version = 0
	if root != nil {
		base.decode(root, reflect.ValueOf(&file).Elem(), "")
	}
	l.version(file.Version, base.places)
	l.check(file.Sections, base.places, nil, "")

	overlays := l.overlays(base)
	if _, ok := overlays[options.Stage]; !ok && options.Stage != "" && options.Stage != DefaultStage {
		l.problems.add(Problem{Source: path, Text: noStage(options.Stage, slices.Sorted(maps.Keys(overlays)))})
	}
	variants := []variant{{DefaultStage, file.Sections, base.places}}
	chosen := 0
	for _, name := range slices.Sorted(maps.Keys(overlays)) {
		sections := file.Sections
		layer := l.layer(path, true, base.places)
		layer.stage = "stages." + name
		layer.decode(overlays[name], reflect.ValueOf(&sections).Elem(), "")
		l.check(sections, layer.places, base.places, " (in stage "+name+")")
		if file.Stages == nil {
			file.Stages = map[string]Sections{}
		}
		file.Stages[name] = sections
		if name == options.Stage {
			chosen = len(variants)
		}
		variants = append(variants, variant{name, sections, layer.places})
	}
	file.Sections = variants[chosen].sections
	under := variants[chosen].places
	places := under
	for _, assignment := range options.Set {
		places = l.set(&file.Sections, assignment, places)
	}
	l.check(file.Sections, places, under, " (with --set)")
	if len(l.problems) > 0 {
		return File{}, l.problems.sorted(path)
	}
	variants[chosen].sections, variants[chosen].places = file.Sections, places
	file.Notes = l.notes(variants)
	return file, nil
}

func (l *loading) layer(source string, lines bool, under map[string]place) *decoder {
	places := maps.Clone(under)
	if places == nil {
		places = map[string]place{}
	}
	return &decoder{source: source, lines: lines, places: places, problems: &l.problems}
}

func (l *loading) version(version int, places map[string]place) {
	at, written := places["version"]
	switch {
	case !written:
		l.problems.add(Problem{Source: l.path, Line: 1, Key: "version", Text: "the key is missing: write version: 1"})
	case version != 1 && !at.refused:
		l.problems.add(Problem{Source: l.path, Line: at.line, Key: "version", Text: fmt.Sprintf("%q is not allowed: 1", fmt.Sprint(version))})
	}
}

// check adds what is wrong with the values, each at the place it came from. A value
// of the places under the layer that is wrong only together with the layer is said
// with the layer's name: the line it stands in is right by itself.
func (l *loading) check(sections Sections, places, under map[string]place, layer string) {
	for _, problem := range sections.Validate(time.Now()) {
		at := find(places, problem.Key)
		key := join(at.stage, problem.Key)
		if at.refused {
			l.bound(at, key, problem.Allowed+at.hint)
			continue // what stands there now is not what was written
		}
		note := ""
		if find(under, problem.Key) == at {
			note = layer
		}
		if at.source == "" {
			at.source = l.path
		}
		text := strings.TrimPrefix(problem.Error(), problem.Key+": ")
		reported := slices.ContainsFunc(l.problems, func(p Problem) bool {
			return p.Source == at.source && p.Line == at.line && p.Key == key && strings.HasPrefix(p.Text, text)
		})
		if !reported {
			l.problems.add(Problem{Source: at.source, Line: at.line, Key: key, Text: text + note})
		}
	}
}

// bound says of a value that was refused by its type what its key allows.
func (l *loading) bound(at place, key, allowed string) {
	for index, p := range l.problems {
		value, rest, refused := strings.Cut(p.Text, isNot)
		if refused && !strings.HasPrefix(rest, aText) && p.Source == at.source && p.Line == at.line && p.Key == key {
			l.problems[index].Text = value + isNot + allowed
			return
		}
	}
}

// isNot is how setting.Problem parts a value from what is allowed.
const isNot = " is not allowed: "

// find is where a key was written, or the nearest section around it: the value of a
// key that was not written is a default, and no line holds it.
func find(places map[string]place, key string) place {
	for key != "" {
		if at, ok := places[key]; ok {
			return at
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return place{}
}

// A stage is part of the names of what is deployed for it.
var stageForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,31}$`)

const longestStage = 32

// overlays are the nodes of the stages by name.
func (l *loading) overlays(base *decoder) map[string]ast.Node {
	result := map[string]ast.Node{}
	if base.stages == nil || base.stages.Type() == ast.NullType {
		return result
	}
	base.each(base.stages, reflect.TypeFor[map[string]Sections](), "stages", func(name string, at, value ast.Node) {
		switch {
		case name == DefaultStage:
			base.wrong(at, "stages."+name, "the name is taken: it stands for the file without a stage")
		case !stageForm.MatchString(name):
			base.wrong(at, "stages."+name, "a stage's name has up to 32 letters, digits and hyphens and begins with a letter")
		default:
			result[name] = value
		}
	})
	return result
}

func noStage(name string, stages []string) string {
	if len(stages) == 0 {
		return fmt.Sprintf("there is no stage %q: the file has no stages", name)
	}
	return fmt.Sprintf("there is no stage %q: the file has %s", name, strings.Join(stages, ", "))
}

// set lays one key=value over the file.
func (l *loading) set(sections *Sections, assignment string, under map[string]place) map[string]place {
	key, text, ok := strings.Cut(assignment, "=")
	layer := l.layer(fromSet(key), false, under)
	if !ok {
		layer.wrong(nil, "", "no value: write it like janitor.keep.newest=1")
		return under
	}
	target, ok := layer.target(reflect.ValueOf(sections).Elem(), key)
	if !ok {
		return under
	}
	node, err := parse(layer.source, []byte(text))
	if err != nil {
		layer.wrong(nil, key, "the value is not YAML")
		return under
	}
	if node == nil {
		layer.wrong(nil, key, "no value: "+allowed(target.Type()))
		return under
	}
	layer.decode(node, target, key)
	return layer.places
}

// target is the value that a key names.
func (d *decoder) target(section reflect.Value, key string) (reflect.Value, bool) {
	path := ""
	for name := range strings.SplitSeq(key, ".") {
		if section.Kind() != reflect.Struct {
			d.wrong(nil, path, "is one value: set it whole, "+allowed(section.Type()))
			return reflect.Value{}, false
		}
		known := fields(section)
		path = join(path, name)
		field, ok := known[name]
		if !ok {
			d.wrong(nil, path, Unknown(name, slices.Sorted(maps.Keys(known))))
			return reflect.Value{}, false
		}
		section = field
	}
	return section, true
}
