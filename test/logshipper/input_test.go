package logshipper_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
)

// bomb is a payload of some KB that unpacks to half a gigabyte.
func bomb(t testing.TB) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	zeros := make([]byte, 1<<20)
	for range 512 {
		_, err := writer.Write(zeros)
		want.NoError(t, "compressing", err)
	}
	want.NoError(t, "compressing", writer.Close())
	return packed.Bytes()
}

// Each piece of bad input costs its neighbours nothing, and ends in no error: what can be shipped is
// shipped, the rest is among the dead letters.
func TestDeployed_takesBadInputAndShipsItsNeighbours(t *testing.T) {
	const group = "/aws/lambda/orders"
	control := []byte(`{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination"}]}`)
	text := func(t testing.TB, events []line) []byte { return payload(t, group, events) }
	for name, c := range map[string]struct {
		data func(t testing.TB, events []line) []byte
		want logshipper.Tally
	}{
		"a control message":            {func(t testing.TB, _ []line) []byte { return gzipped(t, control) }, logshipper.Tally{}},
		"no events":                    {func(t testing.TB, _ []line) []byte { return gzipped(t, text(t, []line{})) }, logshipper.Tally{}},
		"plain JSON where gzip is due": {text, logshipper.Tally{In: 2, Delivered: 2}},
		"several members":              {func(t testing.TB, e []line) []byte { return gzipped(t, text(t, e[:1]), text(t, e[1:])) }, logshipper.Tally{In: 2, Delivered: 2}},
		"several payloads in a row":    {func(t testing.TB, e []line) []byte { return gzipped(t, append(text(t, e[:1]), text(t, e[1:])...)) }, logshipper.Tally{In: 2, Delivered: 2}},
		"a member that is cut off": {func(t testing.TB, e []line) []byte {
			whole := gzipped(t, text(t, e), text(t, e))
			return whole[:len(whole)-9]
		}, logshipper.Tally{In: 3, Delivered: 2, DeadLettered: 1}},
		"a bomb": {func(t testing.TB, _ []line) []byte { return bomb(t) }, logshipper.Tally{In: 1, DeadLettered: 1}},
		"a size trailer that lies": {func(t testing.TB, e []line) []byte {
			data := gzipped(t, text(t, e))
			copy(data[len(data)-4:], "\xff\xff\xff\x7f")
			return data
		}, logshipper.Tally{In: 2, Delivered: 2}},
		"no messageType": {func(t testing.TB, e []line) []byte {
			return gzipped(t, bytes.Replace(text(t, e), []byte(`"messageType":"DATA_MESSAGE",`), nil, 1))
		}, logshipper.Tally{In: 2, Delivered: 2}},
		"an empty message": {func(t testing.TB, e []line) []byte { e[0].Message = ""; return gzipped(t, text(t, e)) }, logshipper.Tally{In: 2, Delivered: 2}},
		"a message of a megabyte": {func(t testing.TB, e []line) []byte {
			e[0].Message = strings.Repeat("x", 1<<20)
			return gzipped(t, text(t, e))
		}, logshipper.Tally{In: 2, Delivered: 2}},
		"times 0 and far off": {func(t testing.TB, e []line) []byte {
			e[0].Timestamp, e[1].Timestamp = 0, 99999999999999
			return gzipped(t, text(t, e))
		}, logshipper.Tally{In: 2, Delivered: 2}},
		"a time below 0": {func(t testing.TB, e []line) []byte { e[0].Timestamp = -1; return gzipped(t, text(t, e)) }, logshipper.Tally{In: 2, Delivered: 2}},
		"bad UTF-8": {func(t testing.TB, e []line) []byte {
			e[0].Message = "MARK"
			return gzipped(t, bytes.Replace(text(t, e), []byte("MARK"), []byte("a\xff\xfeb"), 1))
		}, logshipper.Tally{In: 2, Delivered: 2}},
		"half a surrogate pair": {func(t testing.TB, e []line) []byte {
			e[0].Message = "MARK"
			return gzipped(t, bytes.Replace(text(t, e), []byte("MARK"), []byte(`a\ud800b`), 1))
		}, logshipper.Tally{In: 2, Delivered: 2}},
		"equal ids":                 {func(t testing.TB, e []line) []byte { e[1].ID = e[0].ID; return gzipped(t, text(t, e)) }, logshipper.Tally{In: 2, Delivered: 2}},
		"missing ids":               {func(t testing.TB, e []line) []byte { e[0].ID, e[1].ID = "", ""; return gzipped(t, text(t, e)) }, logshipper.Tally{In: 2, Delivered: 2}},
		"a text that is no payload": {func(testing.TB, []line) []byte { return []byte("hello") }, logshipper.Tally{In: 1, DeadLettered: 1}},
		"a group that is never shipped": {func(t testing.TB, e []line) []byte {
			return gzipped(t, payload(t, "/aws/lambda/caretaker-prod-log-shipper", e))
		}, logshipper.Tally{In: 2, Filtered: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			w, events, beside := shared, lines(t.Name(), "one", "two"), lines(t.Name()+" beside", "neighbour")
			report := w.ships(t, records(t, record(1, c.data(t, events)), record(2, gzipped(t, payload(t, group, beside)))))
			c.want.In, c.want.Delivered = c.want.In+1, c.want.Delivered+1
			want.Equal(t, "what became of the events", report.Tally, c.want)
			want.Equal(t, "records that come again", len(report.BatchItemFailures), 0)
			want.Equal(t, "the neighbour arrived", w.found(t, beside), 1)
		})
	}
}

func TestDeployed_setsAsideWhatIsNoBase64AndNoMessageOfItsOwn(t *testing.T) {
	w := shared
	report := w.ships(t, []byte(`{"awslogs":{"data":"%%%"}}`))
	want.Equal(t, "dead letters of what is no base64", report.DeadLettered, 1)
	report = w.ships(t, []byte(`{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{\"key\":\"../etc/passwd\"}"}]}`))
	want.Equal(t, "dead letters of what is no message of its own", report.DeadLettered, 1)
	want.Equal(t, "messages that come again", len(report.BatchItemFailures), 0)
}

// A group that must not be shipped is dropped, and the report names it.
func TestDeployed_dropsItsOwnLines(t *testing.T) {
	report := shared.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/"+functionName, lines(t.Name(), "mine")))))
	want.Equal(t, "dropped", report.Own, 1)
	want.Equal(t, "the groups that are named", fmt.Sprint(report.OwnGroups), "[/aws/lambda/"+functionName+"]")
}
