package ping

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// runtimeAPI is the variable by which Lambda's own runtime finds its API. This test binary is a function
// where it is set.
const runtimeAPI = "AWS_LAMBDA_RUNTIME_API"

func TestMain(m *testing.M) {
	if os.Getenv(runtimeAPI) != "" {
		lambda.Start(stream)
		return
	}
	os.Exit(m.Run())
}

// stream answers with a word, waits until somebody has read it, and goes on.
func stream(ctx context.Context, event json.RawMessage) (any, error) {
	if pong, is := Answer(ctx, event); is {
		return json.RawMessage(pong), nil
	}
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "first\n")
		response, err := http.Get("http://" + os.Getenv(runtimeAPI) + "/read") // #nosec G107 G704 -- this test's server
		if err == nil {
			err = response.Body.Close()
		}
		_, _ = io.WriteString(writer, "second\n")
		_ = writer.CloseWithError(err)
	}()
	return reader, nil
}

// lambdaOf is Lambda to one function: it hands over these events, and keeps the answers.
type lambdaOf struct {
	events  chan string
	answers chan string
	read    chan struct{}
}

func (l lambdaOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/next"):
		select {
		case event := <-l.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = io.WriteString(w, event)
		case <-r.Context().Done():
		}
	case r.URL.Path == "/read":
		select {
		case <-l.read:
		case <-time.After(30 * time.Second): // the whole answer is collected first
		}
	default:
		body := bufio.NewReader(r.Body)
		first, err := body.ReadString('\n')
		if err == nil { // a pong is one line without an end
			select {
			case l.read <- struct{}{}:
				first = "streamed: " + first
			case <-time.After(5 * time.Second): // nobody waits: the answer was collected
			}
		}
		rest, _ := io.ReadAll(body)
		w.WriteHeader(http.StatusAccepted)
		l.answers <- first + string(rest)
	}
}

// With Lambda's own runtime: the first word of the answer arrives while the handler waits to write the second.
func TestAnswer_leavesAStreamAStream(t *testing.T) {
	api := lambdaOf{events: make(chan string, 2), answers: make(chan string, 2), read: make(chan struct{})}
	server := httptest.NewServer(api)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function := exec.Command(path) // #nosec G204 -- this test itself
	function.Env = append(os.Environ(), runtimeAPI+"="+strings.TrimPrefix(server.URL, "http://"))
	function.Stderr = os.Stderr
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = function.Process.Kill() // it would wait for events for ever
		_ = function.Wait()
		server.Close()
	})
	api.events <- `{"order":7}`
	if answer := <-api.answers; answer != "streamed: first\nsecond\n" {
		t.Errorf("%s: a real event is answered with %q", filepath.Base(path), answer)
	}
	api.events <- string(Event(0))
	if _, err := Read([]byte(<-api.answers)); err != nil {
		t.Error(err)
	}
}
