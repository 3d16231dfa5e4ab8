package bulk_test

import (
	"net/http"
	"strings"
	"testing"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
)

func TestFind_findsAnyValueOfAnObjectAndTheNewestFirst(t *testing.T) {
	standIn, err := opensearch.StartStandIn(t.Context())
	want.NoError(t, "starting the stand-in", err)
	t.Cleanup(standIn.Stop)
	for name, service := range map[string]opensearch.Service{"the stand-in": standIn, "where there is one, the node": sharedService(t)} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, service)
			w.options.DataStream = "logs-find"
			w.setup()
			findsAll(t, w)
		})
	}
}

func findsAll(t *testing.T, w *world) {
	lines := `{"create":{"_id":"1"}}
{"@timestamp":"2026-11-29T10:00:00.000Z","message":"first","correlation":{"id":"order-1","user":"u-7"}}
{"create":{"_id":"2"}}
{"@timestamp":"2026-11-29T10:00:02.000Z","message":"third","correlation":{"order":"order-1"}}
{"create":{"_id":"3"}}
{"@timestamp":"2026-11-29T10:00:01.000Z","message":"second","correlation":{"id":"order-2"},"faas.execution":"order-1"}
`
	call(t, w.service, http.MethodPost, "/"+w.options.DataStream+"/_bulk?refresh=true", lines)
	d := destination(t, w.options)
	for _, test := range []struct {
		field, value string
		want         string
	}{
		{"correlation", "order-1", "2 1"},
		{"correlation", "u-7", "1"},
		{"correlation.id", "order-2", "3"},
		{"faas.execution", "order-1", "3"},
		{"correlation", "order-9", ""},
	} {
		found, err := d.Find(t.Context(), test.field, test.value, 100)
		want.NoError(t, "searching", err)
		var ids []string
		for _, one := range found {
			ids = append(ids, one.ID)
		}
		want.Equal(t, "the documents with "+test.field+" "+test.value, strings.Join(ids, " "), test.want)
	}
	found, err := d.Find(t.Context(), "correlation", "order-1", 1)
	want.NoError(t, "searching", err)
	want.Equal(t, "documents, one at most", len(found), 1)
	want.Says(t, "the newest", string(found[0].Source), `"message":"third"`)
}

func TestFind_saysWhereItSearchedInVain(t *testing.T) {
	w := newWorld(t)
	w.options.DataStream = "absent"
	_, err := destination(t, w.options).Find(t.Context(), "correlation", "x", 1)
	want.Says(t, "the error", errText(err), "searching absent at ")
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
