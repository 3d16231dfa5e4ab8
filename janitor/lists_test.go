package janitor

import (
	"fmt"
	"net/http"
	"testing"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

func TestHandle_deletesNothingWhenAListDoesNotEnd(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.ListFunctions", pages(`{"Functions":[],"NextMarker":"a"}`, `{"Functions":[],"NextMarker":"b"}`, `{"Functions":[],"NextMarker":"a"}`,
		`{"Functions":[],"NextMarker":"b"}`, `{"Functions":[],"NextMarker":"a"}`, `{"Functions":[],"NextMarker":"b"}`, `{}`))
	_, _, err := w.handle(t.Context(), earnest(), Options{})
	want.Says(t, "the error", fmt.Sprint(err), "the list does not end")
}

func TestHandle_deletesNothingWhenTheSecondPageFails(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 80))
	w.on("Lambda.ListFunctions", func(n int, _ string) (int, string) {
		if n > 1 {
			return http.StatusInternalServerError, "ServiceException"
		}
		return 0, ""
	})
	_, _, err := w.handle(t.Context(), earnest(), Options{})
	want.Says(t, "the error", fmt.Sprint(err), "listing functions")
	want.Equal(t, "versions left", w.VersionCount(), 80)
	want.Equal(t, "attempts, one for the first page and five for the second", w.called("Lambda.ListFunctions"), 6)
}

func TestHandle_leavesPublishedLatestAlone(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	arn := lambdasim.ARN("orders", "")
	w.on("Lambda.ListFunctions", always(`{"Functions":[
		{"FunctionName":"orders","FunctionArn":"`+arn+`:$LATEST","Version":"$LATEST","LastModified":"2026-06-01T12:00:00.000+0000"},
		{"FunctionName":"orders","FunctionArn":"`+arn+`:$LATEST.PUBLISHED","Version":"$LATEST.PUBLISHED","LastModified":"2026-06-01T12:00:00.000+0000"},
		{"FunctionName":"orders","FunctionArn":"`+arn+`:1","Version":"1","LastModified":"2026-06-01T12:00:00.000+0000"}]}`))
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	want.NoError(t, "the run", err)
	want.Equal(t, "versions looked at", report.Versions, 1)
}
