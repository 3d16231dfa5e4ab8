// Command stamp prints the versions of functions, with blanks between them, for the Makefile to write into
// what it builds: devel- and a digest of all sources that a function is built from.
//
//	stamp janitor alerts/notify
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"caretaker/internal/release"
)

// shown is how many hex digits of a digest stand in a version.
const shown = 12

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath, Dir                     string
	Standard                            bool
	GoFiles, SFiles, HFiles, EmbedFiles []string
	Module                              struct {
		Path, Version string
		Main          bool
	}
}

func main() {
	var versions []string
	for _, function := range os.Args[1:] {
		digest, err := digest("./" + filepath.ToSlash(function) + "/lambda")
		if err != nil {
			fmt.Fprintln(os.Stderr, "stamp:", err)
			os.Exit(1)
		}
		versions = append(versions, release.Unknown+"-"+digest)
	}
	fmt.Println(strings.Join(versions, " "))
}

// digest is that of a function's sources: its own, the versions of the modules that it links, and Go's. It is
// the same for each architecture.
func digest(folder string) (string, error) {
	packages, err := linked(folder)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version())
	modules := map[string]bool{}
	for _, p := range packages {
		switch {
		case p.Standard:
		case !p.Module.Main:
			if module := p.Module.Path + " " + p.Module.Version; !modules[module] {
				modules[module] = true
				fmt.Fprintln(sum, module)
			}
		default:
			for _, name := range slices.Concat(p.GoFiles, p.SFiles, p.HFiles, p.EmbedFiles) {
				text, err := os.ReadFile(filepath.Join(p.Dir, name)) // #nosec G304 -- go list names it
				if err != nil {
					return "", err
				}
				fmt.Fprintf(sum, "%s/%s %d\n%s", p.ImportPath, name, len(text), text)
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:shown], nil
}

// linked are the packages in a function, in the order of go list, which is always the same.
func linked(folder string) ([]pkg, error) {
	command := exec.Command("go", "list", "-deps", "-tags", "lambda.norpc,nethttpomithttp2", // #nosec G204 G702 -- the Makefile names the folder
		"-json=ImportPath,Dir,Standard,GoFiles,SFiles,HFiles,EmbedFiles,Module", folder)
	command.Env = append(command.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing what %s links: %w\n%s", folder, err, &complaints)
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}
