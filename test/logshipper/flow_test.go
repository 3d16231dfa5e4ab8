package logshipper_test

import (
	"fmt"
	"testing"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
)

func TestDeployed_bringsTheLinesOfASubscribedGroupToTheNode(t *testing.T) {
	w := shared
	const group, request = "/aws/lambda/checkout", "8f5cbaab-3e5d-4c2b-9a0f-1f6f0f5d7c11"
	w.subscribe(t, group)
	w.log(t, group, "START RequestId: "+request+" Version: 7", "2026-11-28T10:00:00.000Z\t"+request+"\tINFO\t"+`{"order":"A-1"}`,
		"END RequestId: "+request, "REPORT RequestId: "+request+"\tDuration: 12.5 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t")
	view := opensearch.Look(w.node)
	eventually(t, "the lines of the request stand in the node", func() bool {
		documents, err := view.Find(t.Context(), dataStream, "faas.execution", request)
		return err == nil && len(documents) == 4
	})
}

func TestDeployed_accountsForEveryEventOfADirectPayload(t *testing.T) {
	w := shared
	events := lines(t.Name(), "one", "two", "three")
	report := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
	want.Equal(t, "events in", report.In, 3)
	want.Equal(t, "delivered", report.Delivered, 3)
	again := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
	want.Equal(t, "delivered, the second time", again.Delivered, 0)
	want.Equal(t, "already delivered, the second time", again.Already, 3)
	want.Equal(t, "documents", w.found(t, events), 3)
}

func TestDeployed_shipsTheRecordsOfAStreamAsOneBatch(t *testing.T) {
	w := shared
	first, second := lines("first", "a", "b"), lines("second", "c")
	report := w.ships(t, records(t,
		record(1, gzipped(t, payload(t, "/aws/lambda/orders", first))),
		record(2, gzipped(t, payload(t, "/aws/lambda/orders", second)))))
	want.Equal(t, "payloads", report.Payloads, 2)
	want.Equal(t, "delivered", report.Delivered, 3)
	want.Equal(t, "records that come again", len(report.BatchItemFailures), 0)
	want.Equal(t, "documents", w.found(t, append(first, second...)), 3)
}

func TestDeployed_namesWhatIsNoLog(t *testing.T) {
	for what, event := range map[string]string{
		"from aws:s3":     `{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"secret.txt"}}}]}`,
		"from aws.ec2":    `{"source":"aws.ec2","detail-type":"x","detail":{}}`,
		"empty":           `{}`,
		"no JSON object":  `[1,2,3]`,
		"the keys a, b":   `{"a":1,"b":2}`,
		"from aws:sns":    `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"hello"}}]}`,
		"from custom.app": `{"source":"custom.app"}`,
	} {
		_, err := shared.run(t, []byte(event))
		want.Says(t, "the error of an event "+what, fmt.Sprint(err), "none of CloudWatch Logs", what)
	}
}
