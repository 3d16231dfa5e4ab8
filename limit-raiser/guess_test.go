package limitraiser

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"caretaker/internal/emulator"
)

// There is not one request, and never was, so that CloudWatch has no metrics of the table.
func TestEpisode_takesOneStepWithoutMetricsAndSaysSo(t *testing.T) {
	s := throttledWrites(t)
	event := s.theEvent()
	for step := range 6 {
		report, err := s.handle(event)
		got := decision(t, report, err)
		if want := map[bool]Reason{true: IsShort, false: NoMetrics}[step == 0]; got.Reason != want || report.LooksSent != 1 {
			t.Errorf("step %d: %+v", step, got)
		}
		s.pass(5 * time.Minute)
		event = s.look()
	}
	s.wantWrites(75, 1)
	if told := s.received(s.inbox); len(told) != 2 || !strings.Contains(told[1], string(NoMetrics)) {
		t.Errorf("people were told %q", told)
	}

	// Metrics that come later count, and another episode may take a step of its own.
	s.full()
	report, err := s.handle(event)
	if got := decision(t, report, err); got.Outcome != Raised || got.To != 113 {
		t.Errorf("with metrics: %+v", got)
	}
}

func TestEpisode_takesAStepWithoutMetricsOfItsOwn(t *testing.T) {
	s := throttledWrites(t)
	for _, want := range []int64{75, 113} {
		if _, err := s.handle(s.theEvent()); err != nil {
			t.Fatal(err)
		}
		if units, _ := s.has(s.table); units.write != want {
			t.Errorf("the table has %v, want %d writes", units, want)
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
		if _, err := w.raiser(cfg).Handle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: "APPROVED", At: w.now()})
		w.pass(5 * time.Minute)
		e = w.look()
	}
	if requests := w.emulator.QuotaRequests("vpc", vpcs); len(requests) != 1 || requests[0].Value != 8 {
		t.Errorf("AWS was asked for %+v", requests)
	}
}

func TestMemory_isReadAsItWasWrittenBeforeGuessesCounted(t *testing.T) {
	var known record
	err := json.Unmarshal([]byte(`{"raises":["2026-06-20T11:00:00Z"],"goal":8,"goalOf":"one","intent":{"event":"e","decisions":[{"part":{"dimension":"write"},"outcome":"to raise","from":50,"to":75}]}}`), &known)
	if err != nil || known.In("one").Goal != 8 || known.guessed(Have{Part: Part{Dimension: Write}, Now: 75}) || known.Intent.Decisions[0].Guess {
		t.Errorf("%+v, %v", known, err)
	}
}

func TestMemory_keepsGuessesToTheirEpisodeAndPart(t *testing.T) {
	write := Have{Part: Part{Dimension: Write}, Now: 75}
	memory := Memory{}.After(Plan{Decisions: []Decision{{Part: write.Part, Outcome: Raised, From: 50, To: 75, Guess: true}}}, "one", noon)
	for name, c := range map[string]struct {
		episode string
		have    Have
		want    bool
	}{
		"its own":                       {"one", write, true},
		"another episode's":             {"another", write, false},
		"another part's":                {"one", Have{Part: Part{Dimension: Read}, Now: 75}, false},
		"one of which nothing has come": {"one", Have{Part: write.Part, Now: 50}, false},
	} {
		if got := memory.In(c.episode).guessed(c.have); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
