package socket

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketName is how launchd's property lists name our socket.
const socketName = "Listeners"

// Inherited returns a listener on the socket that launchd opened for this process, nil if it opened none. The daemon's lock is on the
// file lock. The socket outlives the listener: Close does not delete it.
func Inherited(lock string) (*Listener, error) {
	fds, err := activate(socketName)
	switch {
	case errors.Is(err, syscall.ESRCH), errors.Is(err, syscall.ENOENT):
		return nil, nil // launchd did not start us, or its property list has no socket
	case err != nil:
		return nil, fmt.Errorf("take the socket that launchd opened: %w", err)
	}
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
	}
	if len(fds) != 1 {
		return nil, fmt.Errorf("launchd opened %d sockets, credd serves one: install it again: credd service install", len(fds))
	}
	l, err := listening(fds[0])
	if err != nil {
		return nil, fmt.Errorf("the socket that launchd opened: %w", err)
	}
	held, err := lockFile(lock)
	if err != nil {
		l.Close()
		return nil, err
	}
	return &Listener{l: l, path: l.Addr().String(), lock: held, done: make(chan struct{})}, nil // without an id it is not deleted
}

// listening returns the listener of a descriptor, which it takes over.
func listening(fd int) (*net.UnixListener, error) {
	f := os.NewFile(uintptr(fd), socketName)
	defer f.Close()
	accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return nil, os.NewSyscallError("getsockopt", err)
	}
	if accepts == 0 {
		return nil, errors.New("it does not listen")
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	u, ok := l.(*net.UnixListener)
	if !ok {
		l.Close()
		return nil, errors.New("it is no unix socket")
	}
	u.SetUnlinkOnClose(false)
	return u, nil
}
