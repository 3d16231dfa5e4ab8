package janitor

import (
	"slices"
	"strings"
	"testing"

	"caretaker/internal/iam"
	"caretaker/internal/iam/iamtest"
	"caretaker/internal/want"
)

// docs/janitor-iam.md is written by hand, for the reasons in it. It must not say anything else than
// what is granted.
func TestIAMPage_saysWhatIsGranted(t *testing.T) {
	said := iamtest.Page(t, "../docs/janitor-iam.md")
	cfg := Default()
	granted := map[string]string{}
	for _, scan := range scans {
		add(granted, scan.grants, scan.key)
	}
	add(granted, Statements(cfg), "")
	want.Equal(t, "what docs/janitor-iam.md says is granted", said, granted)
}

// add notes statements as the page writes them. A key is added to those that are there.
func add(granted map[string]string, statements []iam.Statement, key string) {
	short := strings.NewReplacer("arn:${Partition}:apigateway:${Region}::", "${Gateway}")
	for _, statement := range statements {
		for _, action := range statement.Actions {
			for _, resource := range statement.Resources {
				service, _, _ := strings.Cut(action, ":")
				resource = strings.Replace(short.Replace(resource), "arn:${Partition}:"+service+":${Region}:${Account}", "${Here}", 1)
				grant := action + " on " + resource
				keys := strings.FieldsFunc(granted[grant]+", "+key, func(r rune) bool { return r == ',' || r == ' ' })
				slices.Sort(keys)
				granted[grant] = strings.Join(slices.Compact(keys), ", ")
			}
		}
	}
}
