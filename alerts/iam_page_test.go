package alerts

import (
	"testing"

	"caretaker/internal/iam"
	"caretaker/internal/iam/iamtest"
	"caretaker/internal/want"
)

// docs/alerts-iam.md is written by hand, for the reasons in it. It must not say anything else than what is
// granted.
func TestIAMPage_saysWhatIsGranted(t *testing.T) {
	granted, without := map[string]string{}, Default()
	without.Quotas.Enabled = false
	composites := without
	patterns := without
	patterns.LogPatterns = []LogPattern{{Functions: []string{"<function>"}}}
	for _, statement := range Statements(patterns, "<stage>") {
		note(granted, statement, "alerts.logPatterns")
	}
	composites.Composites.Enabled = true
	for _, statement := range Statements(composites, "<stage>") {
		note(granted, statement, "alerts.composites.enabled")
	}
	for _, statement := range Statements(Default(), "<stage>") {
		if _, is := granted[statement.Actions[0]+" on "+statement.Resources[0]]; !is {
			note(granted, statement, "alerts.quotas.enabled")
		}
	}
	for _, statement := range Statements(without, "<stage>") {
		note(granted, statement, "")
	}
	want.Equal(t, "what docs/alerts-iam.md says is granted", iamtest.Page(t, "../docs/alerts-iam.md"), granted)
}

// note notes what a statement grants, and by which key of the file; empty is always.
func note(granted map[string]string, statement iam.Statement, key string) {
	for _, action := range statement.Actions {
		for _, resource := range statement.Resources {
			granted[action+" on "+resource] = key
		}
	}
}
