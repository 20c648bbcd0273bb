//go:build !windows

package socket

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
	ready := true
	err = raw.Control(func(fd uintptr) { ready = readable(fd) })
	return err != nil || ready
}
