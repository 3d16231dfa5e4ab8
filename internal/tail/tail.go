// Package tail keeps what a process that was started said last.
package tail

import (
	"bytes"
	"sync"
)

// most is how many bytes are kept.
const most = 4096

// Tail keeps the last output, to be shown when a start fails. Its zero value is ready, and its methods may be called at
// the same time.
type Tail struct {
	mutex sync.Mutex
	text  []byte
}

// Write takes in more output, and never fails.
func (t *Tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text = append(t.text, text...)
	if over := len(t.text) - most; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(text), nil
}

// String is what is kept.
func (t *Tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.text)
}
