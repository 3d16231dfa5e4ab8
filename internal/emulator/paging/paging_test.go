package paging

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
)

type (
	listInput  struct{ Owner, NextToken *string }
	listOutput struct {
		Items     []string
		NextToken *string
	}
	tagsInput  struct{ ExclusiveStartKey *string }
	tagsOutput struct {
		Tags        []struct{ Key *string }
		HasMoreTags *bool
	}
	getOutput      struct{ Items []string }
	unheardOfInput struct{ StartingToken *string }
	clearClients   struct{ API clear }
	unclearClients struct{ API unclear }
	clear          interface {
		Get(context.Context, *getOutput) (*getOutput, error)
		List(context.Context, *listInput) (*listOutput, error)
		Tags(context.Context, *tagsInput) (*tagsOutput, error)
	}
	unclear interface {
		List(context.Context, *unheardOfInput) (*getOutput, error)
	}
)

func TestOperationsOf_findsWhatAnswersInPages(t *testing.T) {
	found, err := operationsOf(reflect.TypeFor[clearClients](), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, one := range found {
		names[one.name] = one.client + " " + one.token + " " + one.next
	}
	if diff := cmp.Diff(map[string]string{"List": "API NextToken NextToken", "Tags": "API ExclusiveStartKey HasMoreTags"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestOperationsOf_refusesWhatMayAnswerInPages(t *testing.T) {
	if _, err := operationsOf(reflect.TypeFor[unclearClients](), nil); err == nil || !strings.Contains(err.Error(), "StartingToken") {
		t.Errorf("the error is %v", err)
	}
	if _, err := operationsOf(reflect.TypeFor[unclearClients](), map[string]string{"List": "a reason"}); err != nil {
		t.Error(err)
	}
}

// Two pages of AWS's own come out as one item a page, between two that are empty.
func TestPage_handsOutTheSmallestPages(t *testing.T) {
	operations, err := operationsOf(reflect.TypeFor[clearClients](), nil)
	if err != nil {
		t.Fatal(err)
	}
	one := operations[reflect.TypeFor[listInput]()]
	fetch := func(token *string) (reflect.Value, error) {
		page := listOutput{Items: []string{"a", "b"}, NextToken: aws.String("2")}
		if token != nil {
			page = listOutput{Items: []string{"c"}}
		}
		return copyOf(reflect.ValueOf(page)), nil
	}
	cutter, token := newCutter(operations, nil), ""
	var got [][]string
	for {
		page, err := cutter.page(one, Site{}, "the question", token, fetch)
		if err != nil {
			t.Fatal(err)
		}
		answer := page.Interface().(listOutput)
		got = append(got, answer.Items)
		if answer.NextToken == nil {
			break
		}
		token = *answer.NextToken
		if _, err := cutter.page(one, Site{}, "another question", token, fetch); err == nil {
			t.Fatal("another question's token is taken")
		}
	}
	if diff := cmp.Diff([][]string{nil, {"a"}, {"b"}, {"c"}, nil}, got); diff != "" || len(cutter.leftUnread()) > 0 {
		t.Error(diff, cutter.leftUnread())
	}
}
