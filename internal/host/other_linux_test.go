package host

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"credd/internal/disk"
)

// The machine's daemon may pass a socket on that another process made, whose number is somebody else's by now.
func TestOnlyTheDaemonIsEnded(t *testing.T) {
	const daemon = 9900
	dir := t.TempDir()
	lock := filepath.Join(dir, "agent.lock")
	held, err := disk.TryLock(lock)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, c := range []struct {
		name string
		uid  uint32
		want bool
	}{{"the daemon's user", daemon, true}, {"another", daemon + 1, false}, {"root", 0, false}} {
		cmd := exec.Command("sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid}}
		cmd.Dir = "/"
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(lock, daemon, daemon); err != nil {
			t.Fatal(err)
		}
		if got := hasOwnerOf(cmd.Process.Pid, lock); got != c.want {
			t.Errorf("a process of %s: got %v, want %v", c.name, got, c.want)
		}
		cmd.Process.Kill()
		cmd.Wait()
	}

	// This process listens, as root: it would end itself.
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ran := false
	if err := (&Service{System: true}).insteadAlone(context.Background(), path, lock, func() error { ran = true; return nil }); err == nil || ran {
		t.Errorf("got %v, and the service started: %v", err, ran)
	}
}
