package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"caretaker/internal/want"
)

// A run that is killed after any of its calls leaves a state from which the next goes on: whether its
// payload is delivered, parked, or comes back from the bucket, with poison in it.
func TestRun_mayBeKilledAfterAnyCall(t *testing.T) {
	for name, c := range map[string]struct {
		names, away []string
		calls       int
	}{
		"while it delivers":               {[]string{""}, nil, 12},
		"while it parks":                  {[]string{""}, []string{""}, 12},
		"while it delivers to two":        {[]string{"a", "b"}, nil, 20},
		"while it parks for one of two":   {[]string{"a", "b"}, []string{"b"}, 24},
		"while it parks for both of them": {[]string{"a", "b"}, []string{"a", "b"}, 24},
		"while it parks for two of three": {[]string{"a", "b", "c"}, []string{"a", "c"}, 30},
	} {
		for call := range c.calls {
			t.Run(fmt.Sprintf("%s, after call %d", name, call), func(t *testing.T) {
				w := newWorld(t.Context(), rand.New(rand.NewPCG(7, 7)), Options{})
				w.calm, w.events, w.stream.records, w.calls = w.clock, nil, nil, nil // nothing goes wrong by chance
				w.nodes = nil
				for _, name := range c.names {
					w.addNode(name)
				}
				want.NoError(t, "starting", w.start())
				for _, id := range []string{"1", "2", "3"} {
					w.events = append(w.events, event{id: fmt.Sprintf("%056s", id), kind: map[bool]kind{true: poison}[id == "2"]})
				}
				for _, n := range w.nodes {
					n.poison[w.events[1].id] = true
				}
				text := `{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/orders","logStream":"s","logEvents":[`
				for i, one := range w.events {
					text += fmt.Sprintf(`%s{"id":%q,"timestamp":1764400000000,"message":"m"}`, map[bool]string{true: ","}[i > 0], one.id)
				}
				brought := json.RawMessage(`{"awslogs":{"data":"` + encoded(text+`]}`) + `"}}`)

				for _, n := range w.nodes {
					n.away = slices.Contains(c.away, n.name)
				}
				w.killAfter(call, brought)
				w.invoke(brought) // Lambda brings it again
				for _, n := range w.nodes {
					n.away = false
				}
				for range 200 {
					w.clock = w.clock.Add(15 * time.Minute)
					w.stack.deliver()
				}
				w.judge()
				want.Equal(t, "events lost", w.outcome.Lost, 0)
				want.Equal(t, "events twice", w.outcome.Twice, 0)
				want.Equal(t, "delivered", w.outcome.Delivered, 2*len(w.nodes))
				want.Equal(t, "dead letters", w.outcome.DeadLettered, len(w.nodes))
			})
		}
	}
}
