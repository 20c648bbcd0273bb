//go:build !windows

package socket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"credd/internal/ipc/peer"
	"credd/internal/paths"
)

const (
	dialTimeout = time.Second // for a daemon that lives but is slow to accept
)

// Listener accepts callers. It holds the daemon's lock until it is closed.
type Listener struct {
	l    *net.UnixListener
	path string
	id   os.FileInfo // of the socket, to delete no other one; nil for one that is not ours to delete
	lock *os.File
	once sync.Once
	done chan struct{}

	beside sync.WaitGroup // leave
	left   atomic.Bool    // leave has ended accepting

	accepted atomic.Uint64
	noted    uint64 // accepted when Quiet was asked last
}

// Listen serves path. Its directory is made if need be, must belong to us, and must be closed to others; the socket is 0600
// from its first moment. One daemon at a time: the lock is on path.lock for the life of the listener. A socket that
// somebody serves is never deleted.
func Listen(path string) (*Listener, error) {
	if err := paths.Private(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return listenLocked(path, path+".lock")
}

// listenLocked serves path, in a directory that is as it should be.
func listenLocked(path, lockPath string) (*Listener, error) {
	lock, err := lockFile(lockPath)
	if errors.Is(err, ErrRunning) {
		return nil, running(path)
	}
	if err != nil {
		return nil, err
	}
	l, err := bind(path)
	if err != nil {
		lock.Close()
		return nil, err
	}
	id, err := os.Lstat(path)
	if err != nil {
		l.Close()
		lock.Close()
		return nil, err
	}
	served := &Listener{l: l, path: path, id: id, lock: lock, done: make(chan struct{})}
	if leaveEvery > 0 {
		served.beside.Go(func() { served.leave(leaveEvery) })
	}
	return served, nil
}

// lockFile takes the lock of the daemon's life. The file stays: deleting it would let two daemons lock two files.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, syscall.EROFS) { // a disk that has failed: the file of an earlier daemon will do
		f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// running names the daemon that holds the lock, where it already serves.
func running(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	c, err := Dial(ctx, path)
	if err != nil {
		return ErrRunning
	}
	defer c.Close()
	return runningAt(path, c)
}

// runningAt names the process that listens at the other end of c: a daemon, or the service manager, which starts one.
func runningAt(path string, c net.Conn) error {
	p, err := peer.Of(c)
	switch {
	case err != nil || p.PID == 0:
		return ErrRunning
	case Manages(p.PID):
		return fmt.Errorf("%w: the service manager listens at %s and starts it when it is needed", ErrRunning, path)
	}
	return fmt.Errorf("%w with pid %d", ErrRunning, p.PID)
}

// Manages reports whether a process is a service manager: the machine's, or on Linux a user's.
func Manages(pid int) bool {
	name, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	return pid == 1 || strings.TrimSpace(string(name)) == "systemd"
}

func bind(path string) (*net.UnixListener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := listenAt(path)
	if err != nil {
		return nil, err
	}
	u := l.(*net.UnixListener)
	u.SetUnlinkOnClose(false) // Close looks whether it is still ours
	return u, nil
}

// removeStale deletes a socket that nobody serves. The lock is held, so no other daemon is about to serve it.
func removeStale(path string) error {
	i, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if i.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is not a socket: move it away, or set CREDD_SOCK", path)
	}
	c, err := net.DialTimeout("unix", path, dialTimeout)
	if err == nil {
		defer c.Close()
		return runningAt(path, c)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("is %s still served? %w", path, err)
	}
	return os.Remove(path)
}

// Path is where callers connect.
func (l *Listener) Path() string { return l.path }

func (l *Listener) accept() (net.Conn, error) {
	c, err := l.l.AcceptUnix()
	switch {
	case err == nil:
		l.accepted.Add(1)
		return c, nil
	case l.left.Load():
		err = errReplaced
	}
	return nil, err
}

// passes reports whether accepting again may help.
func passes(err error) bool {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Close deletes the socket if it is still this listener's, and gives up the lock.
func (l *Listener) Close() error {
	var err error
	l.once.Do(func() {
		close(l.done)
		if i, serr := os.Lstat(l.path); serr == nil && l.id != nil && os.SameFile(i, l.id) {
			os.Remove(l.path)
		}
		err = errors.Join(l.l.Close(), l.lock.Close())
		l.beside.Wait()
	})
	return err
}
