package simulation

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// What a trace may hold.
const (
	maxTraceBytes  = 16 << 20
	maxTraceLength = 7 * 24 * time.Hour
	maxTraceUnits  = 1e9
)

// Trace is a load over time, as it would be if nothing were ever throttled.
type Trace struct {
	Name string
	// Begins is when it begins: raises are counted by UTC days, and their cost by months. Zero is a
	// midnight at which both do.
	Begins time.Time
	// Present is the capacity that the load meets at the beginning; 0 takes the policy's.
	Present float64
	// Points are two or more, in the order of time, the first at 0. Each holds until the next;
	// the last only says when the trace ends.
	Points []Point
}

// Point is where the load of a trace changes.
type Point struct {
	At time.Duration
	// PerSecond is in units a second.
	PerSecond float64
}

func (t Trace) begins() time.Time {
	if t.Begins.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t.Begins.UTC()
}

// seconds are the units of each second of the trace, whole minutes of them.
func (t Trace) seconds() []float64 {
	var each []float64
	for i, point := range t.Points {
		if i+1 < len(t.Points) {
			for time.Duration(len(each))*time.Second < t.Points[i+1].At {
				each = append(each, point.PerSecond)
			}
		}
	}
	return each[:len(each)/60*60]
}

// timeColumns are the names of the first column, each with how its values are read.
var timeColumns = map[string]func(text string, first time.Time) (time.Duration, error){
	"seconds": func(text string, _ time.Time) (time.Duration, error) { return offset(text, "seconds", time.Second) },
	"minutes": func(text string, _ time.Time) (time.Duration, error) { return offset(text, "minutes", time.Minute) },
	"time": func(text string, first time.Time) (time.Duration, error) {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return 0, errors.New("it is not a time like 2026-01-31T18:00:00Z")
		}
		return at.Sub(first), nil
	},
}

// traceForm is what a file has to look like, for whoever gave another one.
const traceForm = "the first line must be seconds,unitsPerSecond (or minutes or time for seconds), the next 0,100"

// ReadTrace reads a CSV file whose first line names its two columns: seconds, minutes or time
// (as in RFC 3339), and unitsPerSecond. Each load holds until the next line's time; the last
// line ends the trace. Errors name line and column.
func ReadTrace(name string, from io.Reader) (Trace, error) {
	limited := &io.LimitedReader{R: from, N: maxTraceBytes + 1}
	text := bufio.NewReader(limited)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" {
		_, _ = text.Discard(3) // a spreadsheet's mark of UTF-8
	}
	reader := csv.NewReader(text)
	reader.FieldsPerRecord = 2
	reader.ReuseRecord = true
	reader.TrimLeadingSpace = true
	trace, err := readTrace(reader)
	if limited.N <= 0 {
		err = fmt.Errorf("it has more than %d bytes", maxTraceBytes)
	}
	if err != nil {
		return Trace{}, fmt.Errorf("reading the trace %s: %w", name, err)
	}
	trace.Name = name
	return trace, nil
}

func readTrace(reader *csv.Reader) (Trace, error) {
	header, err := reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return Trace{}, errors.New("it is empty: " + traceForm)
	case len(header) == 1 && strings.Contains(header[0], ";"):
		return Trace{}, errors.New("line 1: semicolons stand where commas should: " + traceForm)
	case errors.Is(err, csv.ErrFieldCount):
		return Trace{}, errors.New("line 1: it does not have two columns: " + traceForm)
	case err != nil:
		return Trace{}, err
	}
	timeOf, ok := timeColumns[header[0]]
	if !ok {
		return Trace{}, at(reader, 0, "it is %.20q, not seconds, minutes or time: "+traceForm, header[0])
	}
	if header[1] != "unitsPerSecond" {
		return Trace{}, at(reader, 1, "it is %.20q, not unitsPerSecond: "+traceForm, header[1])
	}
	var trace Trace
	var first time.Time
	for {
		record, err := reader.Read()
		switch {
		case errors.Is(err, io.EOF) && (len(trace.Points) < 2 || trace.Points[len(trace.Points)-1].At < time.Minute):
			return Trace{}, errors.New("it is shorter than a minute")
		case errors.Is(err, io.EOF):
			return trace, nil
		case errors.Is(err, csv.ErrFieldCount):
			line, _ := reader.FieldPos(0)
			return Trace{}, fmt.Errorf("line %d: it does not have two columns", line)
		case err != nil:
			return Trace{}, err
		}
		if first.IsZero() {
			// What is not a time is found below.
			first, _ = time.Parse(time.RFC3339, record[0])
			trace.Begins = first
		}
		offset, err := timeOf(record[0], first)
		if err != nil {
			return Trace{}, at(reader, 0, "%w", err)
		}
		if err := trace.follows(offset); err != nil {
			return Trace{}, at(reader, 0, "%w", err)
		}
		perSecond, err := strconv.ParseFloat(record[1], 64)
		if err != nil || math.IsNaN(perSecond) || perSecond < 0 || perSecond > maxTraceUnits {
			return Trace{}, at(reader, 1, "%.20q is not a load from 0 to %g units a second", record[1], maxTraceUnits)
		}
		trace.Points = append(trace.Points, Point{offset, perSecond})
	}
}

// follows says why a point may not stand next at that time.
func (t Trace) follows(at time.Duration) error {
	if len(t.Points) == 0 && at != 0 {
		return errors.New("a trace begins at 0 (a file whose first column is time may begin at any)")
	}
	if len(t.Points) > 0 && at <= t.Points[len(t.Points)-1].At {
		return errors.New("it is not after the line before")
	}
	if at > maxTraceLength {
		return fmt.Errorf("it is more than %.0f hours after the first", maxTraceLength.Hours())
	}
	return nil
}

// at says where in the file something is wrong.
func at(reader *csv.Reader, field int, format string, args ...any) error {
	line, _ := reader.FieldPos(field)
	return fmt.Errorf("line %d, the %s column: %w", line, []string{"first", "second"}[field], fmt.Errorf(format, args...))
}

func offset(text, name string, unit time.Duration) (time.Duration, error) {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number >= 0 && number*float64(unit) <= float64(maxTraceLength)) {
		return 0, fmt.Errorf("%.20q is not a number of %s up to seven days", text, name)
	}
	return time.Duration(number * float64(unit)), nil
}
