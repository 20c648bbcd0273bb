package terminal

import (
	"syscall"
	"time"
	"unsafe"
)

// termios and what follows are of package syscall: golang.org/x/sys would bring 4 KB that the helper does not need.
type termios = syscall.Termios

type pollFd struct {
	fd              int32
	events, revents int16
}

const (
	readable = 1 // POLLIN
	block    = 0 // SIG_BLOCK
	restore  = 2 // SIG_SETMASK
)

func ioctl(fd int, request, value uintptr) error {
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, value); e != 0 {
		return e
	}
	return nil
}

// group returns the process group in the foreground of a terminal.
func group(fd int) (int32, error) {
	var g int32
	err := ioctl(fd, syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&g)))
	return g, err
}

func attributes(fd int, t *termios) error {
	return ioctl(fd, syscall.TCGETS, uintptr(unsafe.Pointer(t)))
}

func setAttributes(fd int, t *termios) error {
	return ioctl(fd, syscall.TCSETS+1, uintptr(unsafe.Pointer(t))) // TCSETSW: what was written before is shown first
}

// mask changes which signals this thread blocks, and returns which it did. os/signal would cost the helper 20 KB.
func mask(how uintptr, set uint64) (was uint64) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&was)), unsafe.Sizeof(set), 0, 0)
	return was
}

// poll waits for either descriptor to be readable, or for the time to pass.
func poll(fds *[2]pollFd, d time.Duration) (int, error) {
	ts := syscall.NsecToTimespec(int64(d))
	n, _, e := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(fds)), uintptr(len(fds)), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}
