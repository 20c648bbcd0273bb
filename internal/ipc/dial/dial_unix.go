//go:build !windows

package dial

import (
	"io"
	"syscall"
	"time"

	"credd/internal/paths"
)

// reach returns a stream to a daemon that is trusted.
func reach(path string, deadline time.Time) (stream, error) {
	fd, err := connect(path, deadline)
	return within(fd, deadline), err
}

// connect returns a connection to a daemon that is trusted.
func connect(path string, deadline time.Time) (int, error) {
	fd, err := newSocket()
	if err != nil {
		return -1, err
	}
	s := within(fd, deadline)
	for {
		if err = s.limit(syscall.SO_SNDTIMEO); err != nil {
			break
		}
		err = syscall.Connect(fd, &syscall.SockaddrUnix{Name: path})
		if err != syscall.EINTR {
			break
		}
	}
	if err == nil {
		err = trust(fd, path)
	}
	switch err {
	case nil:
		return fd, nil
	case syscall.ENOTCONN: // closed already; macOS then does not tell whose it was
		err = ErrLost
	case syscall.ENOENT, syscall.ECONNREFUSED:
		err = ErrNoDaemon
	case syscall.EAGAIN, syscall.EINPROGRESS: // the daemon's queue is full and stays so
		err = ErrTimeout
	}
	syscall.Close(fd)
	return -1, err
}

// trust returns nil if the process that listens may be the daemon.
func trust(fd int, path string) error {
	uid, err := serverUID(fd)
	if err == nil && !paths.Trusts(path, uid) {
		err = ErrForeign
	}
	return err
}

func (s stream) close() error { return syscall.Close(s.fd) }

func (s stream) handle() int { return s.fd }

// ended reports whether the other end went away.
func ended(err error) bool { return err == syscall.ECONNRESET }

// stream reads and writes with a deadline for all of it together.
type stream struct {
	fd int

	// end is in nanoseconds since began. A time.Time behind an io.Reader brings credhelper its methods and time zones: 40 KB.
	end int64
}

var began = time.Now()

func within(fd int, deadline time.Time) stream { return stream{fd, int64(deadline.Sub(began))} }

// limit gives the next system call the time that is left.
func (s stream) limit(option int) error {
	left := time.Duration(s.end) - time.Since(began)
	if left <= 0 {
		return ErrTimeout
	}
	tv := syscall.NsecToTimeval(int64(max(left, time.Millisecond)))
	return syscall.SetsockoptTimeval(s.fd, syscall.SOL_SOCKET, option, &tv)
}

func (s stream) send(b []byte) error {
	for len(b) > 0 {
		if err := s.limit(syscall.SO_SNDTIMEO); err != nil {
			return err
		}
		n, err := syscall.Write(s.fd, b)
		switch err {
		case nil:
			b = b[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			return ErrTimeout
		default:
			return err
		}
	}
	return nil
}

// Read waits for bytes until the deadline.
func (s stream) Read(b []byte) (int, error) {
	for {
		if err := s.limit(syscall.SO_RCVTIMEO); err != nil {
			return 0, err
		}
		n, err := syscall.Read(s.fd, b)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, ErrTimeout
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
