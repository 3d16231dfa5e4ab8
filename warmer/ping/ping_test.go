package ping

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"caretaker/internal/want"
)

// The clock is a simulated one in these tests, so that holds take exactly as long as they should.

// cold is an environment whose init ended just now and took so long.
func cold(init time.Duration) Environment {
	return Environment{Began: time.Now().Add(-init), Ready: time.Now()}
}

// warm is one whose init was a while ago.
func warm() Environment {
	return Environment{Began: time.Now().Add(-time.Hour), Ready: time.Now().Add(-time.Hour)}
}

func TestHold_endsWithTheTimeLeftAndNeverPastHalfOfTheCalls(t *testing.T) {
	for name, c := range map[string]struct {
		environment func() Environment
		hold, left  time.Duration
		want        time.Duration
	}{
		"warm":                                  {warm, 750 * time.Millisecond, 10 * time.Second, 750 * time.Millisecond},
		"warm, no hold":                         {warm, 0, 10 * time.Second, 0},
		"past half of the call":                 {warm, 5 * time.Second, 3 * time.Second, 1500 * time.Millisecond},
		"the longest hold":                      {warm, 10 * time.Second, 15 * time.Minute, 10 * time.Second},
		"cold, late by its init":                {func() Environment { return cold(200 * time.Millisecond) }, 750 * time.Millisecond, 10 * time.Second, 550 * time.Millisecond},
		"cold, later than all":                  {func() Environment { return cold(3 * time.Second) }, 750 * time.Millisecond, 10 * time.Second, 0},
		"first call, initialised ahead by AWS":  {warm, 750 * time.Millisecond, 10 * time.Second, 750 * time.Millisecond},
		"cold, past half of the call by itself": {func() Environment { return cold(time.Second) }, 5 * time.Second, 3 * time.Second, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := c.environment().Wrap(nil)
				ctx, cancel := context.WithTimeout(t.Context(), c.left)
				defer cancel()
				began := time.Now()
				answer, err := h.Invoke(ctx, Event(c.hold))
				if err != nil {
					t.Fatal(err)
				}
				pong, err := Read(answer)
				if err != nil {
					t.Fatal(err)
				}
				want.Equal(t, "the time until the answer", time.Since(began), c.want)
				want.Equal(t, "the hold that it says, ms", pong.HeldMs, c.want.Milliseconds())
			})
		})
	}
}

// Only the first call has waited for the init.
func TestHold_isShortenedByTheInitOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, first := range map[string][]byte{"a ping": Event(0), "a real event": []byte("{}")} {
			h := cold(300 * time.Millisecond).Wrap(&noted{})
			if _, err := h.Invoke(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			want.Equal(t, "the hold after "+name+", ms", answered(t, h, Event(400*time.Millisecond)).HeldMs, 400)
		}
	})
}

func TestHold_endsWithItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		time.AfterFunc(100*time.Millisecond, cancel)
		began := time.Now()
		if _, err := warm().Wrap(nil).Invoke(ctx, Event(5*time.Second)); err != nil {
			t.Fatal(err)
		}
		want.Equal(t, "the time until the answer", time.Since(began), 100*time.Millisecond)
	})
}

func TestPong_tellsOfTheLastRealEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := warm().Wrap(&noted{})
		if pong := answered(t, h, Event(0)); pong.SinceRequestMs != nil || pong.Requests != 0 {
			t.Errorf("before any real event: %+v", pong)
		}
		for range 3 {
			if _, err := h.Invoke(t.Context(), []byte("{}")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4100 * time.Millisecond)
		}
		pong := answered(t, h, Event(0))
		if pong.SinceRequestMs == nil || *pong.SinceRequestMs != 4100 || pong.Requests != 3 || pong.Pings != 2 {
			t.Errorf("after three, the last 4.1 s ago: %+v", pong)
		}
	})
}

