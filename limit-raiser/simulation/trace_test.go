package simulation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"caretaker/internal/want"
)

func TestReadTrace_readsSecondsMinutesAndTimes(t *testing.T) {
	wanted := Trace{Name: "load.csv", Points: []Point{{0, 35}, {90 * time.Second, 250.5}, {3 * time.Minute, 0}}}
	for _, file := range []string{
		"seconds,unitsPerSecond\n0,35\n90,250.5\n180,0\n",
		"\ufeffseconds,unitsPerSecond\n0,35\n90,250.5\n180,0\n",
		"minutes,unitsPerSecond\r\n0,35\r\n1.5,250.5\r\n3,0\r\n",
		"time,unitsPerSecond\n2026-01-31T18:00:00Z,35\n2026-01-31T18:01:30Z,250.5\n2026-01-31T19:03:00+01:00,0\n",
	} {
		got, err := ReadTrace("load.csv", strings.NewReader(file))
		wanted.Begins = time.Time{}
		if strings.HasPrefix(file, "time") {
			wanted.Begins = time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC)
		}
		want.NoError(t, fmt.Sprintf("reading %q", file), err)
		want.Equal(t, fmt.Sprintf("the trace of %q", file), got, wanted)
	}
	seconds := wanted.seconds()
	if !want.Equal(t, "the seconds of the trace", len(seconds), 180) {
		return
	}
	want.Equal(t, "units in the second 89", seconds[89], 35)
	want.Equal(t, "units in the second 90", seconds[90], 250.5)
}

func TestReadTrace_saysWhereSomethingIsWrong(t *testing.T) {
	for file, wrong := range map[string]string{
		"":                                         "it is empty: the first line must be seconds,unitsPerSecond",
		"seconds;unitsPerSecond\n0;1\n":            "line 1: semicolons stand where commas should",
		"seconds\n0\n":                             "line 1: it does not have two columns",
		"hours,unitsPerSecond\n0,1\n":              "line 1, the first column",
		"seconds,load\n0,1\n":                      "line 1, the second column",
		"seconds,unitsPerSecond\n0,1\n":            "shorter than a minute",
		"seconds,unitsPerSecond\n0,1\n59,1\n":      "shorter than a minute",
		"seconds,unitsPerSecond\n5,1\n60,1\n":      "line 2, the first column: a trace begins at 0",
		"seconds,unitsPerSecond\n0,1\n60\n":        "line 3: it does not have two columns",
		"seconds,unitsPerSecond\n0,1\n60,x\n":      "line 3, the second column",
		"seconds,unitsPerSecond\n0,1\n60,-1\n":     "line 3, the second column",
		"seconds,unitsPerSecond\n0,1\n60,NaN\n":    "line 3, the second column",
		"seconds,unitsPerSecond\n0,1\nNaN,1\n":     "line 3, the first column",
		"seconds,unitsPerSecond\n0,1\n60,1\n60,2":  "line 4, the first column: it is not after the line before",
		"minutes,unitsPerSecond\n0,1\n99999,1\n":   "line 3, the first column",
		"time,unitsPerSecond\nyesterday,1\n60,1\n": "line 2, the first column",
	} {
		got, err := ReadTrace("load.csv", strings.NewReader(file))
		if err == nil {
			t.Errorf("%q is read without an error, want one about %s", file, wrong)
		} else {
			want.Says(t, fmt.Sprintf("the error of %q", file), err.Error(), wrong, "load.csv")
		}
		want.Equal(t, fmt.Sprintf("%q: what is read beside the error", file), got, Trace{})
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add("seconds,unitsPerSecond\n0,35\n90,250.5\n180,0\n")
	f.Add("time,unitsPerSecond\n2026-01-31T18:00:00Z,35\n2026-01-31T18:01:30Z,250.5\n")
	f.Fuzz(func(t *testing.T, file string) {
		trace, err := ReadTrace("load.csv", strings.NewReader(file))
		if err != nil {
			want.Equal(t, "what is read beside the error", trace, Trace{})
			return
		}
		if n := len(trace.seconds()); n < 60 || n > int(maxTraceLength/time.Second) {
			t.Errorf("the trace lasts %d seconds, want 60 to %d", n, int(maxTraceLength/time.Second))
		}
	})
}
