package document

import (
	"bytes"

	"caretaker/log-shipper/payload"
)

// needClean are the marks of strings that cannot be passed on as they are.
const needClean = payload.BadEscape | payload.Lone | payload.Control | payload.NoString

// event makes the document of one event, unless it is dropped.
func (m *Maker) event(b *Batch, position int) {
	e := &m.payload.Events[position]
	if e.Marks&payload.NoEvent != 0 {
		m.refuse(e.Whole.Of(m.text), "this entry of logEvents is no object")
		return
	}
	m.counts.In++
	d := &m.draft
	var kept bool
	if d.weight, kept = m.sampler.weigh(position); !kept {
		m.counts.Sampled++
		return
	}
	d.begin(e.Marks, m.invocations.of[position])
	m.message(d, e)
	m.read(d)
	if m.drops(d) {
		m.counts.Dropped++
		return
	}
	if m.redact(d) {
		m.read(d)
		if d.verdict == noJSON && d.wasJSON {
			d.verdict = unfit
		}
	}
	m.append(b, position)
}

// draft is what is known of the document being made.
type draft struct {
	// line is the inside of the message: as it came, or clean.
	line  []byte
	marks payload.Marks
	// bad says that something in the message was no character.
	bad, redacted, cut bool
	header             header
	// object is where the message's JSON object begins, -1 where it has none.
	object  int
	verdict verdict
	wasJSON bool
	// found is what the lifter found in a JSON object.
	found *found
	// report is what the line says if reported.
	report     report
	reported   bool
	level      level
	invocation int32
	// weight is the field that says of how many events this is one; nil without sampling.
	weight []byte
}

// begin forgets the event before, but for the report, which counts only where one is read.
func (d *draft) begin(marks payload.Marks, invocation int32) {
	d.marks, d.invocation = marks, invocation
	d.bad, d.redacted, d.cut, d.wasJSON = false, false, false, false
}

// nothing is found in what is no JSON.
var nothing found

// message makes the line clean: what passes as the inside of a JSON string everywhere.
func (m *Maker) message(d *draft, e *payload.Event) {
	d.line = e.Message.Of(m.text)
	switch {
	case d.marks&payload.NoString != 0:
		m.clean, d.bad = appendEscaped(m.clean[:0], d.line)
	case d.marks&needClean != 0 || !m.valid:
		m.clean = appendClean(m.clean[:0], d.line)
		d.bad = d.marks&(payload.BadEscape|payload.Lone) != 0 || !m.valid && !bytes.Equal(m.clean, d.line)
	default:
		return
	}
	d.line = m.clean
}

// read finds what a line says: its prefix, Lambda's own lines, its JSON.
func (m *Maker) read(d *draft) {
	d.header, d.object, d.verdict, d.found = header{}, -1, noJSON, &nothing
	if d.reported = textReport(&d.report, d.line); !d.reported {
		if len(d.line) > 0 && d.line[0] != '{' {
			d.header = headerOf(d.line)
		}
		d.object = objectAt(d.line, d.header.rest)
	}
	if d.object >= 0 && len(d.line) <= mostMessage {
		m.plain = appendPlain(m.plain[:0], d.line[d.object:])
		if d.verdict = m.lifter.run(m.plain); d.verdict != noJSON {
			d.wasJSON, d.found = true, &m.lifter.found
		}
		if d.found.platform != nil {
			d.found.platformReport(&d.report)
			d.reported = true
		}
	}
	d.level = d.header.level
	switch {
	case d.found.level != 0:
		d.level = d.found.level
	case d.reported && d.report.failed(), timedOut(d):
		d.level = levelError
	}
}

// timedOut tells of the line that Lambda wrote of a time-out until 2026, and since then in its REPORT.
func timedOut(d *draft) bool {
	return d.header.id != nil && bytes.HasPrefix(d.line[d.header.rest:], []byte("Task timed out after "))
}

// drops tells whether the configuration leaves the event out.
func (m *Maker) drops(d *draft) bool {
	if len(m.dropper.patterns) == 0 {
		return m.dropper.drops(d.level, nil)
	}
	m.hidden = appendPlain(m.hidden[:0], d.line)
	return m.dropper.drops(d.level, m.hidden)
}

// redact puts in the place of the line one without what must not leave, if it has anything of it.
func (m *Maker) redact(d *draft) (hit bool) {
	if !m.redactor.suspects(d.line, d.marks) {
		return false
	}
	out, text := m.hidden[:0], m.plain[:0]
	if d.verdict == noJSON {
		text = appendPlain(text, d.line)
		out, hit = m.redactor.appendText(out, text, nil)
	} else {
		text = appendPlain(text, d.line[:d.object])
		var before bool
		out, before = m.redactor.appendText(out, text, nil)
		text = appendPlain(text[:0], d.line[d.object:])
		out, hit = m.redactor.appendJSON(out, text)
		hit = hit || before
	}
	m.hidden, m.plain = out, text
	if !hit {
		if d.verdict != noJSON { // what was found in the text that is gone now
			m.read(d)
		}
		return false
	}
	d.redacted = true
	m.clean, _ = appendEscaped(m.clean[:0], m.hidden)
	d.line = m.clean
	return true
}
