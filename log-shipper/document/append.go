package document

import (
	"bytes"

	"caretaker/log-shipper/payload"
)

// append writes the document of a draft into the batch.
func (m *Maker) append(b *Batch, position int) {
	d, e := &m.draft, &m.payload.Events[position]
	one := doc{time: e.Time}
	one.id.from = len(b.buffer)
	out := m.ids.append(b.buffer, m.text, &m.payload, position)
	one.id.to = len(out)
	one.body.from = len(out)
	out = m.stamp.append(append(out, `{"@timestamp":`...), e.Time)
	out = appendField(out, "event.id", out[one.id.from:one.id.to])
	line := d.line
	if len(line) > mostMessage {
		line, d.cut = line[:boundary(line, mostMessage)], true
	}
	out = append(out, `,"message":"`...)
	one.message.from = len(out)
	out = append(out, line...)
	one.message.to = len(out)
	out = append(out, '"')
	out = m.appendPlace(out, e)
	out = m.appendRun(out, d)
	out = append(out, d.weight...)
	if d.level > 0 {
		out = appendField(out, "log.level", []byte(levelNames[d.level]))
	}
	if d.reported {
		out = d.report.append(out)
	} else if timedOut(d) {
		out = appendFlag(out, "aws.lambda.timed_out", true)
	}
	out = appendErrors(out, d)
	out = appendIDs(out, d.found.ids)
	out, one.tags = m.appendTags(out, d)
	if d.verdict == lifted {
		one.lifted.from = len(out)
		out = append(out, `,"`+Lifted+`":`...)
		out = append(out, m.lifter.out...)
		one.lifted.to = len(out)
	}
	out = append(out, '}')
	one.body.to = len(out)
	b.buffer, b.docs = out, append(b.docs, one)
}

// appendPlace writes the account, the Region, the group and the function. Where CloudWatch was asked to
// say of each event where it came from, that goes before the payload's owner: logs may have been
// centralised.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
func (m *Maker) appendPlace(out []byte, e *payload.Event) []byte {
	account, region := m.scope.at(m.scope.account), m.scope.at(m.scope.region)
	if e.Extracted.To > e.Extracted.From {
		payload.Fields(e.Extracted.Of(m.text), func(key, value []byte) {
			if len(value) == 0 || len(value) > mostIDName || bytes.IndexByte(value, '\\') >= 0 || !isPlain(value) {
				return
			}
			switch string(key) {
			case "@aws.account":
				out, account = appendField(out, "cloud.account.id", value), nil
			case "@aws.region":
				out, region = appendField(out, "cloud.region", value), nil
			}
		})
	}
	out = append(out, account...)
	out = append(out, region...)
	return append(out, m.scope.at(m.scope.group)...)
}

// isPlain tells whether a value is printable ASCII.
func isPlain(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// runOf is the invocation that the line is of: its number, or its id where the payload tells no more of it
// than that. The line's own word wins; under requestId it may be that of another service, so it counts only
// where nothing else is known.
func (m *Maker) runOf(d *draft) (number int32, id []byte) {
	id = d.header.id
	if d.found.requestID != nil {
		id = d.found.requestID
	}
	if d.reported && d.report.id != nil {
		id = d.report.id
	}
	if other := d.found.anyID; id == nil && other != nil && (d.invocation == none || m.invocations.find(other) != none) {
		id = other
	}
	if id == nil {
		return d.invocation, nil
	}
	return m.invocations.find(id), id
}

// requestOf is the request id that the document of the line gets; nil where it gets none.
func (m *Maker) requestOf(d *draft) []byte {
	number, id := m.runOf(d)
	if number != none {
		return m.invocations.all[number].id
	}
	return id
}

// appendRun writes the version and the invocation that the line is of.
func (m *Maker) appendRun(out []byte, d *draft) []byte {
	number, id := m.runOf(d)
	trace := d.found.trace
	switch {
	case number != none:
		out = append(out, m.scope.at(m.scope.invocations[number])...)
		if trace == nil {
			trace = m.invocations.all[number].trace
		}
	default:
		out = append(out, m.scope.at(m.scope.version)...)
		if id != nil {
			out = appendField(out, "faas.execution", id)
		}
	}
	if trace != nil {
		out = appendField(out, "trace.id", trace)
	}
	if d.found.span != nil {
		out = appendField(out, "span.id", d.found.span)
	}
	return out
}

// appendErrors writes the type and message of an error, as Lambda and its runtimes name them.
func appendErrors(out []byte, d *draft) []byte {
	kind := d.found.errType
	if d.reported && len(d.report.errType) > 0 {
		kind = d.report.errType
	}
	if kind != nil {
		out = appendField(out, "error.type", kind)
	}
	if d.found.errMessage != nil {
		out = appendField(out, "error.message", d.found.errMessage)
	}
	return out
}

func appendIDs(out []byte, ids []pair) []byte {
	if len(ids) == 0 {
		return out
	}
	out = append(out, `,"`+Correlation+`":{`...)
	for i, id := range ids {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = append(out, id.name...)
		out = append(out, `":"`...)
		out = append(out, id.value...)
		out = append(out, '"')
	}
	return append(out, '}')
}

// appendTags writes what was done to the event, and where the list ends.
func (m *Maker) appendTags(out []byte, d *draft) ([]byte, int) {
	begin, marked := len(out), false
	for _, tag := range [...]struct {
		holds bool
		name  string
	}{
		{d.bad || m.scope.bad || d.verdict == lifted && m.lifter.marked, tagText},
		{d.marks&payload.TimeUnknown != 0, tagTime},
		{d.cut, tagCut},
		{d.verdict == unfit, tagLifted},
		{d.redacted, tagRedacted},
	} {
		if !tag.holds {
			continue
		}
		if len(out) == begin {
			out = append(out, `,"tags":[`...)
		} else {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), tag.name...), '"')
		marked = marked || tag.name != tagRedacted
	}
	if marked {
		m.counts.Marked++
	}
	if d.redacted {
		m.counts.Redacted++
	}
	if len(out) == begin {
		return out, 0
	}
	return append(out, ']'), len(out)
}
