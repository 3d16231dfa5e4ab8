// Command schema writes the JSON Schema of caretaker.yaml, from which editors
// complete and check it: go run ./internal/config/schema > caretaker.schema.json
//
// It is generated from the Go types and their comments, and run from the top of the
// checkout, where their source is.
package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := generate()
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}
