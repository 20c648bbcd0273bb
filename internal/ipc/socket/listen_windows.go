package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"credd/internal/ipc"
	"credd/internal/ipc/peer"
)

const (
	dialTimeout = time.Second           // for a daemon that lives but is slow to accept
	takeover    = 6 * time.Second       // for one that ends: its name is taken until its last caller, who may have 3 s, has gone
	pauseOnBusy = 50 * time.Millisecond // between tries meanwhile

	// buffered is what a pipe holds in each direction: a whole request, and what refuses it. Neither end then waits until the other
	// reads, which they would do for each other where a caller is refused while it still sends.
	buffered = ipc.MaxRequest + ipc.MaxError
)

// Listener accepts callers. The pipe itself is the lock: Windows makes the first instance of a name once.
type Listener struct {
	l    net.Listener
	once sync.Once
	done chan struct{}
}

// Listen serves the pipe path for this user alone, of this machine. One daemon at a time.
func Listen(path string) (*Listener, error) {
	self, err := peer.Self()
	if err != nil {
		return nil, err
	}
	return listen(path, "O:"+self.SID+"D:P(A;;GA;;;"+self.SID+")")
}

// ListenForAll is Listen for a daemon that serves all users who are logged on to this machine. They may read and write, and not serve
// the pipe themselves: FILE_GENERIC_READ and FILE_WRITE_DATA.
func ListenForAll(path, _ string) (*Listener, error) {
	self, err := peer.Self()
	if err != nil {
		return nil, err
	}
	return listen(path, "O:"+self.SID+"D:P(D;;GA;;;NU)(A;;GA;;;"+self.SID+")(A;;0x12008b;;;AU)")
}

// Inherited returns nil: no service manager of Windows opens pipes.
func Inherited(string) (*Listener, error) { return nil, nil }

// listen serves a pipe with a security descriptor. go-winio takes no caller of another machine.
func listen(path, descriptor string) (*Listener, error) {
	config := &winio.PipeConfig{SecurityDescriptor: descriptor, InputBufferSize: buffered, OutputBufferSize: buffered}
	for end := time.Now().Add(takeover); ; time.Sleep(pauseOnBusy) {
		// Asked first: who serves it already, the error of go-winio does not tell.
		err := running(path)
		if errors.Is(err, ErrRunning) || errors.Is(err, ErrForeign) {
			return nil, err
		}
		l, err := winio.ListenPipe(path, config)
		switch {
		case err == nil:
			return &Listener{l: l, done: make(chan struct{})}, nil
		case !isTaken(err), time.Now().After(end):
			return nil, err
		}
	}
}

// isTaken reports whether the name of the pipe is somebody's.
func isTaken(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_ALREADY_EXISTS) || errors.Is(err, windows.ERROR_PIPE_BUSY)
}

// running returns ErrRunning, with the pid, if a daemon of ours serves the pipe.
func running(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	c, err := Dial(ctx, path)
	if errors.Is(err, ErrForeign) {
		return fmt.Errorf("%w: %s", err, path)
	}
	if err != nil {
		return err
	}
	defer c.Close()
	p, err := peer.Of(c)
	if err != nil || p.PID == 0 {
		return ErrRunning
	}
	return fmt.Errorf("%w with pid %d", ErrRunning, p.PID)
}

// Path is where callers connect.
func (l *Listener) Path() string { return l.l.Addr().String() }

// Quiet is false: it is not known whether somebody waits.
func (l *Listener) Quiet() bool { return false }

func (l *Listener) accept() (net.Conn, error) { return l.l.Accept() }

// passes reports whether accepting again may help.
func passes(err error) bool {
	for _, e := range []error{
		windows.ERROR_NO_SYSTEM_RESOURCES, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_COMMITMENT_LIMIT, windows.ERROR_NOT_ENOUGH_QUOTA,
		windows.ERROR_BROKEN_PIPE, windows.ERROR_PIPE_NOT_CONNECTED,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Close ends Accept. Callers that were accepted stay connected.
func (l *Listener) Close() error {
	var err error
	l.once.Do(func() {
		close(l.done)
		err = l.l.Close()
	})
	return err
}
