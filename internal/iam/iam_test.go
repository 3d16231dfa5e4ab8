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

func TestReading_leavesNothingThatChanges(t *testing.T) {
	statements := []Statement{
		{Sid: "Ledger", Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}, Resources: []string{"${Ledger}"}},
		{Sid: "Delete", Actions: []string{"lambda:DeleteFunction"}, Resources: []string{"*"}},
		{Sid: "Keep", Effect: "Deny", Actions: []string{"lambda:GetFunction"}, Resources: []string{"*"}},
		{Sid: "Gateway", Actions: []string{"apigateway:GET"}, Resources: []string{"*"}},
	}
	want := []Statement{
		{Sid: "Ledger", Actions: []string{"dynamodb:GetItem", "dynamodb:Query"}, Resources: []string{"${Ledger}"}},
		{Sid: "Gateway", Actions: []string{"apigateway:GET"}, Resources: []string{"*"}},
	}
	if diff := cmp.Diff(want, Reading(statements)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(statements[0].Actions) != 4 {
		t.Errorf("the statements themselves were changed: %v", statements[0].Actions)
	}
}

func TestDocument_namesWhatDiffersBetweenRegionsForEach(t *testing.T) {
	statements := []Statement{{Sid: "Read", Actions: []string{"lambda:ListAliases"}, Resources: []string{"arn:aws:lambda:${Region}:*", "*"}}}
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"lambda:ListAliases",` +
		`"Resource":["arn:aws:lambda:eu-west-1:*","arn:aws:lambda:us-east-1:*","*"]}]}`
	if got := string(Document(statements, strings.NewReplacer("${Region}", "eu-west-1"), strings.NewReplacer("${Region}", "us-east-1"))); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
