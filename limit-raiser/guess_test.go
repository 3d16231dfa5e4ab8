package limitraiser

import (
	"encoding/json"
	"testing"
	"time"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// There is not one request, and never was, so that CloudWatch has no metrics of the table.
func TestEpisode_takesOneStepWithoutMetricsAndSaysSo(t *testing.T) {
	s := throttledWrites(t)
	event := s.theEvent()
	for step := range 6 {
		report, err := s.handle(event)
		reason := map[bool]Reason{true: IsShort, false: NoMetrics}[step == 0]
		ran(report, err).decides(t, Decision{Reason: reason}, "step ", step)
		ran(report, err).wants(t, counts{"looks sent": 1}, "step ", step)
		s.pass(5 * time.Minute)
		event = s.look()
	}
	s.wantWrites(75, 1)
	if told := s.received(s.inbox); want.Equal(t, "messages to people", len(told), 2) {
		want.Says(t, "the second message", told[1], string(NoMetrics))
	}

	// Metrics that come later count, and another episode may take a step of its own.
	s.full()
	report, err := s.handle(event)
	ran(report, err).decides(t, Decision{Outcome: Raised, To: 113}, "with metrics")
}

func TestEpisode_takesAStepWithoutMetricsOfItsOwn(t *testing.T) {
	s := throttledWrites(t)
	for _, writes := range []int64{75, 113} {
		ran(s.handle(s.theEvent())).wants(t, nil)
		if units, _ := s.has(s.table); units.write != writes {
			t.Errorf("the table has %v, want %d writes", units, writes)
		}
		s.pass(time.Hour)
	}
}

// Minutes do not tell of an hour, and AWS grants at once.
func TestQuotas_ofAnHourAreAskedForOnceAnEpisode(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Quotas[0].Max, cfg.Limits.Cooldown = 100, 0
	e := event()
	for range 4 {
		ran(w.raiser(cfg).Handle(t.Context(), e)).wants(t, nil)
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: "APPROVED", At: w.now()})
		w.pass(5 * time.Minute)
		e = w.look()
	}
	w.wantRequest("vpc", vpcs, 8)
}

func TestMemory_isReadAsItWasWrittenBeforeGuessesCounted(t *testing.T) {
	var known record
	err := json.Unmarshal([]byte(`{"raises":["2026-06-20T11:00:00Z"],"goal":8,"goalOf":"one","intent":{"event":"e","decisions":[{"part":{"dimension":"write"},"outcome":"to raise","from":50,"to":75}]}}`), &known)
	want.NoError(t, "reading the record", err)
	want.Equal(t, "the goal of its episode", known.In("one").Goal, 8)
	want.Equal(t, "the raise was a guess", known.guessed(Current{Part: Part{Dimension: Write}, Now: 75}), false)
	want.Equal(t, "the raise that was begun is a guess", known.Intent.Decisions[0].Guess, false)
}

func TestMemory_keepsGuessesToTheirEpisodeAndPart(t *testing.T) {
	write := Current{Part: Part{Dimension: Write}, Now: 75}
	memory := Memory{}.After(Plan{Decisions: []Decision{{Part: write.Part, Outcome: Raised, From: 50, To: 75, Guess: true}}}, "one", noon)
	for name, c := range map[string]struct {
		episode string
		current Current
		want    bool
	}{
		"its own":                       {"one", write, true},
		"another episode's":             {"another", write, false},
		"another part's":                {"one", Current{Part: Part{Dimension: Read}, Now: 75}, false},
		"one of which nothing has come": {"one", Current{Part: write.Part, Now: 50}, false},
	} {
		want.Equal(t, name+": it counts as a guess", memory.In(c.episode).guessed(c.current), c.want)
	}
}
