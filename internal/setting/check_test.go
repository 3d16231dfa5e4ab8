package setting_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/setting"
)

type mode string

type plot struct {
	Name  string `yaml:"name" form:"^[a-z]{1,8}$" allowed:"a plot's name: up to 8 small letters"`
	Bulbs int64  `yaml:"bulbs" bounds:"0 (never) to 100"`
}

type garden struct {
	Free   int                `yaml:"free"`
	Rows   int                `yaml:"rows" bounds:"1 to 10"`
	Rate   float64            `yaml:"rate" bounds:"1.5 to 15" of:"calls a second"`
	Rest   setting.Duration   `yaml:"rest" bounds:"30m to 90d" zero:"off"`
	Mode   mode               `yaml:"mode" choices:"plant, weed, water"`
	Soil   string             `yaml:"soil" choices:"sand, clay" zero:"sand"`
	Plots  []plot             `yaml:"plots"`
	Names  []string           `yaml:"names" form:"^x" allowed:"what begins with x"`
	Prices map[string]float64 `yaml:"prices" bounds:"0 to 5" of:"US dollars"`
}

func whole() garden {
	return garden{Rows: 1, Rate: 1.5, Mode: "weed", Plots: []plot{{Name: "north"}}, Names: []string{"x1"}, Prices: map[string]float64{"tulip": 5}}
}

func TestCheck_namesWhatBreaksARuleWithItsKeyItsValueAndWhatIsAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*garden)
		want   string
	}{
		"everything as allowed":    {func(*garden) {}, ""},
		"a free number":            {func(g *garden) { g.Free = -7 }, ""},
		"too few":                  {func(g *garden) { g.Rows = 0 }, `garden.rows: "0" is not allowed: a whole number from 1 to 10`},
		"too many":                 {func(g *garden) { g.Rows = 11 }, `garden.rows: "11" is not allowed: a whole number from 1 to 10`},
		"what is not a number":     {func(g *garden) { g.Rate = math.NaN() }, `garden.rate: "NaN" is not allowed: calls a second from 1.5 to 15`},
		"no duration":              {func(g *garden) { g.Rest = 0 }, ""},
		"a short duration":         {func(g *garden) { g.Rest = setting.Duration(time.Minute) }, `garden.rest: "1m" is not allowed: 0s for off, or a duration from 30m to 90d`},
		"the longest duration":     {func(g *garden) { g.Rest = 90 * setting.Duration(setting.Day) }, ""},
		"another choice":           {func(g *garden) { g.Mode = "dig" }, `garden.mode: "dig" is not allowed: plant, weed or water`},
		"another soil":             {func(g *garden) { g.Soil = "chalk" }, `garden.soil: "chalk" is not allowed: sand or clay`},
		"a name in a list":         {func(g *garden) { g.Plots[0].Name = "North" }, `garden.plots[0].name: "North" is not allowed: a plot's name: up to 8 small letters`},
		"a number in a list":       {func(g *garden) { g.Plots[0].Bulbs = 101 }, `garden.plots[0].bulbs: "101" is not allowed: a whole number from 0 (never) to 100`},
		"a text in a list":         {func(g *garden) { g.Names[0] = "y" }, `garden.names[0]: "y" is not allowed: what begins with x`},
		"a value in a map":         {func(g *garden) { g.Prices["tulip"] = 6 }, `garden.prices.tulip: "6" is not allowed: US dollars from 0 to 5`},
		"an infinite value in one": {func(g *garden) { g.Prices["tulip"] = math.Inf(1) }, `garden.prices.tulip: "+Inf" is not allowed: US dollars from 0 to 5`},
	} {
		t.Run(name, func(t *testing.T) {
			g := whole()
			c.change(&g)
			got := ""
			for _, problem := range setting.Check("garden", g) {
				got += problem.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
		})
	}
}

func TestRuleOf_refusesATagThatItCannotRead(t *testing.T) {
	for _, bounds := range []string{"1-10", "one to ten", "1 to", "1 to 2 to 3", "1 to 1.2.3"} {
		t.Run(bounds, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was read")
				}
			}()
			setting.RuleOf(reflect.StructField{Name: "Rows", Type: reflect.TypeFor[int](), Tag: reflect.StructTag(`bounds:"` + bounds + `"`)})
		})
	}
}

func TestCheck_knowsTheKeysOfAnEmbeddedSectionByTheOneAroundIt(t *testing.T) {
	type bed struct {
		Rows int `yaml:"rows" bounds:"1 to 10"`
	}
	type orchard struct {
		bed  `yaml:",inline"`
		Name string `yaml:"name"`
	}
	problems := setting.Check("orchard", orchard{})
	if len(problems) != 1 || problems[0].Key != "orchard.rows" {
		t.Errorf("problems: %v, want one of orchard.rows", problems)
	}
}
