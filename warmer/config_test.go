package warmer

import (
	"strings"
	"testing"

	"caretaker/internal/want"
)

func TestValidate_takesTheDefaults(t *testing.T) {
	want.Equal(t, "what is wrong with the defaults", Default().Validate(), nil)
}

func TestValidate_names(t *testing.T) {
	checkout := func(warm map[string]int) []Function { return []Function{{Name: "checkout", Warm: warm}} }
	for name, c := range map[string]struct {
		change func(*Config)
		says   []string
	}{
		"a count of 0":         {func(c *Config) { c.Functions = checkout(map[string]int{"always": 0}) }, []string{`warmer.functions[0].warm.always: "0"`, "from 1 to 500"}},
		"a count below 0":      {func(c *Config) { c.Functions = checkout(map[string]int{"always": -1}) }, []string{`warm.always: "-1"`}},
		"a count of a billion": {func(c *Config) { c.Functions = checkout(map[string]int{"always": 1e9}) }, []string{`warm.always: "1000000000"`, "from 1 to 500"}},
		"no count at all":      {func(c *Config) { c.Functions = checkout(nil) }, []string{"warmer.functions[0].warm", "{always: 2}"}},
		"no such window":       {func(c *Config) { c.Functions = checkout(map[string]int{"office": 2}) }, []string{"warmer.functions[0].warm.office", "warmer.windows has no window"}},
		"another window":       {func(c *Config) { c.Windows, c.Functions = office(), checkout(map[string]int{"ofice": 2}) }, []string{"warm.ofice", "one of always, office"}},
		"no such zone": {func(c *Config) {
			c.Windows = map[string]Window{"office": {From: "08:00", To: "18:00", TimeZone: "Europe/Berln"}}
		}, []string{`warmer.windows.office.timeZone: "Europe/Berln"`, "IANA"}},
		"the machine's zone": {func(c *Config) {
			c.Windows = map[string]Window{"office": {From: "08:00", To: "18:00", TimeZone: "Local"}}
		}, []string{`timeZone: "Local"`}},
		"a time that is none": {func(c *Config) { c.Windows = map[string]Window{"office": {From: "8", To: "24:01"}} }, []string{`windows.office.from: "8"`, `windows.office.to: "24:01"`}},
		"days that are none": {func(c *Config) {
			c.Windows = map[string]Window{"office": {Days: "mon-fry", From: "08:00", To: "18:00"}}
		}, []string{`windows.office.days: "mon-fry"`}},
		"a window called always":        {func(c *Config) { c.Windows = map[string]Window{"always": {From: "08:00", To: "18:00"}} }, []string{"warmer.windows.always"}},
		"a window that no tag can name": {func(c *Config) { c.Windows = map[string]Window{"two words": {From: "08:00", To: "18:00"}} }, []string{"warmer.windows.two words"}},
		"an ARN": {func(c *Config) {
			c.Functions = []Function{{Name: "arn:aws:lambda:eu-west-1:111122223333:function:a", Warm: map[string]int{"always": 1}}}
		}, []string{"functions[0].name", "not its ARN"}},
		"a qualifier that is none": {func(c *Config) {
			c.Functions = []Function{{Name: "a", Qualifier: "live!", Warm: map[string]int{"always": 1}}}
		}, []string{`functions[0].qualifier: "live!"`}},
		"a function twice": {func(c *Config) {
			c.Functions = append(checkout(map[string]int{"always": 1}), checkout(map[string]int{"always": 2})...)
		}, []string{"functions[1].name", "once"}},
		"Caretaker's own": {func(c *Config) {
			c.Functions = []Function{{Name: "caretaker-default-janitor", Warm: map[string]int{"always": 1}}}
		}, []string{"functions[0].name", "Caretaker's own"}},
		"a share of nothing":            {func(c *Config) { c.ShareOfUnreserved = 0 }, []string{"warmer.shareOfUnreserved"}},
		"more in flight than a process": {func(c *Config) { c.MaxInFlight = 1000 }, []string{"warmer.maxInFlight", "1 to 900"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Default()
			c.change(&cfg)
			var said []string
			for _, problem := range cfg.Validate() {
				said = append(said, problem.Error())
			}
			want.Says(t, "the problems", strings.Join(said, "\n"), c.says...)
			if _, err := New(cfg, Clients{}, Options{}); err == nil {
				t.Error("a warmer is made of it")
			}
		})
	}
}

