package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caretaker/cmd/caretaker/console"
)

func TestMiddleware_isWrittenAsItStandsInTheRepository(t *testing.T) {
	for language, file := range map[string]string{"go": "ping.go", "node": "ping.cjs", "python": "ping.py"} {
		source, err := os.ReadFile(filepath.Join("..", "..", "warmer", "ping", file))
		if err != nil {
			t.Fatal(err)
		}
		got := caretaker(t, nowhere(), "warmer", "middleware", "--lang", language)
		got.expect(t, console.Done)
		if got.out != string(source) || got.err != "" {
			t.Errorf("%s: %d bytes are written, the file has %d; stderr %q", language, len(got.out), len(source), got.err)
		}
		if !strings.Contains(got.out, "caretaker warmer middleware --lang "+language) {
			t.Errorf("%s does not say which command wrote it", file)
		}
	}
	caretaker(t, nowhere(), "warmer", "middleware", "--lang", "rust").expect(t, console.Misused, "--lang", `"go","node","python"`)
	caretaker(t, nowhere(), "warmer", "middleware").expect(t, console.Misused, "--lang")
}
