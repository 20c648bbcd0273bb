//go:build !windows

package terminal

import (
	"runtime"
	"syscall"
	"time"
)

const (
	tick = 200 * time.Millisecond // how soon it is noticed that the job went to the background

	// stops are what a terminal stops its background by. Blocked, reading there is an error, and settings can be put back.
	stops = 1<<(syscall.SIGTTIN-1) | 1<<(syscall.SIGTTOU-1)

	interrupt = 3 // ^C
	endOfFile = 4 // ^D
	eraseLine = 21
	del       = 127
)

// Ask shows question and returns the line that is typed. It gives up at the deadline, and as soon as there is something to
// read from the descriptor elsewhere (-1 for none).
func Ask(question string, hidden bool, elsewhere int, deadline time.Time) (string, error) {
	// Not blocking: somebody else may read the line, and ^S holds up what is written.
	fd, err := syscall.Open("/dev/tty", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", ErrNone
	}
	defer syscall.Close(fd)
	runtime.LockOSThread() // whose mask it is
	defer runtime.UnlockOSThread()
	defer mask(restore, mask(block, stops))
	if !foreground(fd) {
		return "", ErrNone
	}
	t := &tty{fd, elsewhere, deadline}
	if hidden {
		return t.secret(question)
	}
	t.write(question)
	answer, err := t.line(false)
	if err != nil && err != ErrNone { // else the terminal is somebody else's now
		t.write("\n")
	}
	return answer, err
}

// foreground reports whether this process may read. In the background, and after a hangup, it may not.
func foreground(fd int) bool {
	g, err := group(fd)
	return err == nil && int(g) == syscall.Getpgrp()
}

type tty struct {
	fd, elsewhere int
	deadline      time.Time
}

func (t *tty) write(s string) {
	for b := []byte(s); len(b) > 0; {
		n, err := syscall.Write(t.fd, b)
		switch err {
		case nil:
			b = b[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			if _, err := t.look(-1); err != nil {
				return
			}
		default:
			return
		}
	}
}

// secret reads a line without showing it. Keys do not signal meanwhile, so that no way out leaves the terminal as it is now.
func (t *tty) secret(question string) (string, error) {
	var was termios
	if attributes(t.fd, &was) != nil {
		return "", ErrNone
	}
	quiet := was
	quiet.Lflag &^= syscall.ECHO | syscall.ICANON | syscall.ISIG
	quiet.Cc[syscall.VMIN], quiet.Cc[syscall.VTIME] = 1, 0
	if setAttributes(t.fd, &quiet) != nil {
		return "", ErrNone
	}
	t.write(question) // not before: who types at once would see it
	line, err := t.line(true)
	var now termios
	if attributes(t.fd, &now) == nil && now.Lflag == quiet.Lflag { // a shell that took the terminal back has set its own
		setAttributes(t.fd, &was)
	}
	if err != ErrNone {
		t.write("\n")
	}
	return line, err
}

// line reads up to the end of a line. raw is a terminal that does not do the editing itself.
func (t *tty) line(raw bool) (string, error) {
	var line []byte
	for {
		if err := t.wait(); err != nil {
			return "", err
		}
		var b [256]byte
		n, err := syscall.Read(t.fd, b[:])
		switch {
		case err == syscall.EINTR, err == syscall.EAGAIN:
			continue
		case err != nil, !foreground(t.fd): // a hangup reads as an end of file too
			return "", ErrNone
		case n == 0:
			return "", ErrDeclined
		}
		for _, c := range b[:n] {
			if c == '\n' || c == '\r' {
				return string(line), nil
			}
			if !raw {
				line = append(line, c)
			} else if line, err = edit(line, c); err != nil {
				return "", err
			}
			if len(line) > maxAnswer {
				return "", ErrDeclined
			}
		}
	}
}

// edit does what a terminal does with its special keys.
func edit(line []byte, c byte) ([]byte, error) {
	switch c {
	case interrupt, endOfFile:
		return nil, ErrDeclined
	case eraseLine:
		return line[:0], nil
	case del, '\b':
		for len(line) > 0 {
			last := line[len(line)-1]
			line = line[:len(line)-1]
			if last&0xC0 != 0x80 { // the first byte of a character
				break
			}
		}
		return line, nil
	}
	return append(line, c), nil
}

// wait returns when there is something to read.
func (t *tty) wait() error {
	for {
		if ready, err := t.look(t.fd); ready || err != nil {
			return err
		}
	}
}

// look waits for a tick at most. It reports whether there is something to read from fd, and why not to go on.
func (t *tty) look(fd int) (ready bool, err error) {
	left := time.Until(t.deadline)
	if left <= 0 {
		return false, ErrOver
	}
	fds := [2]pollFd{{fd: int32(fd), events: readable}, {fd: int32(t.elsewhere), events: readable}}
	n, err := poll(&fds, min(left, tick))
	switch {
	case err == syscall.EINTR:
		return false, nil
	case err != nil || fds[1].revents != 0:
		return false, ErrOver
	case !foreground(t.fd):
		return false, ErrNone
	}
	return n > 0, nil
}
