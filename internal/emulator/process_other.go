//go:build !linux

package emulator

import "syscall"

// processAttributes give the emulator a process group of its own. Only Linux
// can end it with this process too: elsewhere Stop, or the context, must.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
