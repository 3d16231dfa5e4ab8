package warmer

import (
	"testing"

	"caretaker/internal/want"
)

func TestSplit_givesEachVersionItsShare(t *testing.T) {
	live := Ref{"checkout", "live"}
	for name, c := range map[string]struct {
		warm    map[string]int
		weights map[string]float64
		want    map[Ref]map[string]int
	}{
		"one version":      {map[string]int{"always": 2}, nil, map[Ref]map[string]int{live: {"always": 2}}},
		"a tenth of 20":    {map[string]int{"always": 20}, map[string]float64{"12": 0.1, "11": 0.9}, map[Ref]map[string]int{{"checkout", "11"}: {"always": 18}, {"checkout", "12"}: {"always": 2}}},
		"half of one":      {map[string]int{"always": 1}, map[string]float64{"12": 0.5, "11": 0.5}, map[Ref]map[string]int{{"checkout", "11"}: {"always": 1}, {"checkout", "12"}: {"always": 1}}},
		"nothing yet":      {map[string]int{"always": 3}, map[string]float64{"12": 0, "11": 1}, map[Ref]map[string]int{{"checkout", "11"}: {"always": 3}}},
		"all but a little": {map[string]int{"always": 3}, map[string]float64{"12": 1 - 1e-12, "11": 1e-12}, map[Ref]map[string]int{{"checkout", "12"}: {"always": 3}}},
		"in each window": {
			map[string]int{"always": 2, "office": 30},
			map[string]float64{"12": 0.3, "11": 0.7},
			map[Ref]map[string]int{{"checkout", "11"}: {"always": 2, "office": 21}, {"checkout", "12"}: {"always": 1, "office": 9}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			wishes, shares := split([]Wish{{Ref: live, Warm: c.warm, By: ByFile}}, map[Ref]Reading{live: {Weights: c.weights}})
			got := map[Ref]map[string]int{}
			for _, wish := range wishes {
				got[wish.Ref] = wish.Warm
			}
			want.Equal(t, "the wishes", got, c.want)
			if c.weights != nil && len(shares) != len(got) {
				t.Errorf("the shares are %v", shares)
			}
		})
	}
}

// A version that is listed by its number as well has the higher of both counts.
func TestSplit_heedsAVersionThatIsListedToo(t *testing.T) {
	live, listed := Ref{"checkout", "live"}, Ref{"checkout", "11"}
	wishes, shares := split([]Wish{{Ref: listed, Warm: map[string]int{"always": 1, "office": 40}}, {Ref: live, Warm: map[string]int{"always": 10}}},
		map[Ref]Reading{live: {Weights: map[string]float64{"11": 0.5, "12": 0.5}}})
	want.Equal(t, "wishes", len(wishes), 2)
	want.Equal(t, "the listed one", wishes[0], Wish{Ref: listed, Warm: map[string]int{"always": 5, "office": 40}})
	want.Equal(t, "its share", shares[listed], "50% of the calls of checkout:live")
}
