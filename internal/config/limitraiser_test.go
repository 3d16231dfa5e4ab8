package config_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/parser"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	limitraiser "caretaker/limit-raiser"
	"caretaker/warmer"
)

const raising = `version: 1
limitRaiser:
  enabled: true
  tables:
    - name: orders
      read: {max: 4000}
      alarmAbove: 70%
      indexes:
        - {name: byDate, write: {max: 50}}
    - {name: carts}
  limits: {prices: {writeUnitHour: 0.5}}
stages:
  prod:
    limitRaiser:
      dryRun: false
      tables:
        - {name: carts, write: {max: 10}}
`

func TestLoad_readsListsOfSections(t *testing.T) {
	file, err := load(t, raising, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := limitraiser.Default()
	want.Enabled = true
	want.Tables = []limitraiser.Table{
		{
			Name: "orders", Read: limitraiser.Capacity{Max: 4000}, AlarmAbove: 70,
			Indexes: []limitraiser.Index{{Name: "byDate", Write: limitraiser.Capacity{Max: 50}}},
		},
		{Name: "carts"},
	}
	want.Limits.Prices = map[string]float64{"writeUnitHour": 0.5}
	if diff := cmp.Diff(want, file.LimitRaiser); diff != "" {
		t.Errorf("-want +loaded\n%s", diff)
	}
}

func TestLoad_replacesListsOfSectionsWhole(t *testing.T) {
	file, err := load(t, raising, config.Options{Stage: "prod", Set: []string{"limitRaiser.streams=[{name: clicks, maxShards: 4}]"}})
	if err != nil {
		t.Fatal(err)
	}
	got := file.LimitRaiser
	want := []limitraiser.Table{{Name: "carts", Write: limitraiser.Capacity{Max: 10}}}
	if diff := cmp.Diff(want, got.Tables); diff != "" || got.DryRun || !got.Enabled {
		t.Errorf("dry run %t, enabled %t, tables (-want +loaded)\n%s", got.DryRun, got.Enabled, diff)
	}
	if diff := cmp.Diff([]limitraiser.Stream{{Name: "clicks", MaxShards: 4}}, got.Streams); diff != "" {
		t.Errorf("-want +set\n%s", diff)
	}
}

func TestLoad_refusesEntriesOfLists(t *testing.T) {
	const entryKeys = "alarmAbove, indexes, name, read, write"
	for name, c := range map[string]struct{ text, want string }{
		"a name for a section":         {"tables: [orders]", `limitRaiser.tables[0]: "orders" is not allowed: a section with keys of its own: {name: orders}`},
		"a section for a list":         {"tables: {orders: {}}", `limitRaiser.tables: "{...}" is not allowed: a list of sections such as [{name: orders}], or [] for none`},
		"an unknown key in an entry":   {"tables:\n  - name: orders\n  - name: carts\n    reed: {max: 1}", "limitRaiser.tables[1].reed: unknown key; did you mean read? (allowed here: " + entryKeys + ")"},
		"half a unit":                  {"tables: [{name: orders, read: {max: 0.5}}]", `limitRaiser.tables[0].read.max: "0.5" is not allowed: a whole number from 0 (never) to 1000000`},
		"units in quotes":              {"tables: [{name: orders, read: {max: '5'}}]", `limitRaiser.tables[0].read.max: "5" is not allowed: a whole number from 0 (never) to 1000000, without quotes`},
		"more units than any":          {"ceiling: 9223372036854775808", `limitRaiser.ceiling: "9223372036854775808" is not allowed: a whole number from 0 (never) to 1000000`},
		"an entry without its name":    {"tables:\n  - name: orders\n  - read: {max: 1}", `limitRaiser.tables[1].name: "" is not allowed: a name, not an ARN: 3 to 255 letters, digits and _.-`},
		"an index twice":               {"tables: [{name: orders, indexes: [{name: byDate}, {name: byDate}]}]", `limitRaiser.tables[0].indexes[1].name: "byDate" is not allowed: each name once`},
		"a price in words":             {"limits: {prices: {writeUnitHour: cheap}}", `limitRaiser.limits.prices.writeUnitHour: "cheap" is not allowed: US dollars from 0 to 10000000`},
		"a list for the prices":        {"limits: {prices: []}", `limitRaiser.limits.prices: "[...]" is not allowed: names with numbers such as {writeUnitHour: 0.5}, or {} for none`},
		"a share that is not a share":  {"alarmAbove: 80", `limitRaiser.alarmAbove: "80" is not allowed: a percentage such as 80%, from 0% to 100%; the sign is missing: 80%`},
		"tags that have no ceiling":    {"byTag: true", `limitRaiser.ceiling: "0" is not allowed: units a second from 1 with byTag: without a ceiling whoever may tag a table may spend`},
		"a service's quota by no code": {"quotas: [{service: lambda}]", `limitRaiser.quotas[0].code: "" is not allowed: a quota's code such as L-B99A9384`},
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.Split(c.text, "\n")
			_, err := load(t, "version: 1\nlimitRaiser:\n  "+strings.Join(lines, "\n  "), config.Options{})
			if err == nil {
				t.Fatalf("loaded, want %s", c.want)
			}
			at, said, _ := strings.Cut(err.Error(), ": ")
			if diff := cmp.Diff(c.want, said); diff != "" || !strings.HasPrefix(at, "caretaker.yaml:") {
				t.Errorf("%s: -want +got\n%s", at, diff)
			}
		})
	}
}

// The file that ships lists nothing to raise; what could stand there is in its comments.
// topKey begins a section of the file.
var topKey = regexp.MustCompile(`^[a-zA-Z]+:`)

func TestShippedFile_hasExamplesThatLoadAndNameEachKey(t *testing.T) {
	text, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	examples, section := "version: 1\n", ""
	for line := range strings.Lines(string(text)) {
		if top := topKey.FindString(line); top != "" {
			section = top + "\n"
		}
		if example, ok := strings.CutPrefix(line, "  #     "); ok {
			examples += section + "  " + example
			section = ""
		}
	}
	file, err := load(t, examples, config.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, examples)
	}
	raiser := file.LimitRaiser
	if len(raiser.Tables) == 0 || len(raiser.Tables[0].Indexes) == 0 || len(raiser.Streams) == 0 || len(raiser.Functions) == 0 || len(raiser.Quotas) == 0 {
		t.Errorf("an example is missing: %+v", raiser)
	}
	if len(file.Warmer.Windows) == 0 || len(file.Warmer.Functions) == 0 {
		t.Errorf("an example is missing: %+v", file.Warmer)
	}
	parsed, err := parser.ParseBytes([]byte(examples), 0)
	if err != nil {
		t.Fatal(err)
	}
	written := parsed.String()
	for _, entry := range []reflect.Type{
		reflect.TypeFor[limitraiser.Table](), reflect.TypeFor[limitraiser.Index](), reflect.TypeFor[limitraiser.Stream](),
		reflect.TypeFor[limitraiser.Function](), reflect.TypeFor[limitraiser.Quota](),
		reflect.TypeFor[warmer.Window](), reflect.TypeFor[warmer.Function](),
	} {
		for _, key := range leaves(entry, "") {
			if last := key[strings.LastIndexByte(key, '.')+1:]; !strings.Contains(written, last+":") {
				t.Errorf("no example has the key %s of a %s", key, entry.Name())
			}
		}
	}
}
