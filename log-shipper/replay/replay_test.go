package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/replay"
	"caretaker/log-shipper/sample"
)

const letter = `{"reason":"refused","id":"0123","time":1795953600000,"document":{"@timestamp":"2026-11-29T12:00:00.000Z","message":"mended"}}` + "\n"

// streamed is the log stream of an export's object, with dashes for slashes.
const streamed = "exports/8f5cbaab-3e5d-4c2b-9a0f-1f6f0f5d7c11/2026-11-29-[7]0123456789abcdef0123456789abcdef/000000.gz"

func TestRun_shipsEachKindOfArchive(t *testing.T) {
	first, second := payloadOf(1, "one", "two\nlines"), payloadOf(2, "three", "heartbeat")
	export := line(0, "START RequestId: 8a1f0000-0000-4000-a000-00000000000a Version: 7") + line(1, "Error\n    at pay") + line(1, "same") + line(1, "same")
	for name, c := range map[string]struct {
		key  string
		data []byte
		want logshipper.Tally
		of   map[string]int
	}{
		"a payload as it was parked":           {"parked/0a", sample.Gzip(first), logshipper.Tally{In: 2, Delivered: 2}, map[string]int{"two\\nlines": 1}},
		"payloads that Firehose wrote":         {"firehose/a", append(sample.Gzip(first), sample.Gzip(second)...), logshipper.Tally{In: 4, Delivered: 3, Filtered: 1}, map[string]int{`"message":"three"`: 1, "heartbeat": 0}},
		"and compressed":                       {"firehose/a.gz", sample.Gzip(append(sample.Gzip(first), sample.Gzip(second)...)), logshipper.Tally{In: 4, Delivered: 3, Filtered: 1}, nil},
		"and decompressed, with nothing amid":  {"firehose/a", append(append([]byte{}, first...), second...), logshipper.Tally{In: 4, Delivered: 3, Filtered: 1}, nil},
		"and decompressed, with line breaks":   {"firehose/a", append(append(append([]byte("\n"), first...), "\n\n"...), second...), logshipper.Tally{In: 4, Delivered: 3, Filtered: 1}, nil},
		"an export":                            {streamed, sample.Gzip([]byte(export)), logshipper.Tally{In: 4, Delivered: 4}, map[string]int{`Error\n    at pay"`: 1, `"message":"same"`: 2, `"faas.name":"orders"`: 4, `"faas.version":"7"`: 4, `"@timestamp":"2026-11-29T12:00:01.000Z"`: 3, "[7]0123456789abcdef": 4}},
		"an export, not compressed":            {"x/000000.txt", []byte(export), logshipper.Tally{In: 4, Delivered: 4}, nil},
		"an export without a last line break":  {"x/000000.gz", sample.Gzip([]byte(line(0, "a") + strings.TrimSpace(line(1, "b")))), logshipper.Tally{In: 2, Delivered: 2}, map[string]int{`"message":"b"`: 1}},
		"dead letters":                         {"dead-letters/2026-11-29/a.ndjson.gz", sample.Gzip([]byte(letter + `{"reason":"no log","text":"x"}` + "\n")), logshipper.Tally{In: 2, Delivered: 1, DeadLettered: 1}, map[string]int{"mended": 1}},
		"a control message":                    {"a", []byte(`{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"x"}]}`), logshipper.Tally{}, nil},
		"JSON that is no payload":              {"a", append([]byte(`{"hello":1}`), first...), logshipper.Tally{In: 3, Delivered: 2, DeadLettered: 1}, nil},
		"the shipper's own lines":              {"a", bytes.ReplaceAll(first, []byte("/aws/lambda/checkout"), []byte("/aws/lambda/caretaker-prod-log-shipper")), logshipper.Tally{In: 2, Filtered: 2}, nil},
		"a test of CloudWatch Logs, and blank": {"exports/aws-logs-write-test", []byte("Permission Check Successful"), logshipper.Tally{}, nil},
		"nothing but blanks":                   {"a", []byte(" \n"), logshipper.Tally{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := &shelf{objects: map[string][]byte{c.key: c.data}}, newNode()
			options := replay.Options{Group: "/aws/lambda/orders"}
			result, err := ran(t, replayer(t, from, to, options))
			want.NoError(t, "replaying", err)
			want.Equal(t, "what became of the events", result.Tally, c.want)
			want.Equal(t, "objects that were not read", result.UnreadCount, 0)
			for text, count := range c.of {
				want.Equal(t, "documents with "+text, to.holds(text), count)
			}
			again, err := ran(t, replayer(t, from, to, options))
			want.NoError(t, "replaying again", err)
			twice := c.want
			twice.Already, twice.Delivered = twice.Delivered, 0
			want.Equal(t, "what became of the events the second time", again.Tally, twice)
			want.Equal(t, "documents after the second time", len(to.held), c.want.Delivered)
		})
	}
}

