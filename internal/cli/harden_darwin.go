package cli

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// harden keeps the daemon's memory to itself: no core dump, and no debugger of the same user.
func harden() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return err
	}
	return unix.PtraceDenyAttach()
}
