package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// keysOf are the keys of a section with their types.
func keysOf(section reflect.Type) map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	if section == nil || section.Kind() != reflect.Struct {
		return keys
	}
	for name, field := range fields(reflect.New(section).Elem()) {
		keys[name] = field.Type()
	}
	return keys
}

// sectionAt is the type of the section at a path such as janitor.keep or limitRaiser.tables[]; nil where
// there is none.
func sectionAt(path string) reflect.Type {
	section := reflect.TypeFor[File]()
	if path == "" {
		return section
	}
	for name := range strings.SplitSeq(path, ".") {
		name, entry := strings.CutSuffix(name, "[]")
		switch {
		case section == reflect.TypeFor[map[string]Sections]():
			section = section.Elem()
		default:
			section = keysOf(section)[name]
		}
		if section == nil {
			return nil
		}
		if entry && section.Kind() == reflect.Slice {
			section = section.Elem()
		}
	}
	return section
}

// homes are the sections that have a key, below the one at a path.
func homes(section reflect.Type, path, key string) []string {
	if section.Kind() == reflect.Slice {
		section, path = section.Elem(), path+"[]"
	}
	keys := keysOf(section)
	var found []string
	if _, ok := keys[key]; ok {
		found = append(found, path)
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		found = append(found, homes(keys[name], join(path, name), key)...)
	}
	return found
}

// mostHomes is how many sections are worth naming.
const mostHomes = 3

// belongs says where a key belongs that stands in a section without it: mostly its indentation is wrong.
// Empty is nowhere, or in too many places to name.
func (d *decoder) belongs(key, section string) string {
	root := reflect.TypeFor[File]()
	if d.stage != "" || !d.lines {
		root = reflect.TypeFor[Sections]()
	}
	found := homes(root, "", key)
	top, _, _ := strings.Cut(section, ".")
	near := slices.DeleteFunc(slices.Clone(found), func(home string) bool { return top == "" || home != top && !strings.HasPrefix(home, top+".") })
	if len(near) > 0 {
		found = near
	}
	if len(found) == 0 || len(found) > mostHomes {
		return ""
	}
	for index, home := range found {
		found[index] = titled(join(d.stage, home))
	}
	return strings.Join(found, " or ")
}

// titled is what to call a section by its path.
func titled(path string) string {
	if path == "" {
		return "the top of the file"
	}
	if list, entry := strings.CutSuffix(path, "[]"); entry {
		return "an entry of " + list
	}
	return path
}
