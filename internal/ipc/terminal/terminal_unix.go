//go:build !windows

package terminal

import (
	"syscall"
	"time"
)

const (
	tick = 200 * time.Millisecond // how soon it is noticed that the job went to the background

	interrupt = 3 // ^C
	endOfFile = 4 // ^D
	eraseLine = 21
	del       = 127
)

// Ask shows question and returns the line that is typed. It gives up at the deadline, and as soon as there is something to
// read from the descriptor elsewhere (-1 for none).
func Ask(question string, hidden bool, elsewhere int, deadline time.Time) (string, error) {
	fd, err := syscall.Open("/dev/tty", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", ErrNone
	}
	defer syscall.Close(fd)
	if !foreground(fd) {
		return "", ErrNone
	}
	t := tty{fd, elsewhere, deadline}
	t.write(question)
	if hidden {
		return t.secret()
	}
	answer, err := t.line(false)
	if err != nil {
		t.write("\r\n")
	}
	return answer, err
}

// foreground reports whether this process may read: reading in the background stops it (SIGTTIN).
func foreground(fd int) bool {
	g, err := group(fd)
	return err == nil && int(g) == syscall.Getpgrp()
}

type tty struct {
	fd, elsewhere int
	deadline      time.Time
}

func (t tty) write(s string) {
	for b := []byte(s); len(b) > 0; {
		n, err := syscall.Write(t.fd, b)
		if err != nil && err != syscall.EINTR {
			return
		}
		b = b[max(n, 0):]
	}
}

// secret reads a line without showing it. Keys do not signal meanwhile, so that no way out leaves the terminal as it is now.
func (t tty) secret() (string, error) {
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
	line, err := t.line(true)
	setAttributes(t.fd, &was)
	t.write("\r\n")
	return line, err
}

// line reads up to the end of a line. raw is a terminal that does not do the editing itself.
func (t tty) line(raw bool) (string, error) {
	var line []byte
	for {
		if err := t.wait(); err != nil {
			return "", err
		}
		var b [256]byte
		n, err := syscall.Read(t.fd, b[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil, n == 0:
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
func (t tty) wait() error {
	for {
		left := time.Until(t.deadline)
		if left <= 0 {
			return ErrOver
		}
		fds := [2]pollFd{{fd: int32(t.fd), events: readable}, {fd: int32(t.elsewhere), events: readable}}
		n, err := poll(&fds, min(left, tick))
		switch {
		case err == syscall.EINTR:
		case err != nil || fds[1].revents != 0:
			return ErrOver
		case !foreground(t.fd):
			return ErrNone
		case n > 0:
			return nil
		}
	}
}