func office() map[string]Window {
	return map[string]Window{"office": {Days: "mon-fri", From: "07:45", To: "18:00", TimeZone: berlin}}
}

func TestParseTag_reads(t *testing.T) {
	cfg := Default()
	cfg.Windows = office()
	for value, c := range map[string]struct {
		warm      map[string]int
		qualifier string
	}{
		"5":                                {map[string]int{"always": 5}, ""},
		"always=2 office=20":               {map[string]int{"always": 2, "office": 20}, ""},
		"office=20":                        {map[string]int{"office": 20}, ""},
		"  3   qualifier=live ":            {map[string]int{"always": 3}, "live"},
		"qualifier=12 always=1 office=500": {map[string]int{"always": 1, "office": 500}, "12"},
	} {
		warm, qualifier, err := parseTag(value, cfg)
		want.NoError(t, "reading "+value, err)
		want.Equal(t, "counts of "+value, warm, c.warm)
		want.Equal(t, "qualifier of "+value, qualifier, c.qualifier)
	}
}

func TestParseTag_refuses(t *testing.T) {
	cfg := Default()
	cfg.Windows = office()
	for value, says := range map[string]string{
		"":                          "write how many",
		"qualifier=live":            "write how many",
		`"3"`:                       `"\"3\"" is not a whole number from 1 to 500`,
		"0":                         `"0" is not a whole number`,
		"-1":                        `"-1" is not a whole number`,
		"1.5":                       `"1.5" is not a whole number`,
		"1e9":                       `"1e9" is not a whole number`,
		"501":                       `"501" is not a whole number`,
		"1000000000":                `"1000000000" is not a whole number`,
		"[3]":                       `"[3]" is not a whole number`,
		"{always: 3}":               "is not a whole number",
		"always=":                   `"" is not a whole number`,
		"always=2 always=3":         "always is there twice",
		"5 always=3":                "always is there twice",
		"ofice=20":                  `there is no window "ofice"`,
		"cron(0 8 * * ? *)":         "is not a whole number",
		"3 qualifier=a b":           `"b" is not a whole number`,
		"3 qualifier=a!":            "a qualifier is written once",
		"3 qualifier=a qualifier=b": "a qualifier is written once",
		"٣":                         "is not a whole number",
	} {
		_, _, err := parseTag(value, cfg)
		if err == nil {
			t.Errorf("%q is read", value)
			continue
		}
		want.Says(t, "the error", err.Error(), "the tag caretaker:warm is", says)
	}
}

func FuzzParseTag(f *testing.F) {
	for _, value := range []string{"5", "always=2 office=20", "qualifier=live 3", "1e9", "=", "always=2 always=2"} {
		f.Add(value)
	}
	cfg := Default()
	cfg.Windows = office()
	f.Fuzz(func(t *testing.T, value string) {
		warm, _, err := parseTag(value, cfg)
		if (err == nil) != (len(warm) > 0) {
			t.Errorf("%q: %v, %v", value, warm, err)
		}
		for window, count := range warm {
			if count < 1 || count > mostWarm || window != Always && window != "office" {
				t.Errorf("%q asks for %d in %q", value, count, window)
			}
		}
	})
}

// What is kept warm, and how many, stands in the file and in tags alone.
func TestEvent_refusesWhateverIsInIt(t *testing.T) {
	for _, event := range []string{`{}`, ` { } `, `null`} {
		if err := new(Event).UnmarshalJSON([]byte(event)); err != nil {
			t.Errorf("%s: %v", event, err)
		}
	}
	for event, says := range map[string]string{
		`{"concurrency":"3"}`:              `"concurrency"`,
		`{"concurrency":0}`:                `"concurrency"`,
		`{"concurrency":-1}`:               `"concurrency"`,
		`{"concurrency":1.5}`:              `"concurrency"`,
		`{"concurrency":1e9}`:              `"concurrency"`,
		`{"functions":[{"name":"a"}]}`:     `"functions"`,
		`{"warmer":true,"concurrency":20}`: "takes nothing from its event",
		`[{"concurrency":3}]`:              "and no other event",
		`"3"`:                              "and no other event",
		`3`:                                "and no other event",
		`{"a`:                              "and no other event",
		``:                                 "and no other event",
	} {
		err := new(Event).UnmarshalJSON([]byte(event))
		if err == nil {
			t.Errorf("%s is taken", event)
			continue
		}
		want.Says(t, "the error on "+event, err.Error(), says)
	}
}
