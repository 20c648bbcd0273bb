package socket

import (
	"fmt"
	"os"
	"strconv"
)

const (
	firstPassed = 3  // SD_LISTEN_FDS_START of sd_listen_fds(3)
	maxPassed   = 64 // more are no mistake in a unit, but somebody else's variable
)

// Inherited returns a listener on the socket that systemd opened for this process, nil if it opened none. The daemon's lock is on the
// file lock. The socket outlives the listener: Close does not delete it, and who connects then waits for the next daemon.
func Inherited(lock string) (*Listener, error) {
	fds, err := passed()
	if err != nil || len(fds) == 0 {
		return nil, err
	}
	return inherit("systemd", fds, lock)
}

// passed returns the descriptors as sd_listen_fds(3) says, and unsets its variables: they are not for our children.
func passed() ([]int, error) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	if pid == "" && count == "" {
		return nil, nil
	}
	to, err := strconv.Atoi(pid)
	if err != nil {
		return nil, fmt.Errorf("LISTEN_PID is %q, not a process: unset it, or start credd by its unit", pid)
	}
	if to != os.Getpid() {
		return nil, nil // another's, who passed its environment on
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxPassed {
		return nil, fmt.Errorf("LISTEN_FDS is %q, not a number of sockets: unset it, or start credd by its unit", count)
	}
	fds := make([]int, n)
	for i := range fds {
		fds[i] = firstPassed + i
	}
	return fds, nil
}
