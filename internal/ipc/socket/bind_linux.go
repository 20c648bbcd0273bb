package socket

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// leaveEvery is 0: systemd opens the service's socket at the first login, before there is anybody who could start a daemon.
const leaveEvery = 0

// listenAt binds a socket of mode 0600. Linux gives the file the mode of the descriptor, so it is never open to others,
// and the process's umask stays as it is for other goroutines.
func listenAt(path string) (net.Listener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), 0o600) })
		return errors.Join(cerr, err)
	}}
	return lc.Listen(context.Background(), "unix", path)
}
