package iam

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMerge_leavesOutWhatStandsTwiceAndNothingElse(t *testing.T) {
	list := Statement{Sid: "ListStacks", Actions: []string{"cloudformation:ListStacks"}, Resources: []string{"*"}}
	again, denied, narrowed, other := list, list, list, list
	again.Sid = "ListStacksAgain"
	denied.Effect = "Deny"
	narrowed.Conditions = map[string]map[string][]string{"StringEquals": {"aws:RequestedRegion": {"eu-west-1"}}}
	other.Resources = []string{"arn:aws:cloudformation:eu-west-1:111122223333:stack/*"}
	want := []Statement{list, denied, narrowed, other}
	if diff := cmp.Diff(want, Merge([]Statement{list, again, denied, narrowed, other, narrowed})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSize_countsAsIAMDoes(t *testing.T) {
	statements := []Statement{
		{Sid: "Read", Actions: []string{"lambda:ListAliases"}, Resources: []string{"arn:${Partition}:lambda:*"}},
		{
			Sid: "Keep", Effect: "Deny", Actions: []string{"a:B", "a:C"}, Resources: []string{"*"},
			Conditions: map[string]map[string][]string{"StringEquals": {"x": {"1"}, "y": {"1", "2"}}},
		},
	}
	want := `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"Read","Effect":"Allow","Action":"lambda:ListAliases","Resource":"arn:aws:lambda:*"},` +
		`{"Sid":"Keep","Effect":"Deny","Action":["a:B","a:C"],"Resource":"*","Condition":{"StringEquals":{"x":["1"],"y":["1","2"]}}}]}`
	if got := Size(statements, strings.NewReplacer("${Partition}", "aws")); got != len(want) {
		t.Errorf("%d characters, want %d", got, len(want))
	}
}
