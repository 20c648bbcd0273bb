//go:build !windows

package socket

import "golang.org/x/sys/unix"

// Quiet reports whether nobody has been accepted since it was asked last, and nobody waits to be. One goroutine at a time may ask.
func (l *Listener) Quiet() bool {
	n := l.accepted.Load()
	was := l.noted
	l.noted = n
	return n == was && !l.waiting()
}

// waiting reports whether somebody has connected and was not accepted yet, or it cannot be known.
func (l *Listener) waiting() bool {
	raw, err := l.l.SyscallConn()
	if err != nil {
		return true
	}
	ready := 1
	err = raw.Control(func(fd uintptr) {
		if n, perr := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0); perr == nil {
			ready = n
		}
	})
	return err != nil || ready > 0
}
