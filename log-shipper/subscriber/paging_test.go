package subscriber

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"caretaker/internal/emulator/paging"
)

func TestHandle_readsEveryListToItsEnd(t *testing.T) {
	part := paging.Part{
		Folder: ".", Clients: reflect.TypeFor[Clients](),
		Enough: map[string]string{"DescribeLogGroups": "the one that is looked for was found"},
	}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		w := everyList(t)
		cutter.Attach(&w.config)
		planned, failing := w.subscriber().Run(t.Context(), Event{DryRun: true}) // which takes no last look
		report, single := w.subscriber().Handle(t.Context(), w.created("/aws/lambda/made"))
		result, err := w.subscriber().Run(t.Context(), Event{})
		text, failed := json.Marshal(map[string]any{"planned": planned.Decisions, "made": report, "decisions": result.Decisions, "errors": fmt.Sprint(failing, err, single, result.Failures)})
		w.must("encoding what came", failed)
		return strings.ReplaceAll(string(text), w.account, "ACCOUNT")
	})
}

// everyList is a Region in which something depends on the second item of each list: a group, its tag,
// and its filters.
func everyList(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.group("/aws/lambda/a")
	w.group("/aws/lambda/b", "team", "shop")
	w.group("/aws/lambda/c", "caretaker:logs", "off")
	full := w.group("/aws/lambda/d")
	w.filter(full, "audit", security)
	w.filter(full, "caretaker-prod", w.options.Target.Destination)
	w.group("/aws/lambda/made")
	return w
}
