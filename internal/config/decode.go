package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"caretaker/internal/setting"
)

// place is where a value was written.
type place struct {
	source string
	line   int
	// stage is the section of the overlay that it stands in, like stages.prod.
	stage string
	// refused says that the value was of the wrong type: what holds is the one under it.
	refused bool
	// hint is what was said of how the refused value is meant to be written.
	hint string
}

// decoder reads YAML nodes into Go values, one layer over the other: what a layer
// does not name keeps its value. It goes on after a mistake. The library's own
// decoder stops at the first, takes null and "3" for a number, and does not tell
// afterwards which line a value came from.
type decoder struct {
	// source is what the layer is called in messages.
	source string
	// stage is the section that the layer is, like stages.prod. Empty is the top of the file.
	stage string
	// lines says whether lines have a meaning in this layer.
	lines bool
	// places remembers where each key's value was written last.
	places map[string]place
	// stages is the node of the overlays, which are layers of their own.
	stages   ast.Node
	problems *Problems
}

// parse reads one YAML document. Nothing, or comments alone, is a nil node.
func parse(source string, text []byte) (ast.Node, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors on Windows begin a file so
	if wrong := notUTF8(text); wrong.Text != "" {
		wrong.Source = source
		return nil, Problems{wrong}
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		problem := Problem{Source: source, Text: "not YAML: " + err.Error()}
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			problem.Line, problem.Text = syntax.GetToken().Position.Line, "not YAML: "+syntax.GetMessage()
			if strings.Contains(syntax.GetMessage(), "character '\t'") {
				problem.Text = "not YAML: a tab: indent with spaces, not tabs"
			} else if found := misplaced(string(text), problem.Line); found.Text != "" {
				problem = found
				problem.Source = source
			}
		}
		return nil, Problems{problem}
	}
	if len(file.Docs) > 1 {
		return nil, Problems{{Source: source, Text: "holds more than one YAML document: write one"}}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.CommentType {
		return nil, nil
	}
	return file.Docs[0].Body, nil
}

// notUTF8 says what is wrong with a text that is not UTF-8.
func notUTF8(text []byte) Problem {
	for line, rest := 1, text; ; line++ {
		first, after, more := bytes.Cut(rest, []byte("\n"))
		switch {
		case bytes.IndexByte(first, 0) >= 0:
			return Problem{Line: line, Text: "not UTF-8, but perhaps UTF-16: save the file as UTF-8"}
		case !utf8.Valid(first):
			return Problem{Line: line, Text: "not UTF-8: save the file as UTF-8"}
		case !more:
			return Problem{}
		}
		rest = after
	}
}

func (d *decoder) wrong(node ast.Node, key, text string) {
	d.problems.add(Problem{Source: d.source, Line: d.line(node), Key: join(d.stage, key), Text: text})
}

func (d *decoder) place(node ast.Node, refused bool) place {
	return place{source: d.source, line: d.line(node), stage: d.stage, refused: refused}
}

func (d *decoder) line(node ast.Node) int {
	if !d.lines || node == nil || node.GetToken() == nil {
		return 0
	}
	return node.GetToken().Position.Line
}

// decode reads node into a value that can be set.
func (d *decoder) decode(node ast.Node, into reflect.Value, key string) {
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.TagType, ast.MergeKeyType:
		d.places[key] = d.place(node, true)
		d.wrong(node, key, "anchors, aliases and tags of YAML are not read here: write the value itself")
		return
	}
	d.places[key] = d.place(node, false)
	if text, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if written, ok := node.(*ast.StringNode); !ok || text.UnmarshalText([]byte(written.Value)) != nil {
			d.refuse(node, into.Type(), key)
			unfit(into)
		}
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.mapping(node, into, key)
	case reflect.Map:
		d.named(node, into, key)
	case reflect.Slice:
		d.list(node, into, key)
	default:
		if !scalar(node, into) {
			d.refuse(node, into.Type(), key)
			unfit(into)
		}
	}
}

// unfit sets a number or a duration that was refused to one that no key allows: what the checks say
// of it are the bounds of the key, which a type alone does not know.
func unfit(into reflect.Value) {
	switch {
	case into.Type() == reflect.TypeFor[setting.Percent]():
	case into.CanInt():
		into.SetInt(-1)
	case into.CanFloat():
		into.SetFloat(-1)
	}
}

// mapping reads a section with its known keys.
func (d *decoder) mapping(node ast.Node, into reflect.Value, key string) {
	known := fields(into)
	d.each(node, into.Type(), key, func(name string, at, value ast.Node) {
		path := join(key, name)
		field, ok := known[name]
		switch {
		case !ok:
			d.wrong(at, path, d.unknown(name, key, slices.Sorted(maps.Keys(known))))
		case field.Type() == reflect.TypeFor[map[string]Sections]():
			d.stages = value
			if value.Type() == ast.NullType {
				d.refuse(value, field.Type(), path)
			}
		default:
			d.decode(value, field, path)
		}
	})
}

