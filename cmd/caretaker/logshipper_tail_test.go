package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/opensearch"
	"caretaker/internal/want"
)

// arrived is a destination, and a file that names it.
type arrived struct {
	*testing.T
	to      *opensearch.StandIn
	environ []string
	file    string
}

func newArrived(t *testing.T) arrived {
	t.Helper()
	to, err := opensearch.StartStandIn(t.Context())
	want.NoError(t, "starting the stand-in for OpenSearch", err)
	t.Cleanup(to.Stop)
	a := arrived{T: t, to: to, environ: append(nowhere(), "AWS_ACCESS_KEY_ID=333300000000", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+others.Endpoint())}
	a.file = write(t, "caretaker.yaml", "version: 1\nlogShipper:\n  destination: {endpoint: \""+to.URL()+"\", dataStream: logs-lambda-test, auth: {type: none}}\n")
	caretaker(t, a.environ, "log-shipper", "setup", "--config", a.file).expect(t, console.Done)
	return a
}

// document puts one that is so old.
func (a arrived) document(id string, ago time.Duration, fields string) {
	a.Helper()
	at := time.Now().Add(-ago).UTC().Format("2006-01-02T15:04:05.000Z")
	body := fmt.Sprintf("{\"create\":{\"_id\":%q}}\n{\"@timestamp\":%q,%s}\n", id, at, fields)
	status, answer, err := opensearch.Look(a.to).Call(a.Context(), http.MethodPost, "/logs-lambda-test/_bulk", body)
	if err != nil || status != http.StatusOK || strings.Contains(string(answer), `"errors":true`) {
		a.Fatalf("putting a document: %v %d %s", err, status, answer)
	}
}

func (a arrived) tail(flags ...string) result {
	a.Helper()
	return caretaker(a.T, a.environ, append([]string{"log-shipper", "tail", "--config", a.file}, flags...)...)
}

func TestTail_showsWhatBelongsTogetherInOrder(t *testing.T) {
	a := newArrived(t)
	a.document("3", time.Minute, `"message":"paid","faas.name":"billing","log.level":"info","correlation":{"id":"order-1"}`)
	a.document("1", 3*time.Minute, `"message":"ordered\n  at shop.js:7\u001b[2J","faas.name":"checkout","correlation":{"order":"order-1"},"faas.execution":"r-1"`)
	a.document("2", 2*time.Minute, `"message":"asked","aws.cloudwatch.log_group":"/aws/rds/orders","trace.id":"order-1"`)
	a.document("4", time.Minute, `"message":"another","correlation":{"id":"order-2"}`)
	a.document("5", 2*time.Hour, `"message":"long ago","correlation":{"id":"order-1"}`)
	got := a.tail("--correlation-id", "order-1")
	got.expect(t, console.Done, "checkout  ordered\n      at shop.js:7\ufffd[2J\n", "/aws/rds/orders  asked", "billing  INFO  paid")
	if first, last := strings.Index(got.out, "ordered"), strings.Index(got.out, "paid"); first > last || strings.Contains(got.out, "another") || strings.Contains(got.out, "long ago") {
		t.Errorf("want three lines, the oldest first:\n%s", got.out)
	}
	a.tail("--correlation-id", "r-1").expect(t, console.Done, "ordered")
	a.tail("--correlation-id", "order-1", "--since", "1d", "--json").expect(t, console.Done, `"message":"long ago"`)
	a.tail("--correlation-id", "order-9").expect(t, console.Done, "No log event of the last 1h in logs-lambda-test has order-9 as a correlation, request or trace id.")
	a.to.Kill()
	a.tail("--correlation-id", "order-1").expect(t, console.Failed, "searching logs-lambda-test at "+a.to.URL())
}

// reacting is a stdout that somebody watches.
type reacting struct {
	strings.Builder
	react func(text string)
}

// Write takes in what the command writes.
func (r *reacting) Write(text []byte) (int, error) {
	count, err := r.Builder.Write(text)
	r.react(r.String())
	return count, err
}

func TestTail_followsUntilItIsInterrupted(t *testing.T) {
	a := newArrived(t)
	a.document("1", time.Minute, `"message":"ordered","correlation":{"id":"order-1"}`)
	for _, variable := range a.environ {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	interrupts := make(chan os.Signal, 1)
	later := sync.OnceFunc(func() { a.document("2", time.Second, `"message":"paid","correlation":{"id":"order-1"}`) })
	out := &reacting{react: func(text string) {
		later()
		if strings.Contains(text, "paid") {
			select {
			case interrupts <- os.Interrupt:
			default:
			}
		}
	}}
	var errs strings.Builder
	c := console.Console{Out: out, Err: &errs, Now: time.Now}
	code := run([]string{"log-shipper", "tail", "--config", a.file, "--correlation-id", "order-1", "--follow"}, c, interrupts)
	got := result{code, out.String(), errs.String()}
	got.expect(t, console.Done, "ordered", "paid")
	if strings.Count(got.out, "ordered") != 1 {
		t.Errorf("a line is shown again:\n%s", got.out)
	}
}
