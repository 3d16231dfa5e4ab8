package limitraiser

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLoad_endsWithItsLastDatapointUnlessThatLasts(t *testing.T) {
	old, recent := Sample{At: noon.Add(-time.Hour), Consumed: 60}, Sample{At: noon, Consumed: 6}
	for name, c := range map[string]struct {
		all   []Sample
		lasts bool
		want  []Sample
	}{
		"busy":               {[]Sample{old, recent}, false, []Sample{recent}},
		"idle":               {[]Sample{old}, false, []Sample{{At: noon}}},
		"without metrics":    {nil, false, nil},
		"a count, just now":  {[]Sample{old, recent}, true, []Sample{recent}},
		"a count, earlier":   {[]Sample{old}, true, []Sample{old}},
		"a count, never yet": {nil, true, nil},
	} {
		if diff := cmp.Diff(c.want, load{lasts: c.lasts}.recent(c.all, noon)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
