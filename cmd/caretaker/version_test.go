package main

import (
	"runtime/debug"
	"testing"

	"caretaker/internal/want"
)

func TestVersionOf_namesTheCommit(t *testing.T) {
	for _, test := range []struct{ module, commit, want string }{
		{"(devel)", "70aaf66ab123 of 2026-11-29", "caretaker (devel) commit 70aaf66ab123 of 2026-11-29"},
		{"v0.0.0-20261130043000-70aaf66ab123+dirty", "70aaf66ab123 of 2026-11-29 with changes", "caretaker (devel) commit 70aaf66ab123 of 2026-11-29 with changes"},
		{"v1.2.0+dirty", "70aaf66ab123 of 2026-11-29 with changes", "caretaker v1.2.0 commit 70aaf66ab123 of 2026-11-29 with changes"},
		{"v1.2.0", "", "caretaker v1.2.0"},
		{"", "", "caretaker (devel)"},
	} {
		if got := versionOf(test.module, test.commit); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

// As go install ./cmd/caretaker writes it down.
func TestRecorded_isTheCommitThatGoFound(t *testing.T) {
	settings := []debug.BuildSetting{
		{Key: "vcs", Value: "git"},
		{Key: "vcs.revision", Value: "70aaf66ab123d0c5a1b2c3d4e5f60718293a4b5c"},
		{Key: "vcs.time", Value: "2026-11-29T20:38:17Z"},
		{Key: "vcs.modified", Value: "true"},
	}
	want.Equal(t, "the commit", recorded(settings), "70aaf66ab123 of 2026-11-29 with changes")
	want.Equal(t, "the commit without git", recorded(nil), "")
}
