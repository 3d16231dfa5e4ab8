package document

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"caretaker/log-shipper/payload"
)

// Options are what a Maker is told besides its configuration.
type Options struct {
	// Region is where the log groups are, unless an event says otherwise.
	Region string
	// Own tells the log groups that must not be shipped. Nil means none.
	Own func(group string) bool
}

// mostMessage is how long the inside of a message may be, in bytes. CloudWatch Logs takes events of up
// to 1 MB; what is longer than this comes from elsewhere, and would exceed what small domains take.
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits
const mostMessage = 4 << 20

// usualGrowth is how much longer documents usually are than the payload's text.
const usualGrowth = 3

// Maker makes documents of the plain text of payloads. It keeps its buffers for the next payload, so
// it serves one at a time.
type Maker struct {
	options  Options
	dropper  dropper
	sampler  sampler
	redactor redactor
	counts   Counts

	text  []byte
	at    int
	valid bool // text is UTF-8
	done  bool // nothing of text is left, but events
	// payload is the JSON value whose events are being made, next the first that is not.
	payload payload.Payload
	next    int
	skipped bool // its events are not to be made

	scope       scope
	invocations invocations
	ids         ids
	lifter      lifter
	// draft is the event at hand; clean, hidden and plain are its message clean, redacted, as plain text.
	draft                draft
	clean, hidden, plain []byte
	stamp                stamp
}

// NewMaker reads the expressions of the configuration; its errors name the one that cannot be read.
func NewMaker(config Config, options Options) (*Maker, error) {
	m := &Maker{options: options}
	var err error
	if m.dropper, err = newDropper(config.Drop); err != nil {
		return nil, fmt.Errorf("reading drop.patterns: %w", err)
	}
	m.sampler = newSampler(config.Sample)
	if m.redactor, err = newRedactor(config.Redact); err != nil {
		return nil, fmt.Errorf("reading redact.patterns: %w", err)
	}
	m.lifter.wanted = config.Correlation
	return m, nil
}

// Begin takes the plain text of a payload, which may hold several JSON values in a row. The text must
// stay as it is until the last Fill. A text without anything has no events.
func (m *Maker) Begin(plain []byte) {
	m.text, m.at, m.next, m.done = plain, 0, 0, false
	m.valid = utf8.Valid(plain)
	m.payload = payload.Payload{Events: m.payload.Events[:0]}
	m.counts = Counts{}
}

// Fill appends documents to the batch until it holds most bytes or the payload ends, and tells
// whether there may be more. So a payload needs no more memory than itself and one batch.
func (m *Maker) Fill(b *Batch, most int) (more bool) {
	b.reserve(min(most, usualGrowth*(len(m.text)-m.at)))
	for {
		for m.next < len(m.payload.Events) {
			if len(b.buffer) >= most {
				return true
			}
			position := m.next
			m.next++
			if !m.skipped {
				m.event(b, position)
			}
		}
		if m.done {
			return false
		}
		m.value()
	}
}

// Counts are those of the payload since Begin, so far.
func (m *Maker) Counts() Counts { return m.counts }

// Redact appends text with everything replaced that the configuration says: for dead letters that
// never became documents. Of JSON it makes JSON.
func (m *Maker) Redact(dst, text []byte) []byte {
	if m.redactor.off() {
		return append(dst, text...)
	}
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		dst, _ = m.redactor.appendJSON(dst, text)
		return dst
	}
	dst, _ = m.redactor.appendText(dst, text, nil)
	return dst
}

// value reads the next JSON value of the text.
func (m *Maker) value() {
	m.next, m.skipped = 0, true
	next, found, err := m.payload.Next(m.text, m.at)
	if err != nil {
		m.refuse(m.text[next:], "the payload cannot be read: "+err.Error())
		m.payload.Events = m.payload.Events[:0]
	}
	if err != nil || !found {
		m.done = true
		return
	}
	m.at = next
	kind := m.payload.Type.Of(m.text)
	switch {
	case string(kind) == payload.TypeControl:
		m.counts.Controls++
	case !m.payload.Listed:
		m.refuse(m.payload.Whole.Of(m.text), "this is no log payload: it has no logEvents")
	case len(m.payload.Events) == 0:
	default:
		if string(kind) != payload.TypeData {
			m.counts.Untyped++
		}
		m.enter()
	}
}

// refuse counts a piece of the text as one event that cannot be sent.
func (m *Maker) refuse(raw []byte, reason string) {
	m.counts.In++
	m.counts.Refused = append(m.counts.Refused, Refusal{Reason: reason, Raw: raw})
}

// enter prepares what all events of the payload share.
func (m *Maker) enter() {
	group := string(appendPlain(nil, m.payload.Group.Of(m.text)))
	if m.options.Own != nil && m.options.Own(group) {
		m.counts.In += len(m.payload.Events)
		m.counts.Own += len(m.payload.Events)
		m.counts.OwnGroups = append(m.counts.OwnGroups, group)
		return
	}
	m.skipped = false
	m.ids.begin()
	m.invocations.begin(m.text, m.payload.Events, m.platform)
	m.scope.begin(m)
	m.judge()
}

// platform reads an event of Lambda's own in JSON into r.
func (m *Maker) platform(r *report, line []byte) (function []byte, is bool) {
	m.plain = appendPlain(m.plain[:0], line)
	if m.lifter.run(m.plain) == noJSON || m.lifter.found.platform == nil {
		return nil, false
	}
	m.lifter.found.platformReport(r)
	function = m.lifter.found.function
	// The buffers are used again, so what is kept is found once more in the text.
	for _, piece := range []*[]byte{&r.action, &r.id, &r.version, &r.trace, &function} {
		*piece = within(line, *piece)
	}
	return function, true
}

// within is the place in a line where a piece stands that was read from its plain text.
func within(line, piece []byte) []byte {
	at := bytes.Index(line, piece)
	if at < 0 || piece == nil {
		return nil
	}
	return line[at : at+len(piece)]
}
