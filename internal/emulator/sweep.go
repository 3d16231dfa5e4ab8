package emulator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const folderPrefix = "caretaker-emulator-"

// privateFolder makes an emulator's folder, named by this process, and removes
// those of processes that were killed: each deployed function leaves some 20 MB.
func privateFolder() (string, error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	if err != nil {
		return "", err
	}
	for _, folder := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), folderPrefix), "-")
		process, err := strconv.Atoi(owner)
		if err == nil && errors.Is(syscall.Kill(process, 0), syscall.ESRCH) {
			_ = os.RemoveAll(folder) // another start may be at it too
		}
	}
	return os.MkdirTemp("", fmt.Sprint(folderPrefix, os.Getpid(), "-"))
}
