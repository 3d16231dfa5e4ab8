package emulator

import "syscall"

// processAttributes give the emulator a process group of its own, and end it
// with this process even when that is killed.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
