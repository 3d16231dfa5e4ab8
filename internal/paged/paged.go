// Package paged reads AWS's lists to their end.
package paged

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Every fetches pages until there is no token for the next. Tokens that go round in a circle are an
// error: taking the list for complete would lose what it holds. The mark stays at each page whose
// number is a power of two, so that any circle comes back to it.
func Every(fetch func(token *string) (*string, error)) error {
	var token, mark *string
	for page := 1; ; page++ {
		next, err := fetch(token)
		if err != nil {
			return err
		}
		if aws.ToString(next) == "" {
			return nil
		}
		if mark != nil && *mark == *next {
			return errors.New("the list does not end: AWS answered the same page token twice")
		}
		if page&(page-1) == 0 {
			mark = next
		}
		token = next
	}
}
