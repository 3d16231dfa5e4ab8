package document

import (
	"bytes"

	"caretaker/log-shipper/payload"
)

// scope is what the documents of a payload share, written once: the account and Region, the group and
// stream, the function; and then what those of an invocation share.
type scope struct {
	buffer []byte
	// account, region, group are the pieces between which an event may put its own account and Region.
	account, region, group span
	// invocations are the fields of each invocation, in the order of invocations.all.
	invocations []span
	// version is the function's, where no invocation says it.
	version span
	// bad says that something in the names was no character.
	bad bool
}

// lambdaGroups is what the log groups of functions begin with, unless they are configured.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
const lambdaGroups = "/aws/lambda/"

func (s *scope) begin(m *Maker) {
	*s = scope{buffer: s.buffer[:0], invocations: s.invocations[:0]}
	text := func(value payload.Span) []byte {
		inside := value.Of(m.text)
		if m.valid && m.payload.Marks&needClean == 0 {
			return inside
		}
		clean := appendClean(nil, inside)
		s.bad = s.bad || !bytes.Equal(clean, inside)
		return clean
	}
	group, stream := text(m.payload.Group), text(m.payload.Stream)
	s.account = s.field("cloud.account.id", text(m.payload.Owner))
	s.region = s.field("cloud.region", []byte(m.options.Region))
	function, version := functionOf(group, stream)
	if f := m.invocations.function; function == nil {
		function = f
	}
	if v := m.invocations.version; v != nil {
		version = v
	}
	begin := len(s.buffer)
	s.buffer = append(s.buffer, `,"cloud.provider":"aws"`...)
	s.field("aws.cloudwatch.log_group", group)
	s.field("aws.cloudwatch.log_stream", stream)
	s.field("faas.name", function)
	s.group = span{begin, len(s.buffer)}
	s.version = s.field("faas.version", version)
	for i := range m.invocations.all {
		s.invocations = append(s.invocations, s.invocation(&m.invocations.all[i], version))
	}
}

// invocation writes what the lines of an invocation share.
func (s *scope) invocation(one *invocation, version []byte) span {
	if one.version != nil {
		version = one.version
	}
	begin := len(s.buffer)
	s.field("faas.version", version)
	s.field("faas.execution", one.id)
	if one.cold || one.warm {
		s.buffer = appendFlag(s.buffer, "faas.coldstart", one.cold)
	}
	return span{begin, len(s.buffer)}
}

// field writes a field, unless it is empty.
func (s *scope) field(name string, value []byte) span {
	begin := len(s.buffer)
	if len(value) > 0 {
		s.buffer = appendField(s.buffer, name, value)
	}
	return span{begin, len(s.buffer)}
}

func (s *scope) at(piece span) []byte { return s.buffer[piece.from:piece.to] }

// functionOf reads the function's name and version from the names of its group and stream:
//
//	/aws/lambda/checkout, 2026/11/29/[$LATEST]0123456789abcdef0123456789abcdef
//	/aws/lambda/us-east-1.edge, of Lambda@Edge in another Region
//	any other group, 2026/11/29/checkout[12]0123456789abcdef0123456789abcdef
func functionOf(group, stream []byte) (name, version []byte) {
	const date = len("2026/11/29/")
	open, closing := bytes.IndexByte(stream, '['), bytes.IndexByte(stream, ']')
	if open >= date && closing > open && stream[4] == '/' && stream[7] == '/' && stream[10] == '/' {
		version = stream[open+1 : closing]
		if open > date {
			name = stream[date:open]
		}
	}
	if after, is := bytes.CutPrefix(group, []byte(lambdaGroups)); is {
		name = after[bytes.LastIndexByte(after, '.')+1:]
	}
	return name, version
}