// What is bad costs itself alone: what stands before it, and the other objects, arrive.
func TestRun_namesWhatItCannotRead(t *testing.T) {
	good := payloadOf(1, "good")
	for name, c := range map[string]struct {
		data []byte
		good int
		says string
	}{
		"a picture":                  {[]byte("\x89PNG"), 0, "it is no archive of logs"},
		"gzip that is cut":           {append(sample.Gzip(good), sample.Gzip(payloadOf(2, strings.Repeat("lost ", 5000)))[:40]...), 1, "unexpected EOF"},
		"gzip that begins and stops": {[]byte{0x1f, 0x8b, 8}, 0, "it begins as gzip and is none"},
		"a broken value":             {append(append([]byte{}, good...), `{"messageType":`...), 1, "JSON value 2: unexpected EOF"},
		"compressed thrice":          {sample.Gzip(sample.Gzip(sample.Gzip(good))), 0, "it is no archive of logs"},
		"lines without a time":       {[]byte("2026 was a good year\n"), 0, "it is no archive of logs"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := &shelf{objects: map[string][]byte{"a": payloadOf(8, "before"), "bad": c.data, "c": payloadOf(9, "after")}}, newNode()
			result, err := ran(t, replayer(t, from, to, replay.Options{Group: "/g"}))
			want.NoError(t, "replaying", err)
			want.Equal(t, "documents", len(to.held), 2+c.good)
			want.Equal(t, "what could not be read", len(result.Unread), 1)
			want.Says(t, "why", result.Unread[0].Key+": "+result.Unread[0].Why, "bad: ", c.says)
		})
	}
}

func TestRun_asksForTheLogGroupOfAnExport(t *testing.T) {
	result, err := ran(t, replayer(t, &shelf{objects: map[string][]byte{streamed: sample.Gzip([]byte(line(0, "x")))}}, newNode(), replay.Options{}))
	want.NoError(t, "replaying", err)
	want.Says(t, "why it was not read", fmt.Sprint(result.Unread), "give --group")
}

func TestRun_leavesWhatHasToBeRestored(t *testing.T) {
	from := &shelf{objects: map[string][]byte{"a": payloadOf(1, "x")}, classes: map[string]s3types.ObjectStorageClass{"a": s3types.ObjectStorageClassDeepArchive}}
	result, err := ran(t, replayer(t, from, newNode(), replay.Options{}))
	want.NoError(t, "replaying", err)
	want.Says(t, "why it was not read", fmt.Sprint(result.Unread), "DEEP_ARCHIVE: restore it first")
}

// many is an archive of so many objects, each with a line of its own.
func many(count int) map[string][]byte {
	objects := map[string][]byte{}
	for i := range count {
		objects[fmt.Sprintf("logs/%03d", i)] = sample.Gzip(payloadOf(i, fmt.Sprint("line ", i)))
	}
	return objects
}

func TestRun_readsAListToItsEndAndCountsItFirst(t *testing.T) {
	from, to := &shelf{objects: many(10)}, newNode()
	from.objects["other/1"], from.objects["logs/folder/"] = payloadOf(99, "other"), nil
	r := replayer(t, from, to, replay.Options{Prefix: "logs/"})
	objects, size, err := r.Count(t.Context())
	want.NoError(t, "counting", err)
	want.Equal(t, "objects", objects, 10)
	if size < 1000 {
		t.Errorf("they have %d bytes together", size)
	}
	want.Equal(t, "documents after counting", len(to.held), 0)
	result, err := ran(t, r)
	want.NoError(t, "replaying", err)
	want.Equal(t, "documents", len(to.held), 10)
	want.Equal(t, "objects that hold no logs", result.Skipped, 1)
	want.Equal(t, "bytes of those that were read", result.Bytes, size)
}

// A destination that is down ends the replay at the object that it did not take; from there the next one goes on.
func TestRun_goesOnWhereItEnded(t *testing.T) {
	from, to := &shelf{objects: many(10)}, newNode()
	to.down = 4
	result, err := ran(t, replayer(t, from, to, replay.Options{}))
	want.Says(t, "the error", fmt.Sprint(err), "logs/004: 1 documents were not taken: it is down")
	want.Equal(t, "what became of the events", result.Tally, logshipper.Tally{In: 5, Delivered: 4, HandedBack: 1})
	want.Equal(t, "the last one that is done with", result.Last, "logs/003")
	to.down = 0
	result, err = ran(t, replayer(t, from, to, replay.Options{After: result.Last}))
	want.NoError(t, "going on", err)
	want.Equal(t, "what became of the rest", result.Tally, logshipper.Tally{In: 6, Delivered: 6})
	want.Equal(t, "documents", len(to.held), 10)
}

func TestRun_endsWhenItIsInterrupted(t *testing.T) {
	from, to := &shelf{objects: many(10)}, newNode()
	ctx, interrupt := context.WithCancel(t.Context())
	r := replayer(t, from, to, replay.Options{Each: func(so replay.Result) {
		if so.Objects == 3 {
			interrupt()
		}
	}})
	result, err := r.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	want.Equal(t, "the last one that is done with", result.Last, "logs/002")
	want.Equal(t, "events of which nobody knows what became", result.Imbalance(), 0)
}