// Lambda Managed Instances give an environment many calls at a time.
func TestWrap_countsCallsThatOverlap(t *testing.T) {
	h := warm().Wrap(lambda.NewHandler(func() error { return nil }))
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() { answered(t, h, Event(0)) })
		calls.Go(func() {
			if _, err := h.Invoke(t.Context(), []byte("{}")); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	pong := answered(t, h, Event(0))
	want.Equal(t, "pings", pong.Pings, 51)
	want.Equal(t, "real events", pong.Requests, 50)
}

// order is what a typed handler makes of an event; a ping would be an order without a number.
type order struct {
	Number int `json:"number"`
}

func TestWrap_keepsPingsFromATypedHandler(t *testing.T) {
	var got []order
	h := warm().Wrap(lambda.NewHandler(func(_ context.Context, o order) (order, error) {
		got = append(got, o)
		if o.Number == 13 {
			return o, errors.New("no such order")
		}
		return o, nil
	}))
	answered(t, h, Event(0))
	answer, err := h.Invoke(t.Context(), []byte(`{"number":7}`))
	if err != nil || string(answer) != `{"number":7}` {
		t.Errorf("the handler's answer is %s and %v", answer, err)
	}
	if _, err := h.Invoke(t.Context(), []byte(`{"number":13}`)); err == nil || err.Error() != "no such order" {
		t.Errorf("the handler's error is %v", err)
	}
	if _, err := h.Invoke(t.Context(), []byte(`{bad`)); err == nil {
		t.Error("bad JSON is no error of the handler's any more")
	}
	want.Equal(t, "what the handler got", got, []order{{7}, {13}})
}

func TestAnswer_isForHandlersThatStream(t *testing.T) {
	handler := lambda.NewHandler(func(ctx context.Context, event json.RawMessage) (any, error) {
		if pong, is := Answer(ctx, event); is {
			return json.RawMessage(pong), nil
		}
		return strings.NewReader("streamed: " + string(event)), nil
	})
	answered(t, handler, Event(0))
	answer, err := handler.Invoke(t.Context(), []byte(`{"order":7}`))
	if err != nil || string(answer) != `streamed: {"order":7}` {
		t.Errorf("a real event is answered with %s and %v", answer, err)
	}
}

func TestAccept_refusesANameThatItDoesNotKnow(t *testing.T) {
	defer func() {
		want.Says(t, "the panic", recover().(string), `"lambda-warmr" is not allowed`, "lambda-warmer, lambda-warmer-go")
	}()
	Accept("opennext", "lambda-warmr")
}

func TestWrap_costsARealEventNoAllocation(t *testing.T) {
	h := warm().Wrap(silent{})
	for name, event := range map[string][]byte{
		"a small one":        []byte(`{"number":7}`),
		"one of 4 KB":        []byte(`{"body":"` + strings.Repeat("x", 4<<10) + `"}`),
		"one of 1 MB":        []byte(`{"body":"` + strings.Repeat("x", 1<<20) + `"}`),
		"nearly a ping":      []byte(`{"caretakerPong":{"protocol":1}}`),
		"a large near-ping":  []byte(`{"caretakerPing":{"protocol":1,"more":"` + strings.Repeat("x", 1<<20) + `"}}`),
		"nothing but spaces": bytes.Repeat([]byte(" "), 1024),
	} {
		allocations := testing.AllocsPerRun(100, func() {
			if _, err := h.Invoke(t.Context(), event); err != nil {
				t.Fatal(err)
			}
		})
		want.Equal(t, "allocations of "+name, allocations, 0)
	}
}

// silent is a handler that does nothing.
type silent struct{}

func (silent) Invoke(context.Context, []byte) ([]byte, error) { return nil, nil }

// Whatever comes is either a ping by another reading of the page, or reaches the handler as it is.
func FuzzWrap(f *testing.F) {
	for _, seed := range []string{
		`{"caretakerPing":{"protocol":1,"holdMs":30}}`, ` { "caretakerPing" : { "protocol" : 1 } } `, `{"caretakerPing":{"protocol":1},"caretakerPing":{}}`,
		`{"warmer":true}`, `[{"warmer":true}]`, `{}`, `"#warmup"`, `null`, ``, `{bad`, `{"caretakerPing":{"protocol":1e400}}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	var all []string
	for library := range foreign {
		all = append(all, library)
	}
	f.Fuzz(func(t *testing.T, event []byte, accepting bool) {
		var next noted
		var options []Option
		if accepting {
			options = append(options, Accept(all...))
		}
		was := bytes.Clone(event)
		answer, err := warm().Wrap(&next, options...).Invoke(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if len(next.events) == 1 && bytes.Equal(next.events[0], was) {
			return
		}
		if _, err := Read(answer); err != nil || len(next.events) != 0 || len(event) > 1024 || !json.Valid(event) || !accepting && !isPing(was) {
			t.Errorf("%q is answered with %s and reaches the handler as %q", was, answer, next.events)
		}
	})
}

// isPing reads an event as a program without any care for speed does.
func isPing(event []byte) bool {
	var outer map[string]any
	if json.Unmarshal(event, &outer) != nil || len(outer) != 1 {
		return false
	}
	ping, _ := outer["caretakerPing"].(map[string]any)
	protocol, _ := ping["protocol"].(float64)
	return protocol >= 1 && protocol <= 1000 && protocol == float64(int(protocol))
}
