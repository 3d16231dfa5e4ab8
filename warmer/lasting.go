package warmer

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"caretaker/internal/setting"
)

// lasting is what runs leave to the next one. It stands in the item of the claim, so that whoever has the claim
// reads and writes it along with that: no call is made for it.
type lasting struct {
	// traces are by how a function is called.
	traces map[string]trace
	// provisions are by alias: what the warmer itself has provisioned.
	provisions map[string]provision
	// looked is when a run after a deployment looked at a function, by its name, in seconds since 1970.
	looked map[string]int64
}

// trace is what is remembered of a target from run to run. It only makes the next run better: lost, it is learned anew.
type trace struct {
	// Code is what was pinged, at At, in seconds since 1970; Wanted is how many were.
	Code   string `json:"c"`
	At     int64  `json:"a"`
	Wanted int    `json:"w"`
	// HoldMs is that of the next run's first round. Throttled says that the last ping met a 429.
	HoldMs    int64 `json:"h"`
	Throttled bool  `json:"t,omitempty"`
	// Cold is in how many runs in a row all environments were new, and Calm in how many none was and all answered.
	Cold int `json:"n,omitempty"`
	Calm int `json:"q,omitempty"`
}

const (
	// keepTraces is how long a trace is kept of what is pinged no more.
	keepTraces = 7 * setting.Day
	// mostTraces is how many characters of them fit into an item beside the rest: it may have 400 KB.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
	mostTraces = 300_000
)

func (t trace) hold() time.Duration { return time.Duration(t.HoldMs) * time.Millisecond }

// remembered are the traces as they are written: without those that are old, and the oldest where all are too many.
func remembered(traces map[string]trace, now time.Time) (string, error) {
	kept := map[string]trace{}
	for name, t := range traces {
		if now.Sub(time.Unix(t.At, 0)) < keepTraces {
			kept[name] = t
		}
	}
	for {
		text, err := json.Marshal(kept)
		if err != nil || len(text) <= mostTraces {
			return string(text), err
		}
		byAge := slices.SortedFunc(maps.Keys(kept), func(a, b string) int { return int(kept[a].At - kept[b].At) })
		for _, name := range byAge[:len(byAge)/8+1] {
			delete(kept, name)
		}
	}
}

// looks are those that are written, without old ones.
func looks(looked map[string]int64, now time.Time) (string, error) {
	kept := map[string]int64{}
	for name, at := range looked {
		if now.Sub(time.Unix(at, 0)) < keepLooks {
			kept[name] = at
		}
	}
	text, err := json.Marshal(kept)
	return string(text), err
}
