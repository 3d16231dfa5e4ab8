package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Key is what requests are signed with, beside an access key.
type Key struct{ Secret, Token string }

// KeyOf is what an access key of the root key's account signs with: a test's own server can check by it what
// a deployed function signs, as AWS's services do.
func (e *Emulator) KeyOf(ctx context.Context, accessKey string) (Key, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.upstream+"/?Action=ListQueues&Version=2012-11-05", http.NoBody)
	if err != nil {
		return Key{}, err
	}
	request.Header.Set("X-Emulator-Key-Of", accessKey)
	given, err := (&exchange{Emulator: e, request: request}).asRoot(request, "sqs", nil)
	if err == nil && !given.ok() {
		err = fmt.Errorf("status %d", given.status)
	}
	if err != nil {
		return Key{}, fmt.Errorf("looking up the access key %s: %w", accessKey, err)
	}
	var key Key
	return key, json.Unmarshal(given.body, &key)
}