func TestRun_givesUpWhereNothingCanBeRead(t *testing.T) {
	from := &shelf{objects: many(50), refuses: errors.New("AccessDenied")}
	result, err := ran(t, replayer(t, from, newNode(), replay.Options{}))
	want.Says(t, "the error", fmt.Sprint(err), "20 objects in a row could not be read", "AccessDenied")
	want.Equal(t, "objects that were tried", result.UnreadCount, 20)
}

func TestRun_countsWhatIsRefused(t *testing.T) {
	from, to := &shelf{objects: map[string][]byte{"a": payloadOf(1, "fine", "poison 4111 1111 1111 1111")}}, newNode()
	to.refuses = "poison"
	result, err := ran(t, replayer(t, from, to, replay.Options{}))
	want.NoError(t, "replaying", err)
	want.Equal(t, "what became of the events", result.Tally, logshipper.Tally{In: 2, Delivered: 1, DeadLettered: 1})
	want.Equal(t, "the reasons", result.Refused, []string{"mapper_parsing_exception: poison"})
}

func TestRun_sendsNothingInADryRun(t *testing.T) {
	from, to := &shelf{objects: many(5)}, newNode()
	result, err := ran(t, replayer(t, from, to, replay.Options{DryRun: true}))
	want.NoError(t, "replaying", err)
	want.Equal(t, "what would become of the events", result.Tally, logshipper.Tally{In: 5, Delivered: 5})
	want.Equal(t, "documents", len(to.held), 0)
}

// However long an object is, what is in memory of it is a batch and a value.
func TestRun_takesNoMoreMemoryForAnObjectThanForABatch(t *testing.T) {
	var export strings.Builder
	for i := range 200_000 {
		export.WriteString(line(i/7, fmt.Sprintf("line %d %s", i, strings.Repeat("x", i%300))))
	}
	to := newNode()
	result, err := ran(t, replayer(t, &shelf{objects: map[string][]byte{streamed: sample.Gzip([]byte(export.String()))}}, to, replay.Options{Group: "/g"}))
	want.NoError(t, "replaying", err)
	want.Equal(t, "delivered", result.Delivered, 200_000)
	if most := 2 * logshipper.DefaultFill; to.largest > most {
		t.Errorf("a batch of %d bytes was sent, more than %d", to.largest, most)
	}
}

func TestRun_keepsToItsPace(t *testing.T) {
	var messages []string
	for i := range 300 {
		messages = append(messages, fmt.Sprint("line ", i))
	}
	objects := map[string][]byte{"a": payloadOf(1, messages...), "b": payloadOf(2, messages...), "c": payloadOf(3, messages...)}
	begun := time.Now()
	result, err := ran(t, replayer(t, &shelf{objects: objects}, newNode(), replay.Options{Rate: 300}))
	want.NoError(t, "replaying", err)
	want.Equal(t, "delivered", result.Delivered, 900)
	if took := time.Since(begun); took < 1900*time.Millisecond {
		t.Errorf("900 documents at 300 a second took %s", took)
	}
}

// A time within a line that is longer than what is read at once begins no event.
func TestRun_keepsALongLineOfAnExportTogether(t *testing.T) {
	for _, before := range []int{1<<16 - 25, 1 << 16, 3 << 16} {
		message := strings.Repeat("x", before) + line(5, "inner")
		to := newNode()
		_, err := ran(t, replayer(t, &shelf{objects: map[string][]byte{"a": []byte(line(0, message) + line(1, "next"))}}, to, replay.Options{Group: "/g"}))
		want.NoError(t, "replaying", err)
		want.Equal(t, "documents", len(to.held), 2)
		want.Equal(t, "with the whole line", to.holds("xxx2026-11-29T12:00:05.000Z inner"), 1)
	}
}

// Equal events are told apart by how many came before in their payload: those of one time are in one.
func TestRun_makesADocumentOfEachOfManyEqualEvents(t *testing.T) {
	same := line(0, strings.Repeat("same ", 20))
	to := newNode()
	result, err := ran(t, replayer(t, &shelf{objects: map[string][]byte{"a": []byte(strings.Repeat(same, 60_000) + line(1, "next"))}}, to, replay.Options{Group: "/g"}))
	want.NoError(t, "replaying", err)
	want.Equal(t, "delivered", result.Delivered, 60_001)
}

// Each event of an export becomes one document, whatever it says, and the same one each time.
func TestRun_makesOneDocumentOfEachEventOfAnExport(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text, second := "", 0
		count := rapid.IntRange(1, 40).Draw(r, "events")
		for range count {
			second += rapid.IntRange(0, 1).Draw(r, "seconds")
			text += line(second, rapid.StringMatching(`[a-c"\\é]{0,3}(\n[a-c{}]{0,3})?`).Draw(r, "message"))
		}
		from, to := &shelf{objects: map[string][]byte{"x/000000.gz": sample.Gzip([]byte(text))}}, newNode()
		for range 2 {
			result, err := replayer(t, from, to, replay.Options{Group: "/g"}).Run(t.Context())
			if err != nil || result.In != count || len(to.held) != count || result.Imbalance() != 0 {
				r.Fatalf("%d events became %d documents: %+v, %v\n%s", count, len(to.held), result.Tally, err, text)
			}
		}
	})
}
