package simulation

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadTrace_readsSecondsMinutesAndTimes(t *testing.T) {
	want := Trace{Name: "load.csv", Points: []Point{{0, 35}, {90 * time.Second, 250.5}, {3 * time.Minute, 0}}}
	for _, file := range []string{
		"seconds,unitsPerSecond\n0,35\n90,250.5\n180,0\n",
		"\ufeffseconds,unitsPerSecond\n0,35\n90,250.5\n180,0\n",
		"minutes,unitsPerSecond\r\n0,35\r\n1.5,250.5\r\n3,0\r\n",
		"time,unitsPerSecond\n2026-01-31T18:00:00Z,35\n2026-01-31T18:01:30Z,250.5\n2026-01-31T19:03:00+01:00,0\n",
	} {
		got, err := ReadTrace("load.csv", strings.NewReader(file))
		want.Begins = time.Time{}
		if strings.HasPrefix(file, "time") {
			want.Begins = time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q is read (-want +got), %v:\n%s", file, err, diff)
		}
	}
	if seconds := want.seconds(); len(seconds) != 180 || seconds[89] != 35 || seconds[90] != 250.5 {
		t.Errorf("the trace lasts %d seconds, want 180: 35 units in 90, then 250.5", len(seconds))
	}
}

func TestReadTrace_saysWhereSomethingIsWrong(t *testing.T) {
	for file, want := range map[string]string{
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
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "load.csv") {
			t.Errorf("%q: %v, want one about %s", file, err, want)
		}
		if diff := cmp.Diff(Trace{}, got); diff != "" {
			t.Errorf("%q: beside the error there is:\n%s", file, diff)
		}
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add("seconds,unitsPerSecond\n0,35\n90,250.5\n180,0\n")
	f.Add("time,unitsPerSecond\n2026-01-31T18:00:00Z,35\n2026-01-31T18:01:30Z,250.5\n")
	f.Fuzz(func(t *testing.T, file string) {
		trace, err := ReadTrace("load.csv", strings.NewReader(file))
		if err != nil {
			if diff := cmp.Diff(Trace{}, trace); diff != "" {
				t.Errorf("beside the error there is:\n%s", diff)
			}
			return
		}
		if n := len(trace.seconds()); n < 60 || n > int(maxTraceLength/time.Second) {
			t.Errorf("the trace lasts %d seconds", n)
		}
	})
}
