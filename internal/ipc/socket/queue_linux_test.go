package socket

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Other users can keep the daemon's queue full. Who looks after it gets through all the same, and so does its watchdog.
func TestDialWaitsInAFullQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	full := false
	for range 10 {
		c, err := net.Dial("unix", path)
		if full = errors.Is(err, syscall.EAGAIN); full {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if !full {
		t.Fatal("the queue does not get full")
	}
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if c, err := Dial(short, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, %v, want a wait until the time is over", c, err)
	}
	got := make(chan error)
	go func() {
		c, err := Dial(context.Background(), path)
		if err == nil {
			c.Close()
		}
		got <- err
	}()
	time.AfterFunc(50*time.Millisecond, func() {
		if nfd, _, err := syscall.Accept(fd); err == nil {
			syscall.Close(nfd)
		}
	})
	if err := <-got; err != nil {
		t.Error(err)
	}
}
