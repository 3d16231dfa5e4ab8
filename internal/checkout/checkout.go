// Package checkout finds the folder that everything of Caretaker is in. It is for tests, measurements and the demo, which
// start from different folders of it.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
)

// Folder is the one with the go.mod, the working folder or one above it.
func Folder() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("no go.mod in the working folder or above it")
		}
		folder = filepath.Dir(folder)
	}
}
