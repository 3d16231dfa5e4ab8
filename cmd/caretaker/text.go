package main

import (
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// inUTF8 reads a file that its user wrote or redirected output into: PowerShell writes UTF-16, and
// other tools of Windows a byte order mark.
func inUTF8(file io.Reader) io.Reader {
	return transform.NewReader(file, unicode.BOMOverride(transform.Nop))
}
