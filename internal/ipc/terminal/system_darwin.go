package terminal

import (
	"time"

	"golang.org/x/sys/unix"
)

type termios = unix.Termios

type pollFd struct {
	fd              int32
	events, revents int16
}

const (
	readable       = unix.POLLIN
	block, restore = 0, 0
)

// group returns the process group in the foreground of a terminal.
func group(fd int) (int32, error) {
	g, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return int32(g), err
}

func attributes(fd int, t *termios) error {
	now, err := unix.IoctlGetTermios(fd, unix.TIOCGETA)
	if err == nil {
		*t = *now
	}
	return err
}

func setAttributes(fd int, t *termios) error { return unix.IoctlSetTermios(fd, unix.TIOCSETAW, t) }

// mask has no system call to use here: a process that comes into the background between a look and the read after it is
// stopped until it is in the foreground again.
func mask(uintptr, uint64) uint64 { return 0 }

// poll waits for either descriptor to be readable, or for the time to pass. macOS cannot poll /dev/tty itself, only what
// it stands for; select can, but knows no descriptor above 1023.
func poll(fds *[2]pollFd, d time.Duration) (int, error) {
	var set unix.FdSet
	most := 0
	for i := range fds {
		fds[i].revents = 0
		if fd := int(fds[i].fd); fd >= 0 {
			set.Set(fd)
			most = max(most, fd)
		}
	}
	tv := unix.NsecToTimeval(int64(d))
	n, err := unix.Select(most+1, &set, nil, nil, &tv)
	if err != nil {
		return 0, err
	}
	for i := range fds {
		if fd := int(fds[i].fd); fd >= 0 && set.IsSet(fd) {
			fds[i].revents = readable
		}
	}
	return n, nil
}
