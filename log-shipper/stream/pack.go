package stream

import "caretaker/log-shipper/document"

const (
	// unit is how many bytes Kinesis charges for at least: 25 KB. Firehose rounds records up to 5 KB, so
	// that little is lost there either.
	// https://aws.amazon.com/kinesis/data-streams/pricing/
	unit = 25_000
	// largest is how long a record may be. Kinesis takes 1 MiB unless a stream allows more, Firehose
	// 1,000 KiB.
	// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
	// https://docs.aws.amazon.com/firehose/latest/dev/limits.html
	largest = 1_000_000
	// mostRecords is how many records a call brings at most, for both.
	mostRecords = 500
)

// record is documents from..to-1 of a batch, each as a line.
type record struct {
	from, to int
	// size is how many bytes it has, no more than largest: one document that is longer is cut.
	size int
}

// pack puts the documents of a batch into records of up to a unit, in order. What is longer goes alone.
func pack(b *document.Batch) (records []record) {
	var last record
	for i := range b.Len() {
		length := len(b.Body(i)) + 1
		if last.to > last.from && last.size+length > unit {
			records = append(records, last)
			last = record{from: i}
		}
		last.to, last.size = i+1, min(last.size+length, largest)
	}
	if last.to > last.from {
		records = append(records, last)
	}
	return records
}

// key is the partition key of a record: the first document's id, so that records spread over all
// shards, and the same one goes to the same shard again.
func (r record) key(b *document.Batch) []byte { return b.ID(r.from) }

// fit is how many of the records, from the first on, go into one call of so many bytes. Keys count where
// there are some.
func fit(b *document.Batch, records []record, most int, keyed bool) (count int) {
	size := 0
	for count < min(len(records), mostRecords) {
		size += records[count].size
		if keyed {
			size += len(records[count].key(b))
		}
		if size > most && count > 0 {
			break
		}
		count++
	}
	return count
}

// appendTo appends the record's lines. One that is too long is cut.
func (r record) appendTo(dst []byte, b *document.Batch) []byte {
	if len(b.Body(r.from))+1 > largest {
		return append(b.Cut(dst, r.from, largest-1), '\n')
	}
	for i := r.from; i < r.to; i++ {
		dst = append(append(dst, b.Body(i)...), '\n')
	}
	return dst
}
