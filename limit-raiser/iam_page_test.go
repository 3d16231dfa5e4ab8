package limitraiser

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/iam"
	"caretaker/internal/iam/iamtest"
	"caretaker/internal/want"
)

// docs/limit-raiser-iam.md is written by hand, for the reasons in it. It must not say anything
// else than what is granted.
func TestIAMPage_saysWhatIsGranted(t *testing.T) {
	said := iamtest.Page(t, "../docs/limit-raiser-iam.md")
	want.Equal(t, "what docs/limit-raiser-iam.md says is granted", said, grantedByKey())
}

// grantedByKey are the grants as the page writes them, with the keys that bring each; empty for
// what is granted always.
func grantedByKey() map[string]string {
	keys := map[string][]string{}
	for key, cfg := range map[string]Config{
		"":          {},
		"tables":    {Tables: []Table{{Name: "<name>"}}},
		"byTag":     {ByTag: true},
		"streams":   {Streams: []Stream{{Name: "<name>"}}},
		"functions": {Functions: []Function{{Name: "<name>"}}},
		"quotas":    {Quotas: []Quota{{Service: "<service>", Code: "<code>"}}},
	} {
		for _, statement := range Statements(cfg) {
			for _, action := range statement.Actions {
				service, _, _ := strings.Cut(action, ":")
				for _, resource := range statement.Resources {
					grant := action + " on " + strings.Replace(resource, "arn:${Partition}:"+service+":${Region}:${Account}", "${Here}", 1)
					grant += narrowed(statement)
					keys[grant] = append(keys[grant], key)
				}
			}
		}
	}
	granted := map[string]string{}
	for grant, brought := range keys {
		if slices.Contains(brought, "") {
			brought = nil
		}
		slices.Sort(brought)
		granted[grant] = strings.Join(brought, ", ")
	}
	return granted
}

// narrowed is how the page writes a condition.
func narrowed(statement iam.Statement) string {
	var keys []string
	for _, conditions := range statement.Conditions {
		keys = slices.AppendSeq(keys, maps.Keys(conditions))
	}
	slices.Sort(keys)
	switch strings.Join(keys, " ") {
	case "":
		return ""
	case "aws:ResourceTag/" + RaiseTag:
		return ", if tagged"
	case "application-autoscaling:scalable-dimension application-autoscaling:service-namespace":
		return ", of DynamoDB"
	}
	return ", if " + strings.Join(keys, " ")
}
