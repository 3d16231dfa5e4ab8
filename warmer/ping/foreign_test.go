package ping

import (
	"strings"
	"testing"

	"caretaker/internal/want"
)

// What the warmer sends for a library, the middleware takes for that library's ping and for no other's.
func TestForeign_isAPingOfItsLibraryAlone(t *testing.T) {
	want.Equal(t, "libraries", len(Libraries()), len(foreign))
	for _, library := range Libraries() {
		for _, index := range []int{0, 499} {
			event := Foreign(library, index)
			answered(t, warm().Wrap(nil, Accept(library)), event)
			if strings.Contains(string(event), "INDEX") || len(event) == 0 {
				t.Errorf("%s: %s", library, event)
			}
			// A number over 1 under these names would have the function send pings itself.
			if strings.Contains(string(event), `"concurrency"`) && !strings.Contains(string(event), `"concurrency":1,`) {
				t.Errorf("%s: %s asks for more pings", library, event)
			}
			var next noted
			if _, err := warm().Wrap(&next).Invoke(t.Context(), event); err != nil || len(next.events) != 1 {
				t.Errorf("%s: without being named it is no ping: %v, %d events", library, err, len(next.events))
			}
		}
	}
	if event := Foreign("absent", 1); len(event) > 0 {
		t.Errorf("a library that there is not: %s", event)
	}
}
