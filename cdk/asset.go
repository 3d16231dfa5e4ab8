package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// stageAsset puts a part's binary and its slice of the configuration into a folder of
// its own, so that two synths at once, of two stages say, do not meet. CDK copies
// the folder while the stack is built; clean removes it.
func stageAsset(folder string, slice any) (staged string, clean func(), err error) {
	binary, err := os.ReadFile(filepath.Join(folder, "bootstrap")) // #nosec G304 -- a path of the build
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%w: build it first with make build, or deploy with npx cdk, which does", err)
	}
	if err != nil {
		return "", nil, err
	}
	text, err := json.MarshalIndent(slice, "", "  ")
	if err != nil {
		return "", nil, fmt.Errorf("writing config.json: %w", err)
	}
	staged, err = os.MkdirTemp("", "caretaker-asset-")
	if err != nil {
		return "", nil, err
	}
	clean = func() { _ = os.RemoveAll(staged) }
	defer func() {
		if err != nil {
			clean()
		}
	}()
	if err := write(filepath.Join(staged, "bootstrap"), binary, 0o755); err != nil {
		return "", nil, err
	}
	if err := write(filepath.Join(staged, "config.json"), append(text, '\n'), 0o644); err != nil {
		return "", nil, err
	}
	return staged, clean, nil
}

// zipEpoch is the earliest time that a zip file can hold.
var zipEpoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// write leaves a file whose mode and time depend on neither umask nor clock, so that
// equal content is an equal asset.
func write(path string, content []byte, mode fs.FileMode) error {
	if err := os.WriteFile(path, content, mode); err != nil { // #nosec G306 G703 -- Lambda runs it as another user; the path is made here
		return err
	}
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	return os.Chtimes(path, zipEpoch, zipEpoch)
}
