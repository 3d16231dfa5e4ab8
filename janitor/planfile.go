package janitor

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// planSchema is the number of the plan file's form; another one is refused.
const planSchema = 1

// mostPlanBytes bounds what is read of a plan file: about a million versions.
const mostPlanBytes = 256 << 20

// PlanWriter writes a plan file while the decisions come, a line for each version.
type PlanWriter struct {
	out   *bufio.Writer
	count int
	err   error
}

// NewPlanWriter begins the file. The schema in head is overwritten.
func NewPlanWriter(to io.Writer, head PlanHead) *PlanWriter {
	head.Schema = planSchema
	w := &PlanWriter{out: bufio.NewWriter(to)}
	text, err := json.Marshal(head)
	w.err = err
	w.write(append(bytes.TrimSuffix(text, []byte("}")), `,"versions":[`...))
	return w
}

// Add writes the version if it may be deleted, and leaves out all others. An error comes with Close.
func (w *PlanWriter) Add(decision Decision) {
	if w.err != nil || !decision.reviewable() {
		return
	}
	text, err := json.Marshal(decision.reviewed())
	w.err = err
	if w.count > 0 {
		w.write([]byte(","))
	}
	w.write(append([]byte("\n"), text...))
	w.count++
}

// Close ends the file and says how many versions it holds, and what went wrong since it was begun.
func (w *PlanWriter) Close() (int, error) {
	w.write([]byte("\n]}\n"))
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.count, w.err
}

func (w *PlanWriter) write(text []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(text)
	}
}

// ReadPlan reads a plan file, strictly: whoever takes lines out of it by hand must leave it
// whole, and nothing that is not understood is passed over.
func ReadPlan(from io.Reader) (PlanFile, error) {
	bounded := &io.LimitedReader{R: from, N: mostPlanBytes}
	decoder := json.NewDecoder(bounded)
	decoder.DisallowUnknownFields()
	var file PlanFile
	err := file.decode(decoder)
	switch {
	case bounded.N <= 0:
		return PlanFile{}, fmt.Errorf("it is larger than %s", Size(mostPlanBytes))
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return PlanFile{}, errors.New("it ends too early: the plan is not whole")
	case err != nil:
		return PlanFile{}, inWords(err)
	}
	if err := file.valid(); err != nil {
		return PlanFile{}, err
	}
	return file, nil
}

// decode goes version by version, so that the text of a large file is never held whole.
func (f *PlanFile) decode(decoder *json.Decoder) error {
	fields := map[string]any{
		"schema": &f.Schema, "account": &f.Account, "region": &f.Region, "stage": &f.Stage,
		"configuration": &f.Configuration, "made": &f.Made,
	}
	if err := opening(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		into, known := fields[key]
		switch {
		case known:
			delete(fields, key)
			if err := decoder.Decode(into); err != nil {
				return fmt.Errorf("%s: %w", key, inWords(err))
			}
		case key == "versions" && f.Versions == nil:
			if err := f.decodeVersions(decoder); err != nil {
				return err
			}
		default:
			if key == "command" || key == "regions" {
				return errors.New("this is what --json prints; --plan takes the file of plan --out")
			}
			return fmt.Errorf("the key %q is unknown or there twice", key)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return err
	}
	if f.Versions == nil || len(fields) > 0 {
		return errors.New("it lacks a key of a plan file: schema, account, region, stage, configuration, made, versions")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the plan")
	}
	return nil
}

func (f *PlanFile) decodeVersions(decoder *json.Decoder) error {
	if err := opening(decoder, '['); err != nil {
		return fmt.Errorf("versions: %w", err)
	}
	f.Versions = []ReviewedVersion{}
	for decoder.More() {
		var version ReviewedVersion
		if err := decoder.Decode(&version); err != nil {
			return fmt.Errorf("versions, entry %d: %w", len(f.Versions)+1, inWords(err))
		}
		f.Versions = append(f.Versions, version)
	}
	_, err := decoder.Token()
	return err
}

func opening(decoder *json.Decoder, bracket json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != bracket {
		err = fmt.Errorf("it is not a plan file: %v where %v should be", token, bracket)
	}
	return err
}

// inWords says what JSON's errors mean for whoever edited the file by hand.
func inWords(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var at *time.ParseError
	switch {
	case errors.As(err, &syntax) && syntax.Offset <= 1:
		return errors.New("it is not a plan file: plan --out writes one")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON after %d characters: %w", syntax.Offset-1, err)
	case errors.As(err, &kind):
		wanted := map[reflect.Kind]string{reflect.String: "a text", reflect.Int: "a whole number", reflect.Int64: "a whole number"}
		return fmt.Errorf("%s: it is a %s where %s should be", cmp.Or(kind.Field, "the value"), kind.Value, cmp.Or(wanted[kind.Type.Kind()], "something else"))
	case errors.As(err, &at):
		return fmt.Errorf("%s is not a time like 2026-01-31T18:00:00Z", at.Value)
	}
	return err
}

// valid looks at the values. The versions have to be in the order in which they were written,
// so that none is there twice.
func (f *PlanFile) valid() error {
	if f.Schema != planSchema {
		return fmt.Errorf("its schema is %d, and this caretaker reads %d: make a new plan", f.Schema, planSchema)
	}
	if f.Account == "" || f.Region == "" || f.Made.IsZero() {
		return errors.New("account, region and made must not be empty")
	}
	for position, version := range f.Versions {
		if version.Function == "" || version.Version < 1 || version.CodeSHA256 == "" {
			return fmt.Errorf("versions, entry %d: function, version (1 or more) and codeSha256 must not be empty", position+1)
		}
		if position == 0 {
			continue
		}
		last := f.Versions[position-1]
		if order := strings.Compare(last.Function, version.Function); order > 0 || order == 0 && last.Version >= version.Version {
			return fmt.Errorf("versions, entry %d: %s:%d is there twice or out of order", position+1, version.Function, version.Version)
		}
	}
	return nil
}
