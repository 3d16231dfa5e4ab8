package console

import (
	"io"
	"os"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// InUTF8 reads a file that its user wrote or redirected output into: PowerShell writes UTF-16, and
// other tools of Windows a byte order mark.
func InUTF8(file io.Reader) io.Reader {
	return transform.NewReader(file, unicode.BOMOverride(transform.Nop))
}

// Shell writes a command so that it can be copied into a shell.
func Shell(words ...string) string {
	quoted := make([]string, len(words))
	for position, word := range words {
		quoted[position] = word
		if word == "" || strings.ContainsFunc(word, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+", r)
		}) {
			quoted[position] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// endpoint is the SDKs' name for another endpoint than AWS's own.
const endpoint = "AWS_ENDPOINT_URL"

// Suggest writes a command for people to type next. Where the environment sends this one to another
// endpoint than AWS, such as an emulator's, it goes there too: typed later it must not act on a real account.
func Suggest(words ...string) string {
	if elsewhere := os.Getenv(endpoint); elsewhere != "" {
		return endpoint + "=" + Shell(elsewhere) + " " + Shell(words...)
	}
	return Shell(words...)
}