// named reads a map of texts or numbers, which replaces the one there.
func (d *decoder) named(node ast.Node, into reflect.Value, key string) {
	result := reflect.MakeMap(into.Type())
	d.each(node, into.Type(), key, func(name string, _, value ast.Node) {
		element := fresh(into.Type().Elem())
		d.decode(value, element, join(key, name))
		result.SetMapIndex(reflect.ValueOf(name), element)
	})
	if result.Len() == 0 {
		result = reflect.Zero(into.Type()) // {} and no key at all are the same
	}
	into.Set(result)
}

// list reads a list, which replaces the one there.
func (d *decoder) list(node ast.Node, into reflect.Value, key string) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.refuse(node, into.Type(), key)
		return
	}
	result := reflect.Zero(into.Type()) // [] and no key at all are the same
	for index, value := range sequence.Values {
		element := fresh(into.Type().Elem())
		d.decode(value, element, fmt.Sprintf("%s[%d]", key, index))
		result = reflect.Append(result, element)
	}
	into.Set(result)
}

// fresh is a new entry of a list or a map, with the defaults that its type has for it.
func fresh(of reflect.Type) reflect.Value {
	made := reflect.New(of)
	if preset, has := made.Interface().(interface{ Preset() }); has {
		preset.Preset()
	}
	return made.Elem()
}

// each calls visit for the entries of a mapping, the first of each name.
func (d *decoder) each(node ast.Node, into reflect.Type, key string, visit func(name string, at, value ast.Node)) {
	entries, ok := node.(ast.MapNode)
	if !ok {
		d.refuse(node, into, key)
		return
	}
	seen := map[string]int{}
	for entry := entries.MapRange(); entry.Next(); {
		name, plain := entry.Key().(*ast.StringNode)
		if !plain {
			d.wrong(entry.Key(), key, fmt.Sprintf("%q is not a key: write a plain name", entry.Key().GetToken().Value))
			continue
		}
		if line, twice := seen[name.Value]; twice {
			d.wrong(name, join(key, name.Value), again(line))
			continue
		}
		seen[name.Value] = d.line(name)
		visit(name.Value, name, entry.Value())
	}
}

func again(line int) string {
	if line == 0 {
		return "the key is given twice"
	}
	return fmt.Sprintf("the key is given twice, first in line %d", line)
}

// unknown is what to say of a key that its section does not have.
func (d *decoder) unknown(name, section string, known []string) string {
	if home := d.belongs(name, section); home != "" {
		return "unknown key here: it belongs to " + home + " (allowed here: " + strings.Join(known, ", ") + ")"
	}
	return Unknown(name, known)
}

// Unknown is what to say of a key that is none of those known.
func Unknown(name string, known []string) string {
	text := "unknown key"
	if near := closest(name, known); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text + " (allowed here: " + strings.Join(known, ", ") + ")"
}

// fields are the settable fields of a section by their name in the file.
func fields(section reflect.Value) map[string]reflect.Value {
	known := map[string]reflect.Value{}
	for _, field := range reflect.VisibleFields(section.Type()) {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "" && name != "-" {
			known[name] = section.FieldByIndex(field.Index)
		}
	}
	return known
}

func join(key, name string) string {
	if key == "" || name == "" {
		return key + name
	}
	return key + "." + name
}

// Numbers as everybody reads them: YAML itself takes 010 for 8.
var (
	wholeForm  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	numberForm = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

// scalar reads a text, a number, or true or false; it says whether it could.
func scalar(node ast.Node, into reflect.Value) bool {
	text := node.GetToken().Value
	switch into.Kind() {
	case reflect.String:
		switch node := node.(type) {
		case *ast.StringNode:
			into.SetString(node.Value)
			return true
		case *ast.LiteralNode:
			into.SetString(node.Value.Value)
			return true
		}
	case reflect.Bool:
		if node, ok := node.(*ast.BoolNode); ok {
			into.SetBool(node.Value)
			return true
		}
	case reflect.Int, reflect.Int64:
		if number, err := strconv.ParseInt(text, 10, 64); err == nil && node.Type() == ast.IntegerType && wholeForm.MatchString(text) {
			into.SetInt(number)
			return true
		}
	case reflect.Float64:
		if number, err := strconv.ParseFloat(text, 64); err == nil && (node.Type() == ast.IntegerType || node.Type() == ast.FloatType) && numberForm.MatchString(text) {
			into.SetFloat(number)
			return true
		}
	}
	return false
}
