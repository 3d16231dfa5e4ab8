package limitraiser

import (
	"strings"
	"testing"
	"time"

	"caretaker/internal/setting"
	"caretaker/internal/want"
)

func TestEarly_isAnAlarmBelowWhatTheHeadroomLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		above, headroom setting.Percent
		want            string
	}{
		"as shipped":                    {80, 30, ""},
		"at the very share":             {80, 25, ""},
		"a bit too low":                 {75, 30, "with 30% headroom nothing is raised below 77%: write alarmAbove: 77% or more, or sizing.headroom: 34% or more"},
		"far too low":                   {60, 30, "nothing is raised below 77%: write alarmAbove: 77% or more, or sizing.headroom: 67% or more"},
		"so low that no headroom helps": {40, 30, "nothing is raised below 77%: write alarmAbove: 77% or more"},
		"without headroom":              {90, 0, "with 0% headroom nothing is raised below 100%: write alarmAbove: 100% or more, or sizing.headroom: 12% or more"},
		"no alarm":                      {0, 30, ""},
	} {
		got := early(c.above, Sizing{ToDemand: true, Headroom: c.headroom})
		if !strings.HasSuffix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: it says %q, want it to end with %q", name, got, c.want)
		}
		want.Equal(t, name+", by percent alone", early(c.above, Sizing{Percent: 50, Headroom: c.headroom}), "")
	}
}

// 33 of 50 writes are in use, the alarm calls above 60%, and headroom asks for 43.
func TestEpisode_tellsOfAnAlarmThatCallsTooEarly(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.AlarmAbove, s.cfg.Sizing.Headroom = 60, 30
	event := s.theEvent()
	for range 6 {
		s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 33*60, 1, map[string]string{"TableName": s.table})
		report, err := s.handle(event)
		ran(report, err).decides(t, Decision{Outcome: Met})
		s.pass(5 * time.Minute)
		event = s.look()
	}
	s.wantWrites(50, 0)
	if told := s.wantTold(1, "calls above 60%: with 30% headroom nothing is raised below 77%"); strings.Contains(told, "hot key") {
		t.Errorf("people are told of a hot key, where the alarm calls too early:\n%s", told)
	}
}
