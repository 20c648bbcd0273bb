//go:build !windows

package socket

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// inherit takes over the descriptors that a service manager passed, of which there has to be one: a unix socket that listens in the
// file system. Whatever is odd is an error, and nothing is served then.
func inherit(manager string, fds []int, lock string) (*Listener, error) {
	for _, fd := range fds {
		syscall.CloseOnExec(fd) // programs of sources get none of them
	}
	if len(fds) != 1 {
		return nil, fmt.Errorf("%s passed %d sockets, credd serves one: install it again: credd service install", manager, len(fds))
	}
	l, err := listening(fds[0])
	if err != nil {
		return nil, fmt.Errorf("the socket that %s passed: %w", manager, err)
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
	f := os.NewFile(uintptr(fd), "socket")
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
	if !ok || u.Addr().Network() != "unix" {
		l.Close()
		return nil, errors.New("it is no unix stream socket")
	}
	u.SetUnlinkOnClose(false)
	if path := u.Addr().String(); !filepath.IsAbs(path) {
		l.Close()
		return nil, fmt.Errorf("it is not in the file system, but at %q", path)
	}
	return u, nil
}
