package warmer

import (
	"strings"
	"testing"

	"caretaker/internal/iam"
	"caretaker/internal/iam/iamtest"
	"caretaker/internal/want"
)

// docs/warmer-iam.md is written by hand, for the reasons in it. It must not say anything else than what
// is granted.
func TestIAMPage_saysWhatIsGranted(t *testing.T) {
	said := iamtest.Page(t, "../docs/warmer-iam.md")
	want.Equal(t, "what docs/warmer-iam.md says is granted", said, grantedByKey())
}

// grantedByKey are the grants as the page writes them, with the first of these keys that brings each.
func grantedByKey() map[string]string {
	granted := map[string]string{}
	for _, one := range []struct {
		key string
		cfg Config
	}{
		{"", Config{}},
		{"functions", Config{Functions: []Function{{Name: "<name>"}}}},
		{"qualifier", Config{Functions: []Function{{Name: "<name>", Qualifier: "live"}}}},
		{"patterns", Config{Functions: []Function{{Name: "*"}}}},
		{"byTag", Config{ByTag: true}},
		{"provisioned", Config{Functions: []Function{{Name: "<name>", Qualifier: "<alias>", Provisioned: map[string]int{"always": 0}}}}},
	} {
		for _, statement := range Statements(one.cfg) {
			for _, action := range statement.Actions {
				service, _, _ := strings.Cut(action, ":")
				for _, resource := range statement.Resources {
					grant := denied(statement) + action + " on " + strings.Replace(resource, "arn:${Partition}:"+service+":${Region}:${Account}", "${Here}", 1) + narrowed(statement)
					if _, before := granted[grant]; before || one.key == "patterns" && action != "lambda:ListFunctions" {
						continue
					}
					granted[grant] = one.key
				}
			}
		}
	}
	return granted
}

func denied(statement iam.Statement) string {
	if statement.Effect == "Deny" {
		return "never "
	}
	return ""
}

// narrowed is how the page writes a condition.
func narrowed(statement iam.Statement) string {
	if len(statement.Conditions) == 0 {
		return ""
	}
	return ", if tagged"
}
