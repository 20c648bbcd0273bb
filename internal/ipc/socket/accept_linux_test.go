package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestWhoIsAcceptedIsKnownBeforeAByteIsRead(t *testing.T) {
	for _, uid := range []uint32{0, nobody, unknown} {
		t.Run(fmt.Sprint(uid), func(t *testing.T) {
			dir := open(t)
			path := filepath.Join(dir, "credd", "s")
			l := listen(t, path)
			// As if the file system did not protect it.
			for name, mode := range map[string]os.FileMode{filepath.Dir(path): 0o755, path: 0o666} {
				if err := os.Chmod(name, mode); err != nil {
					t.Fatal(err)
				}
			}
			cmd := start(t, uid, "connect", path)
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.PeerErr != nil || c.Peer.UID != uid || c.Peer.GID != uid || c.Peer.PID != cmd.Process.Pid {
				t.Errorf("got %+v, %v, want uid and gid %d, pid %d", c.Peer, c.PeerErr, uid, cmd.Process.Pid)
			}
		})
	}
}

func TestAcceptOutlastsALackOfDescriptors(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(l *Listener, more func())
		want error
	}{
		{"some are free again", func(_ *Listener, more func()) { more() }, nil},
		{"closed meanwhile", func(l *Listener, _ func()) { l.Close() }, net.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "credd", "s")
			l := listen(t, path)
			client, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			more := noDescriptors(t)
			used := cpuTime(t)
			accepted := make(chan error, 1)
			go func() {
				conn, err := l.Accept()
				if err == nil {
					conn.Close()
				}
				accepted <- err
			}()
			select {
			case err := <-accepted:
				t.Fatalf("got %v while there is no descriptor", err)
			case <-time.After(3 * pauseOnFull):
			}
			if used := cpuTime(t) - used; used > pauseOnFull {
				t.Errorf("took %v of the processor, want next to nothing", used)
			}
			c.end(l, more)
			if err := <-accepted; !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// noDescriptors lets this process open no file until more is called, or the test ends.
func noDescriptors(t *testing.T) (more func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	next, err := syscall.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(next)
	less := old
	less.Cur = uint64(next)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &less); err != nil {
		t.Fatal(err)
	}
	more = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(more)
	return more
}

func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestDial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	if _, err := Dial(t.Context(), path); err != ErrNoDaemon {
		t.Errorf("nothing there: got %v, want %v", err, ErrNoDaemon)
	}
	l := listen(t, path)
	c, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(over, path); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got %v, want %v", err, context.Canceled)
	}
	l.Close()
	stale(t, path)
	if _, err := Dial(t.Context(), path); err != ErrNoDaemon {
		t.Errorf("stale: got %v, want %v", err, ErrNoDaemon)
	}
}

func TestDialRefusesAnotherUsersDaemon(t *testing.T) {
	for _, uid := range []uint32{nobody, unknown} {
		path := filepath.Join(open(t), "s")
		daemon := startReady(t, uid, "listen", path)
		if _, err := Dial(t.Context(), path); err != ErrForeign {
			t.Errorf("daemon of %d: got %v, want %v", uid, err, ErrForeign)
		}
		if err := daemon.Wait(); err != nil {
			t.Errorf("daemon of %d got a byte: %v", uid, err)
		}
	}
}

func TestAKilledDaemonIsReplaced(t *testing.T) {
	path := filepath.Join(open(t), "credd", "s")
	daemon := startReady(t, 0, "serve", path)
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("it lives: got %v, want %v", err, ErrRunning)
	}
	if err := daemon.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	daemon.Wait()
	listen(t, path)
}
