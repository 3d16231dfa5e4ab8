package main

import "testing"

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
