package document

import (
	"bytes"
	"slices"
	"strings"
)

// place is where in a JSON message the lifter is, as far as keys there mean something.
type place uint8

const (
	nowhere place = iota
	atTop
	inMessage // of Lambda's JSON format
	inRecord  // of a platform event
	inMetrics
	inTracing
)

// inside is the place that the value of a key is.
func inside(where place, key []byte) place {
	switch {
	case where == atTop && string(key) == "message":
		return inMessage
	case where == atTop && string(key) == "record":
		return inRecord
	case where == inRecord && string(key) == "metrics":
		return inMetrics
	case where == inRecord && string(key) == "tracing":
		return inTracing
	}
	return nowhere
}

// found is what of a JSON message has a field of its own. The slices are pieces of the text, clean
// insides of strings or numbers.
type found struct {
	level level
	// requestID stands under a name that only Lambda's is given, anyID under requestId, which may as
	// well be another service's.
	requestID, anyID     []byte
	trace, span          []byte
	errType, errMessage  []byte
	ids                  []pair
	platform             []byte // the type of a platform event, without platform.
	version              []byte
	function             []byte
	metrics              metrics
	duration             []byte // durationMs, which means another thing in each platform event
	status, platformType []byte
}

type pair struct{ name, value []byte }

// How long values of fields of their own may be, and how many correlation ids an event may have. What
// is longer is found in the message.
const (
	mostValue  = 1024
	mostText   = 8192
	mostIDs    = 16
	mostIDName = 64
)

// keep keeps the value of a key where it has a field of its own. What stands further out wins.
func (l *lifter) keep(where place, key, raw []byte) {
	text, quoted := bytes.CutPrefix(raw, []byte{'"'})
	if quoted {
		text = text[:len(text)-1]
	}
	f := &l.found
	switch {
	case where == inMetrics:
		f.keepMetric(key, raw)
	case len(text) > mostText, bytes.IndexByte(text, '\\') >= 0 && (l.marked || string(key) != "errorMessage"):
	case where == inTracing && string(key) == "value" && quoted:
		f.trace = root(text)
	case where == inRecord && quoted:
		f.keepRecord(key, text)
	case where == atTop || where == inMessage:
		if quoted {
			f.keepText(key, text)
		} else if number := len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'); !number {
			return
		} else if string(key) == "level" && f.level == 0 {
			f.level = levelNumbered(raw)
		}
		l.keepID(key, text)
	}
}

// keepText keeps what the loggers of the runtimes, Powertools and OpenTelemetry write.
func (f *found) keepText(key, text []byte) {
	first := func(into *[]byte, most int) {
		if *into == nil && len(text) > 0 && len(text) <= most {
			*into = text
		}
	}
	switch string(key) {
	case "level", "log.level", "logLevel", "log_level", "loglevel", "LogLevel", "levelname", "severity", "lvl":
		if f.level == 0 {
			f.level = levelOf(text)
		}
	case "AWSRequestId", "awsRequestId", "aws_request_id", "function_request_id", "lambda_request_id", "faas.execution":
		if len(text) == requestID && startsWithRequestID(text) {
			first(&f.requestID, requestID)
		}
	case "requestId":
		if len(text) == requestID && startsWithRequestID(text) {
			first(&f.anyID, requestID)
		}
	case "trace_id", "traceId", "trace.id", "xray_trace_id", "xrayTraceId", "dd.trace_id", "otelTraceID":
		if first(&f.trace, mostValue); f.trace != nil {
			f.trace = root(f.trace)
		}
	case "span_id", "spanId", "span.id", "dd.span_id", "otelSpanID":
		first(&f.span, mostValue)
	case "errorType":
		first(&f.errType, mostValue)
	case "errorMessage":
		first(&f.errMessage, mostText)
	case "type":
		if after, is := bytes.CutPrefix(text, []byte("platform.")); is {
			text = after
			first(&f.platform, mostIDName)
		}
	}
}

// root is the trace id of an X-Ray header, Root=1-...;Parent=...;Sampled=1, and any other as it is.
func root(trace []byte) []byte {
	if _, after, is := bytes.Cut(trace, []byte("Root=")); is {
		trace, _, _ = bytes.Cut(after, []byte(";"))
	}
	return trace
}

// keepRecord keeps what Lambda writes of an invocation, or of the start of an environment.
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
func (f *found) keepRecord(key, text []byte) {
	switch string(key) {
	case "requestId":
		if len(text) == requestID && startsWithRequestID(text) {
			f.requestID = text
		}
	case "version", "functionVersion":
		f.version = text
	case "functionName":
		f.function = text
	case "status":
		f.status = text
	case "errorType":
		f.platformType = text
	}
}

// keepMetric keeps a number that Lambda measured.
func (f *found) keepMetric(key, raw []byte) {
	if len(raw) == 0 || len(raw) > mostIDName || raw[0] < '0' || raw[0] > '9' {
		return
	}
	switch string(key) {
	case "durationMs":
		f.duration = raw
	case "billedDurationMs":
		f.metrics[billed] = raw
	case "memorySizeMB":
		f.metrics[memorySize] = raw
	case "maxMemoryUsedMB":
		f.metrics[memoryUsed] = raw
	case "initDurationMs":
		f.metrics[initDuration] = raw
	case "restoreDurationMs":
		f.metrics[restoreDuration] = raw
	}
}

const correlationPrefix = "x-correlation-"

// keepID keeps correlation ids: those under x-correlation-*, under the usual names, and under the keys
// that the configuration names.
func (l *lifter) keepID(key, text []byte) {
	var name []byte
	switch {
	case len(key) > len(correlationPrefix) && (key[0]|0x20) == 'x' && strings.EqualFold(string(key[:len(correlationPrefix)]), correlationPrefix):
		name = key[len(correlationPrefix):]
	case string(key) == "correlationId", string(key) == "correlation_id":
		name = []byte("id")
	case slices.Contains(l.wanted, string(key)):
		name = key
	default:
		return
	}
	if len(name) > mostIDName || len(text) == 0 || len(text) > mostValue || len(l.found.ids) == mostIDs || bytes.IndexByte(name, '\\') >= 0 {
		return
	}
	for _, known := range l.found.ids {
		if bytes.EqualFold(known.name, name) {
			return
		}
	}
	l.found.ids = append(l.found.ids, pair{name, text})
}
