package janitor

import (
	"net/http"
	"strings"
	"testing"

	"caretaker/internal/emulator/lambdasim"
)

func TestEveryPage_endsWhenTokensGoRoundInACircle(t *testing.T) {
	for _, circle := range []string{"a", "ab", "abc", "abcdefgh"} {
		for _, lead := range []string{"", "x", "xyz"} {
			fetched := 0
			err := everyPage(func(*string) (*string, error) {
				fetched++
				if fetched > 1000 {
					t.Fatalf("%q after %q goes on for ever", circle, lead)
				}
				token := (lead + strings.Repeat(circle, 1000))[fetched-1 : fetched]
				return &token, nil
			})
			if err == nil {
				t.Errorf("%q after %q passes for a whole list", circle, lead)
			}
		}
	}
}

func TestEveryPage_readsLongLists(t *testing.T) {
	fetched := 0
	err := everyPage(func(*string) (*string, error) {
		fetched++
		token := strings.Repeat("x", 5000-fetched)
		return &token, nil
	})
	if err != nil || fetched != 5000 {
		t.Errorf("%d pages, then %v", fetched, err)
	}
}

func TestHandle_deletesNothingWhenAListDoesNotEnd(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.ListFunctions", pages(`{"Functions":[],"NextMarker":"a"}`, `{"Functions":[],"NextMarker":"b"}`, `{"Functions":[],"NextMarker":"a"}`,
		`{"Functions":[],"NextMarker":"b"}`, `{"Functions":[],"NextMarker":"a"}`, `{"Functions":[],"NextMarker":"b"}`, `{}`))
	_, _, err := w.handle(t.Context(), earnest(), Options{})
	if err == nil || !strings.Contains(err.Error(), "the list does not end") {
		t.Errorf("the error is %v", err)
	}
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
	if err == nil || !strings.Contains(err.Error(), "listing functions") || w.VersionCount() != 80 {
		t.Errorf("%d versions are left, the error is %v", w.VersionCount(), err)
	}
	if got := w.called("Lambda.ListFunctions"); got != 6 {
		t.Errorf("%d attempts were made, not one and then five", got)
	}
}

func TestHandle_leavesPublishedLatestAlone(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	arn := lambdasim.ARN("orders", "")
	w.on("Lambda.ListFunctions", always(`{"Functions":[
		{"FunctionName":"orders","FunctionArn":"`+arn+`:$LATEST","Version":"$LATEST","LastModified":"2026-06-01T12:00:00.000+0000"},
		{"FunctionName":"orders","FunctionArn":"`+arn+`:$LATEST.PUBLISHED","Version":"$LATEST.PUBLISHED","LastModified":"2026-06-01T12:00:00.000+0000"},
		{"FunctionName":"orders","FunctionArn":"`+arn+`:1","Version":"1","LastModified":"2026-06-01T12:00:00.000+0000"}]}`))
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil || report.Versions != 1 {
		t.Errorf("%d versions were looked at, the error is %v", report.Versions, err)
	}
}
