package main

import (
	"archive/zip"
	"encoding/json"
	"os"
)

// binarySizes measures what is deployed of a part, against goals in megabytes.
func binarySizes(r *results, path string, defaults any, mostBinary, mostZip float64) error {
	return namedSizes(r, "", path, defaults, mostBinary, mostZip)
}

// namedSizes measures one of several functions of a part, whose name and _ begin the figures.
func namedSizes(r *results, name, path string, defaults any, mostBinary, mostZip float64) error {
	binary, err := os.ReadFile(path) // #nosec G304 -- a path of the build
	if err != nil {
		return err
	}
	config, err := json.MarshalIndent(defaults, "", "  ")
	if err != nil {
		return err
	}
	zipped, err := zippedSize(map[string][]byte{"bootstrap": binary, "config.json": config})
	if err != nil {
		return err
	}
	r.note("binary: %s, %d bytes; zip: it and its config.json, deflated at zlib's level 6 as the CDK's command line packs them, %d bytes. A MB is 1,000,000 bytes.",
		path, len(binary), zipped)
	r.report(figure{name + "binary", float64(len(binary)) / 1e6, "MB", "<=", mostBinary})
	r.report(figure{name + "zip", float64(zipped) / 1e6, "MB", "<=", mostZip})
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
