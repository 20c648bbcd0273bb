package dial

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// Access and flags of CreateFile that package syscall does not name.
const (
	// Access is what a client of the pipe asks for. GENERIC_WRITE would ask for the right to serve the pipe too, which those whom
	// the machine's daemon lets in do not have.
	Access = syscall.GENERIC_READ | writeData

	writeData      = 0x2      // FILE_WRITE_DATA
	qualityOfTrust = 0x100000 // SECURITY_SQOS_PRESENT: the next is meant
	identification = 0x10000  // SECURITY_IDENTIFICATION: who serves may see who we are, and cannot act as us

	busy      = syscall.Errno(231) // ERROR_PIPE_BUSY: all instances have a client
	closing   = syscall.Errno(232) // ERROR_NO_DATA: the pipe is being closed
	noProcess = syscall.Errno(233) // ERROR_PIPE_NOT_CONNECTED: no process is at the other end

	waitAtOnce = 200 * time.Millisecond // what one WaitNamedPipe takes: the daemon may end meanwhile
)

// reach returns a stream to a daemon of ours, or of the machine's administrators.
func reach(path string, deadline time.Time) (stream, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return stream{}, err
	}
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return stream{}, ErrTimeout
		}
		h, err := syscall.CreateFile(name, Access, 0, nil, syscall.OPEN_EXISTING, syscall.FILE_FLAG_OVERLAPPED|qualityOfTrust|identification, 0)
		switch err {
		case nil:
			if err := Trust(uintptr(h), path); err != nil {
				syscall.CloseHandle(h)
				return stream{}, err
			}
			f := os.NewFile(uintptr(h), path)
			if err := f.SetDeadline(deadline); err != nil {
				f.Close()
				return stream{}, err
			}
			return stream{f, int(h)}, nil
		case busy:
			waitNamedPipe(name, min(left, waitAtOnce))
		case syscall.ERROR_FILE_NOT_FOUND, syscall.ERROR_PATH_NOT_FOUND:
			return stream{}, ErrNoDaemon
		case syscall.ERROR_ACCESS_DENIED: // our own daemon lets us in
			return stream{}, ErrForeign
		default:
			return stream{}, err
		}
	}
}

// stream reads and writes with a deadline for all of it together.
type stream struct {
	f *os.File
	h int
}

func (s stream) close() error { return s.f.Close() }

func (s stream) handle() int { return s.h }

func (s stream) send(b []byte) error {
	_, err := s.f.Write(b)
	return timely(err)
}

// Read waits for bytes until the deadline.
func (s stream) Read(b []byte) (int, error) {
	n, err := s.f.Read(b)
	return n, timely(err)
}

func timely(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTimeout
	}
	return err
}

// ended reports whether the other end went away.
func ended(err error) bool {
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, closing) || errors.Is(err, noProcess)
}
