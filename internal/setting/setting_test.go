package setting_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/setting"
)

func TestParseDuration_readsWholeUnitsFromTheLargest(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "30m": 30 * time.Minute, "24h": 24 * time.Hour, "14d": 14 * setting.Day, "1d12h": 36 * time.Hour,
		"1d2h3m4s": 26*time.Hour + 3*time.Minute + 4*time.Second, "90s": 90 * time.Second, "36500d": 36500 * setting.Day,
	} {
		got, err := setting.ParseDuration(text)
		if err != nil || got.Std() != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "-1h", "+1h", "1.5h", "2w", "1h2d", "1H", " 1h", "1h ", "1h\n", "36501d", "999999999h", "١h", "1ms"} {
		if got, err := setting.ParseDuration(text); err == nil || got != 0 {
			t.Errorf("ParseDuration(%q) = %v, %v, want 0 and an error", text, got, err)
		}
	}
}

func TestDuration_readsWhatItWrites(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "1d": 24 * time.Hour, "14d": 14 * setting.Day, "36h": 36 * time.Hour, "15m": 15 * time.Minute,
		"1h30m": 90 * time.Minute, "1h0m5s": time.Hour + 5*time.Second, "10s": 10 * time.Second, "20m": 20 * time.Minute, "10m10s": 610 * time.Second,
	} {
		text, err := json.Marshal(setting.Duration(d))
		if err != nil || string(text) != `"`+want+`"` {
			t.Errorf("%v is written %s, %v, want %s", d, text, err, want)
		}
		var back setting.Duration
		if err := json.Unmarshal(text, &back); err != nil || back.Std() != d {
			t.Errorf("%s is read %v, %v, want %v", text, back, err, d)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"0s", "14d", "1d12h", "90m", "9999999h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := setting.ParseDuration(text)
		if err != nil {
			if d != 0 {
				t.Errorf("%q: %v beside an error", text, d)
			}
			return
		}
		if d < 0 || d.Std() > 2*36500*setting.Day {
			t.Errorf("%q is %v", text, d)
		}
		if back, err := setting.ParseDuration(d.String()); err != nil || back != d {
			t.Errorf("%q is written %s and read %v, %v", text, d, back, err)
		}
	})
}

func TestPercent_readsWhatItWrites(t *testing.T) {
	for text, want := range map[string]setting.Percent{"0%": 0, "80%": 80, "12.5%": 12.5, "100%": 100} {
		var got setting.Percent
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%q is read %v, %v and written %s", text, float64(got), err, got)
		}
	}
	for _, text := range []string{"", "%", "80", "0.8", "-1%", "100.1%", "NaN%", "Inf%", "80 %", "80%%"} {
		got := setting.Percent(7)
		if err := got.UnmarshalText([]byte(text)); err == nil || got != 7 {
			t.Errorf("%q is read %v, %v, want an error and no change", text, float64(got), err)
		}
	}
}

func TestFunction_namesEachValueThatLambdaWouldRefuse(t *testing.T) {
	good := setting.Function{Memory: 128, Timeout: setting.Duration(time.Second), LogRetentionDays: 30}
	for name, c := range map[string]struct {
		change func(*setting.Function)
		want   []string
	}{
		"the smallest": {func(*setting.Function) {}, nil},
		"the largest": {func(f *setting.Function) {
			*f = setting.Function{10240, setting.Duration(15 * time.Minute), 3653, 1000}
		}, nil},
		"too little":       {func(f *setting.Function) { f.Memory = 127 }, []string{"a.memory"}},
		"too much":         {func(f *setting.Function) { f.Memory = 10241 }, []string{"a.memory"}},
		"no time":          {func(f *setting.Function) { f.Timeout = 0 }, []string{"a.timeout"}},
		"too long":         {func(f *setting.Function) { f.Timeout = setting.Duration(15*time.Minute + time.Second) }, []string{"a.timeout"}},
		"half a second":    {func(f *setting.Function) { f.Timeout = setting.Duration(1500 * time.Millisecond) }, []string{"a.timeout"}},
		"no such period":   {func(f *setting.Function) { f.LogRetentionDays = 2 }, []string{"a.logRetentionDays"}},
		"less than none":   {func(f *setting.Function) { f.ReservedConcurrency = -1 }, []string{"a.reservedConcurrency"}},
		"nothing at all":   {func(f *setting.Function) { *f = setting.Function{} }, []string{"a.memory", "a.timeout", "a.logRetentionDays"}},
		"more than it has": {func(f *setting.Function) { f.ReservedConcurrency = 1001 }, []string{"a.reservedConcurrency"}},
	} {
		t.Run(name, func(t *testing.T) {
			function := good
			c.change(&function)
			var got []string
			for _, problem := range setting.Check("a", function) {
				got = append(got, problem.Key)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestProblem_namesKeyValueAndWhatIsAllowed(t *testing.T) {
	got := setting.Problem{Key: "janitor.rate", Value: "16", Allowed: "calls a second from 1 to 15"}.Error()
	if want := `janitor.rate: "16" is not allowed: calls a second from 1 to 15`; got != want {
		t.Errorf("Error() = %s, want %s", got, want)
	}
}
