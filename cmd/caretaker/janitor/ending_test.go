package janitor

import "testing"

func TestPlainly_saysWhatAWSAnswered(t *testing.T) {
	const got = "reading: operation error Lambda: ListFunctions, https response error StatusCode: 403, RequestID: 1-2, api error AccessDeniedException: not authorized"
	if want := "reading: AccessDeniedException: not authorized"; plainly(got) != want {
		t.Errorf("got %q, want %q", plainly(got), want)
	}
}
