package ping

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"caretaker/internal/want"
)

// answered sends a ping to the middleware and reads the answer.
func answered(t *testing.T, h Handler, event []byte) Pong {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := h.Invoke(ctx, event)
	if err != nil {
		t.Fatal(err)
	}
	pong, err := Read(answer)
	if err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return pong
}

func TestRead_takesWhatTheMiddlewareAnswers(t *testing.T) {
	now := time.Now()
	h := Environment{Version: "12", InitType: "on-demand", Began: now.Add(-time.Hour), Ready: now.Add(-time.Hour + 212*time.Millisecond)}.Wrap(nil)
	pong := answered(t, h, Event(0))
	want.Equal(t, "version", pong.Version, "12")
	want.Equal(t, "init type", pong.InitType, "on-demand")
	want.Equal(t, "pings", pong.Pings, 1)
	want.Equal(t, "init, ms", pong.InitMs, 212)
	want.Equal(t, "cold", pong.Cold(), false)
	want.Equal(t, "initialised ahead", pong.Proactive(), true)
	again := answered(t, h, Event(0))
	want.Equal(t, "pings", again.Pings, 2)
	want.Equal(t, "environment", again.Environment, pong.Environment)
	want.Equal(t, "initialised ahead", again.Proactive(), false)
}

func TestEvent_asksForNoHoldThatTheMiddlewareRefuses(t *testing.T) {
	for hold, says := range map[time.Duration]string{
		-time.Second:                           `{"caretakerPing":{"protocol":1,"holdMs":0}}`,
		750*time.Millisecond + time.Nanosecond: `{"caretakerPing":{"protocol":1,"holdMs":750}}`,
		time.Hour:                              `{"caretakerPing":{"protocol":1,"holdMs":10000}}`,
	} {
		want.Equal(t, hold.String(), string(Event(hold)), says)
	}
}

func TestRead_refusesWhatIsNoAnswer(t *testing.T) {
	const good = `{"caretakerPong":{"protocol":1,"environment":"a1","version":"$LATEST","initType":"","pings":1,"requests":0,"initMs":0,"sinceInitMs":0,"arrivedMs":1,"heldMs":0,"sinceRequestMs":null}}`
	if _, err := Read([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]string{
		"nothing":                 ``,
		"null":                    `null`,
		"a string":                `"pong"`,
		"an array":                `[` + good + `]`,
		"not JSON":                good[:len(good)-1],
		"6 MB":                    `"` + strings.Repeat("x", 6<<20) + `"`,
		"an answer among others":  strings.Replace(good, `{`, `{"statusCode":200,`, 1),
		"an answer of white room": good + strings.Repeat(" ", largestAnswer),
		"the ping itself":         string(Event(0)),
		"no id":                   strings.Replace(good, `"a1"`, `""`, 1),
		"an id with a line break": strings.Replace(good, `"a1"`, `"a\n1"`, 1),
		"a long id":               strings.Replace(good, `"a1"`, `"`+strings.Repeat("a", 65)+`"`, 1),
		"an id that is a number":  strings.Replace(good, `"a1"`, `1`, 1),
		"no ping at all":          strings.Replace(good, `"pings":1`, `"pings":0`, 1),
		"a negative hold":         strings.Replace(good, `"heldMs":0`, `"heldMs":-1`, 1),
		"a hold beyond all":       strings.Replace(good, `"heldMs":0`, `"heldMs":1e400`, 1),
		"half a protocol":         strings.Replace(good, `"protocol":1`, `"protocol":1.5`, 1),
		"protocol 0":              strings.Replace(good, `"protocol":1`, `"protocol":0`, 1),
		"a protocol in quotes":    strings.Replace(good, `"protocol":1`, `"protocol":"1"`, 1),
		"no protocol":             strings.Replace(good, `"protocol":1,`, ``, 1),
		"nothing in it":           `{"caretakerPong":null}`,
	} {
		if pong, err := Read([]byte(answer)); !errors.Is(err, ErrNoPong) || pong != (Pong{}) {
			t.Errorf("%s: got %+v and %v", name, pong, err)
		}
	}
	var other OtherProtocolError
	if _, err := Read([]byte(strings.Replace(good, `"protocol":1`, `"protocol":2,"more":[]`, 1))); !errors.As(err, &other) || other.Version != 2 {
		t.Errorf("another protocol: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"caretakerPong":{"protocol":1,"environment":"a1","pings":1}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		pong, err := Read(answer)
		if err != nil && pong != (Pong{}) {
			t.Errorf("an error with %+v", pong)
		}
		if err == nil && (pong.Environment == "" || strings.ContainsAny(pong.Environment+pong.Version+pong.InitType, "\r\n\"\x1b ")) {
			t.Errorf("not safe in a log: %+v", pong)
		}
	})
}
