package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator/lambdasim"
)

// windows are the forms in which PowerShell and Notepad write text.
var windows = map[string]func(text string) string{
	"UTF-8 with a byte order mark": func(text string) string { return "\xef\xbb\xbf" + text },
	"UTF-16":                       func(text string) string { return inUTF16(binary.LittleEndian, text) },
	"UTF-16, big end first":        func(text string) string { return inUTF16(binary.BigEndian, text) },
}

func inUTF16(order binary.AppendByteOrder, text string) string {
	var raw []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		raw = order.AppendUint16(raw, unit)
	}
	return string(raw)
}

// The configuration is not among them: it is kept and shared, and is told to be saved as UTF-8.
func TestInput_isReadAsWindowsWritesIt(t *testing.T) {
	r := newRaising(t)
	for name, form := range windows {
		t.Run(name, func(t *testing.T) {
			event := write(t, "event.json", form(string(read(t, "sns.json"))))
			caretaker(t, r.environ, "limit-raiser", "plan", "--config", r.file, "--event", event).expect(t, console.Done, "table/orders  write  provisioned    10  15")
			load := write(t, "load.csv", form("minutes,unitsPerSecond\n0,30\n20,200\n60,200\n"))
			if got := simulate(t, "--trace", load, "--present", "50"); !strings.Contains(got, "limit-raiser        200") {
				t.Error(got)
			}
			sim := fleet(t, lambdasim.Options{}, orders(1)...)
			path := filepath.Join(t.TempDir(), "plan.json")
			caretaker(t, environment(sim), with("janitor", "plan", "--out", path)...).expect(t, console.Done, "holds 7 versions")
			plan, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			caretaker(t, environment(sim), with("janitor", "apply", "--yes", "--plan", write(t, "plan.json", form(string(plan))))...).expect(t, console.Done, "Deleted         7 versions")
		})
	}
}
