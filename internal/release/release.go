// Package release says which Caretaker a program is. The Makefile writes it into functions and the command
// line; what is built without it does not know.
package release

import (
	"cmp"
	"slices"
	"strings"
)

// Unknown is the version of what was built by other means than the Makefile.
const Unknown = "devel"

// What -ldflags -X sets: the version, and in the command line the versions of the functions that are built from
// the same sources, with blanks between them.
var version, functions string

// Version is that of a release, such as 1.0.0. A function that is not of a release has devel- and a digest of its
// sources: it says the same from commit to commit while nothing in it changes, and so does its zip.
func Version() string { return cmp.Or(version, Unknown) }

// OfRelease is the version of a release; empty for any other build.
func OfRelease() string {
	if strings.HasPrefix(version, Unknown) {
		return ""
	}
	return version
}

// Agrees says whether a function of this version is built from what this command line is built from. Nobody
// knows where the one or the other was built by other means.
func Agrees(function string) (agrees, known bool) {
	built := strings.Fields(functions)
	if own := OfRelease(); own != "" {
		built = []string{own}
	}
	if function == "" || function == Unknown || len(built) == 0 {
		return false, false
	}
	return slices.Contains(built, function), true
}
