package socket

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestALaterSocketInTheSamePlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	l.beside.Go(func() { l.leave(time.Millisecond) })
	accepted := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				accepted <- err
				return
			}
			c.Close()
		}
	}()
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("before: %v", err)
	} else {
		c.Close()
	}
	later, err := net.Listen("unix", path+".new")
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-accepted:
		if !errors.Is(err, errReplaced) {
			t.Errorf("got %v, want %v", err, errReplaced)
		}
	case <-time.After(20 * time.Second):
		t.Error("it still accepts")
	}
	l.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the later socket is gone: %v", err)
	}
	if held, err := lockFile(path + ".lock"); err != nil {
		t.Errorf("the lock is still held: %v", err)
	} else {
		held.Close()
	}
}
