package document

import (
	"bytes"
	"strconv"
)

// metrics are what Lambda measured of an invocation, as the digits that it wrote; nil where it did not.
type metrics [7][]byte

const (
	duration = iota
	billed
	memorySize
	memoryUsed
	initDuration
	restoreDuration
	runtimeDuration
)

var metricFields = [...]string{
	duration: "duration_ms", billed: "billed_duration_ms", memorySize: "memory_size_mb", memoryUsed: "max_memory_used_mb",
	initDuration: "init_duration_ms", restoreDuration: "restore_duration_ms", runtimeDuration: "runtime_duration_ms",
}

// report is what a REPORT line or a platform event says. The zero value says nothing.
type report struct {
	// action is what happened: start, end, report, and Lambda's own words for the rest, such as
	// initStart or runtimeDone.
	action  []byte
	id      []byte
	version []byte
	trace   []byte
	metrics metrics
	status  []byte
	errType []byte
}

// lines are the beginnings of the lines that Lambda writes as text, by their first letter.
var lines = [256][]struct {
	begins string
	action []byte
	named  bool // a request id follows
}{
	'S': {{"START RequestId: ", []byte("start"), true}},
	'E': {{"END RequestId: ", []byte("end"), true}},
	'R': {{"REPORT RequestId: ", []byte("report"), true}, {"RESTORE_START ", []byte("restoreStart"), false}, {"RESTORE_REPORT ", []byte("restoreReport"), false}},
	'I': {{"INIT_START ", []byte("initStart"), false}, {"INIT_REPORT ", []byte("initReport"), false}},
}

// textReport reads a line of Lambda's own into r; false if it is none. A tab in it is an escape.
func textReport(r *report, line []byte) bool {
	if len(line) == 0 {
		return false
	}
	for _, form := range lines[line[0]] {
		if len(line) < len(form.begins) || string(line[:len(form.begins)]) != form.begins {
			continue
		}
		rest := line[len(form.begins):]
		if form.named && !startsWithRequestID(rest) {
			return false
		}
		*r = report{action: form.action}
		if form.named {
			r.id, rest = rest[:requestID], rest[requestID:]
		}
		if version, has := bytes.CutPrefix(rest, []byte(" Version: ")); has {
			r.version = word(version)
			return true
		}
		r.fields(rest)
		return true
	}
	return false
}

// word is what comes before a blank or an escape.
func word(text []byte) []byte {
	if end := bytes.IndexAny(text, " \\"); end >= 0 {
		text = text[:end]
	}
	return text[:min(len(text), mostIDName)]
}

// fields reads what is written like Duration: 12.34 ms, with tabs or line breaks between.
func (r *report) fields(text []byte) {
	for len(text) > 0 {
		piece, rest := text, []byte(nil)
		if end := bytes.IndexByte(text, '\\'); end >= 0 {
			piece, rest = text[:end], text[min(len(text), end+2):]
		}
		text = rest
		name, value, has := bytes.Cut(bytes.TrimSpace(piece), []byte(": "))
		if !has {
			continue
		}
		switch string(name) {
		case "Duration":
			r.metrics[duration] = number(value)
		case "Billed Duration":
			r.metrics[billed] = number(value)
		case "Memory Size":
			r.metrics[memorySize] = number(value)
		case "Max Memory Used":
			r.metrics[memoryUsed] = number(value)
		case "Init Duration":
			// INIT_REPORT Init Duration: 1.00 ms\tPhase: init\tStatus: timeout
			r.metrics[initDuration] = number(value)
		case "Restore Duration":
			r.metrics[restoreDuration] = number(value)
		case "Status":
			r.status = word(value)
		case "Error Type":
			r.errType = word(value)
		case "XRAY TraceId":
			r.trace = word(value)
		}
	}
}

// number is the number that a text begins with, if JSON may have it.
func number(text []byte) []byte {
	end, point := 0, false
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.' && !point && end > 0) {
		point = point || text[end] == '.'
		end++
	}
	if end > 0 && text[end-1] == '.' {
		end--
	}
	if end == 0 || end > 1 && text[0] == '0' && text[1] != '.' {
		return nil
	}
	return text[:end]
}

// platformReport is what a platform event in JSON says.
func (f *found) platformReport(r *report) {
	*r = report{action: f.platform, id: f.requestID, version: f.version, trace: f.trace, metrics: f.metrics, status: f.status, errType: f.platformType}
	switch string(f.platform) {
	case "initReport":
		r.metrics[initDuration] = f.duration
	case "restoreReport":
		r.metrics[restoreDuration] = f.duration
	case "runtimeDone":
		r.metrics[runtimeDuration] = f.duration
	default:
		r.metrics[duration] = f.duration
	}
}

func (r *report) is(action string) bool { return string(r.action) == action }

// failed tells of an invocation that ended badly. The statuses are success, failure, error and timeout.
func (r *report) failed() bool { return len(r.status) > 0 && string(r.status) != "success" }

func (r *report) timedOut() bool { return string(r.status) == "timeout" }

// outOfMemory tells of an invocation that had all memory that there is: Lambda ends it then, at times
// only by its time-out, and not each runtime is told why.
func (r *report) outOfMemory() bool {
	if string(r.errType) == "Runtime.OutOfMemory" {
		return true
	}
	size, used := float(r.metrics[memorySize]), float(r.metrics[memoryUsed])
	return size > 0 && used >= size && string(r.status) != "success"
}

func float(digits []byte) float64 {
	value, err := strconv.ParseFloat(string(digits), 64)
	if err != nil {
		return 0
	}
	return value
}

// append appends the fields of the report.
func (r *report) append(dst []byte) []byte {
	dst = appendField(dst, "event.action", r.action)
	for i, digits := range r.metrics {
		if digits != nil {
			dst = append(dst, `,"aws.lambda.`...)
			dst = append(dst, metricFields[i]...)
			dst = append(dst, `":`...)
			dst = append(dst, digits...)
		}
	}
	dst = r.appendUsed(dst)
	if len(r.status) > 0 {
		dst = appendField(dst, "aws.lambda.status", r.status)
	}
	if r.is("report") {
		dst = appendFlag(dst, "aws.lambda.timed_out", r.timedOut())
		dst = appendFlag(dst, "aws.lambda.out_of_memory", r.outOfMemory())
	}
	return dst
}

// appendUsed appends how much of its memory an invocation used, in percent with one decimal: what is left is
// the head-room that people look for, and no search can divide one field by another. Lambda writes whole MB.
func (r *report) appendUsed(dst []byte) []byte {
	size, used := whole(r.metrics[memorySize]), whole(r.metrics[memoryUsed])
	if size <= 0 || used < 0 {
		return dst
	}
	tenths := used * 1000 / size
	dst = strconv.AppendInt(append(dst, `,"`+usedField+`":`...), tenths/10, 10)
	return strconv.AppendInt(append(dst, '.'), tenths%10, 10)
}

const usedField = "aws.lambda.memory_used_percent"

// whole is a whole number of up to nine digits; -1 is another text.
func whole(digits []byte) (value int64) {
	if len(digits) == 0 || len(digits) > 9 {
		return -1
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return -1
		}
		value = value*10 + int64(c-'0')
	}
	return value
}

// appendField appends a field behind others; value is the clean inside of a string.
func appendField(dst []byte, name string, value []byte) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":"`...)
	dst = append(dst, value...)
	return append(dst, '"')
}

func appendFlag(dst []byte, name string, value bool) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	return strconv.AppendBool(dst, value)
}
