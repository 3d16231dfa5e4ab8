package paged

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"caretaker/internal/want"
)

func TestEvery_endsWhenTokensGoRoundInACircle(t *testing.T) {
	for _, circle := range []string{"a", "ab", "abc", "abcdefgh"} {
		for _, lead := range []string{"", "x", "xyz"} {
			fetched := 0
			err := Every(func(*string) (*string, error) {
				fetched++
				if fetched > 1000 {
					t.Fatalf("%q after %q goes on for ever", circle, lead)
				}
				token := (lead + strings.Repeat(circle, 1000))[fetched-1 : fetched]
				return &token, nil
			})
			if err == nil {
				t.Errorf("%q after %q passes for a whole list, want an error", circle, lead)
			}
		}
	}
}

func TestEvery_readsLongLists(t *testing.T) {
	fetched := 0
	err := Every(func(*string) (*string, error) {
		fetched++
		token := strings.Repeat("x", 5000-fetched)
		return &token, nil
	})
	want.NoError(t, fmt.Sprintf("reading %d pages", fetched), err)
	want.Equal(t, "pages read", fetched, 5000)
}

func TestEvery_doesNotGoRoundInACircle(t *testing.T) {
	for _, circle := range [][]string{{"a"}, {"a", "b", "c"}, {"x", "y", "a", "b", "a", "b"}} {
		calls := 0
		err := Every(func(*string) (*string, error) {
			calls++
			if calls > 100 {
				return nil, errors.New("it goes round and round")
			}
			return aws.String(circle[calls%len(circle)]), nil
		})
		want.Says(t, "the error", fmt.Sprint(err), "the list does not end")
	}
}
