package main

import (
	"archive/zip"
	"encoding/json"
	"os"

	"caretaker/janitor"
)

// binarySizes measures what is deployed.
func binarySizes(r *results) error {
	binary, err := os.ReadFile(janitorBinary)
	if err != nil {
		return err
	}
	config, err := json.MarshalIndent(janitor.Default(), "", "  ")
	if err != nil {
		return err
	}
	zipped, err := zippedSize(map[string][]byte{"bootstrap": binary, "config.json": config})
	if err != nil {
		return err
	}
	r.note("binary: %s, %d bytes; zip: it and its config.json, deflated at zlib's level 6 as the CDK's command line packs them, %d bytes. A MB is 1,000,000 bytes.",
		janitorBinary, len(binary), zipped)
	r.report(figure{"binary", float64(len(binary)) / 1e6, "MB", "<=", 15})
	r.report(figure{"zip", float64(zipped) / 1e6, "MB", "<=", 5.5})
	return nil
}

// zippedSize packs files and says how long the zip file is.
func zippedSize(files map[string][]byte) (int, error) {
	var size counter
	writer := zip.NewWriter(&size)
	for name, content := range files {
		entry, err := writer.Create(name)
		if err != nil {
			return 0, err
		}
		if _, err := entry.Write(content); err != nil {
			return 0, err
		}
	}
	if err := writer.Close(); err != nil {
		return 0, err
	}
	return int(size), nil
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
