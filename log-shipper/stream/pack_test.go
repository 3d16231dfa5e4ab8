package stream

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

// batchOf is a batch of documents that are so long with their line break.
func batchOf(lengths ...int) *document.Batch {
	var b document.Batch
	for i, length := range lengths {
		b.Add(fmt.Appendf(nil, "%056d", i), []byte(`{"message":"`+strings.Repeat("x", length-len(`{"message":""}`)-1)+`"}`), nil, 1)
	}
	return &b
}

func times(count, length int) []int {
	lengths := make([]int, count)
	for i := range lengths {
		lengths[i] = length
	}
	return lengths
}

func TestPack_fillsRecordsToWhatKinesisChargesFor(t *testing.T) {
	for name, c := range map[string]struct {
		lengths []int
		want    []record
	}{
		"nothing":                   {nil, nil},
		"one":                       {[]int{900}, []record{{0, 1, 900}}},
		"just a unit":               {times(25, 1000), []record{{0, 25, 25_000}}},
		"one byte more":             {append(times(24, 1000), 1001), []record{{0, 24, 24_000}, {24, 25, 1001}}},
		"a long one goes alone":     {[]int{100, 25_001, 100, 100}, []record{{0, 1, 100}, {1, 2, 25_001}, {2, 4, 200}}},
		"one that is too long":      {[]int{1_000_001, 100}, []record{{0, 1, 1_000_000}, {1, 2, 100}}},
		"one that is just not":      {[]int{1_000_000}, []record{{0, 1, 1_000_000}}},
		"a long one, first of some": {[]int{24_000, 24_000}, []record{{0, 1, 24_000}, {1, 2, 24_000}}},
	} {
		want.Equal(t, name, fmt.Sprint(pack(batchOf(c.lengths...))), fmt.Sprint(c.want))
	}
}

func TestPack_cutsWhatIsTooLongAtACharacterAndMarksIt(t *testing.T) {
	var b document.Batch
	b.Add([]byte("1"), []byte(`{"message":"`+strings.Repeat("é", 600_000)+`","json":{"a":1}}`), []byte(`,"json":{"a":1}`), 1)
	records := pack(&b)
	line := string(records[0].appendTo(nil, &b))
	if length := len(line); length > largest || length < largest-1 {
		t.Errorf("the record has %d bytes", length)
	}
	want.Says(t, "the end of the line", line[len(line)-60:], "é\"", `"tags":["lifted_dropped","message_cut"]}`+"\n")
}

func TestFit_countsRecordsAndBytesWithTheirKeys(t *testing.T) {
	for name, c := range map[string]struct {
		lengths []int
		most    int
		keyed   bool
		want    int
	}{
		"nothing":                  {nil, 100, true, 0},
		"no more than 500":         {times(600, 25_000), 1 << 30, true, 500},
		"bytes":                    {times(10, 20_000), 100_000, false, 5},
		"bytes and keys":           {times(10, 20_000), 100_000 + 4*56, true, 4},
		"bytes and keys, just":     {times(10, 20_000), 100_000 + 5*56, true, 5},
		"one is always taken":      {times(2, 20_000), 1, true, 1},
		"what Kinesis takes":       {times(300, 25_000), mostKinesis, true, 209},
		"what Firehose takes":      {times(300, 25_000), mostFirehose, false, 167},
		"the longest in a call":    {times(9, 1_000_000), mostKinesis, true, 5},
		"the longest, to Firehose": {times(9, 1_000_000), mostFirehose, false, 4},
	} {
		b := batchOf(c.lengths...)
		want.Equal(t, name, fit(b, pack(b), c.most, c.keyed), c.want)
	}
}

// However long documents are, each stands in one record, in order, and no record or call is larger than
// AWS takes.
func TestPack_losesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOf(rapid.OneOf(rapid.IntRange(20, 2000), rapid.IntRange(20, 60_000), rapid.IntRange(999_000, 1_001_000))).Draw(t, "lengths")
		b := batchOf(lengths...)
		records := pack(b)
		next := 0
		for i, r := range records {
			if r.from != next || r.to <= r.from {
				t.Fatalf("record %d is of documents %d to %d, and %d is next", i, r.from, r.to, next)
			}
			next = r.to
			text := r.appendTo(nil, b)
			if len(text) > r.size || len(text) > unit && r.to-r.from > 1 || strings.Count(string(text), "\n") != r.to-r.from {
				t.Fatalf("record %d has %d bytes, says %d, and holds %d documents", i, len(text), r.size, r.to-r.from)
			}
		}
		if next != len(lengths) {
			t.Fatalf("%d of %d documents are packed", next, len(lengths))
		}
		for len(records) > 0 {
			count, size := fit(b, records, mostKinesis, true), 0
			for _, r := range records[:count] {
				size += r.size + len(r.key(b))
			}
			if count == 0 || count > 500 || size > mostKinesis {
				t.Fatalf("a call of %d records and %d bytes", count, size)
			}
			records = records[count:]
		}
	})
}
