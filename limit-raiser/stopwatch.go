package limitraiser

import (
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Watch sums up how long at least one call was on its way, so that a run can tell its own time
// from AWS's. Its zero value is ready.
type Watch struct {
	mutex   sync.Mutex
	flying  int
	since   time.Time
	elapsed time.Duration
}

// Waited is how long calls were on their way until now. A nil watch has seen none.
func (w *Watch) Waited() time.Duration {
	if w == nil {
		return 0
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.flying > 0 {
		return w.elapsed + time.Since(w.since)
	}
	return w.elapsed
}

func (w *Watch) left() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.flying == 0 {
		w.since = time.Now()
	}
	w.flying++
}

func (w *Watch) returned() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.flying--; w.flying == 0 {
		w.elapsed += time.Since(w.since)
	}
}

// around is the client with the watch around it. A nil client is the SDK's own.
func (w *Watch) around(client aws.HTTPClient) aws.HTTPClient {
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	return timed{client, w}
}

type timed struct {
	aws.HTTPClient
	watch *Watch
}

func (t timed) Do(request *http.Request) (*http.Response, error) {
	t.watch.left()
	defer t.watch.returned()
	return t.HTTPClient.Do(request)
}
