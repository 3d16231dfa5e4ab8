// Package instrumented holds functions to keep warm, in the three languages of the middleware: for
// tests, demo and bench. The package function says what they do.
package instrumented

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	_ "embed" // the programs
	"errors"
	"fmt"
	"io"
	"os"

	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/warmer/ping"
)

// Binary is where make leaves the Go program for this machine, below the checkout.
const Binary = "dist/host/test/warmer/instrumented/bootstrap"

// Program is the code of a function, as CreateFunction takes it.
type Program struct {
	Runtime lambdatypes.Runtime
	Handler string
	Zip     []byte
}

//go:embed function.cjs
var node []byte

//go:embed function.py
var python []byte

// Go is the program in Go, from its binary for this machine.
func Go(binary string) (Program, error) {
	code, err := os.ReadFile(binary) // #nosec G304 -- a path of the build
	if err != nil {
		return Program{}, fmt.Errorf("%w (make builds it)", err)
	}
	packed, err := pack(map[string][]byte{"bootstrap": code})
	return Program{lambdatypes.RuntimeProvidedal2023, "bootstrap", packed}, err
}

// Node is the program in Node, with the middleware as users get it.
func Node() (Program, error) {
	packed, err := pack(map[string][]byte{"function.cjs": node, "ping.cjs": []byte(ping.Node), "index.js": []byte(`exports.handler = require("./function.cjs").handler`)})
	return Program{lambdatypes.RuntimeNodejs20x, "index.handler", packed}, err
}

// Python is the program in Python, with the middleware as users get it.
func Python() (Program, error) {
	packed, err := pack(map[string][]byte{"function.py": python, "ping.py": []byte(ping.Python)})
	return Program{lambdatypes.RuntimePython311, "function.handler", packed}, err
}

func pack(files map[string][]byte) ([]byte, error) {
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	writer.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for name, content := range files {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o755)
		entry, err := writer.CreateHeader(header)
		if err == nil {
			_, err = entry.Write(content)
		}
		if err != nil {
			return nil, errors.Join(err, writer.Close())
		}
	}
	err := writer.Close()
	return archive.Bytes(), err
}

// Calls are what the processes of one witness file noted: how often each was called, by the number of
// the process.
type Calls struct {
	Pings, Events map[int]int
}

// Witnessed reads a witness file. One that is absent has noted nothing.
func Witnessed(path string) (Calls, error) {
	calls := Calls{Pings: map[int]int{}, Events: map[int]int{}}
	file, err := os.Open(path) // #nosec G304 -- the caller's own
	if errors.Is(err, os.ErrNotExist) {
		return calls, nil
	}
	if err != nil {
		return calls, err
	}
	defer func() { _ = file.Close() }() // only read
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var process int
		var what string
		if _, err := fmt.Sscanf(lines.Text(), "%d %s", &process, &what); err != nil {
			return calls, fmt.Errorf("reading %s: %q: %w", path, lines.Text(), err)
		}
		if what == "ping" {
			calls.Pings[process]++
		} else {
			calls.Events[process]++
		}
	}
	return calls, lines.Err()
}
