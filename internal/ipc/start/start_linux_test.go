package start

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// socketPath returns one in a directory that startLock accepts; t.TempDir is too long for a socket.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "credd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestADaemonThatDoesNotListenIsGivenUp(t *testing.T) {
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleep.Wait()
	defer sleep.Process.Kill()
	err := await(socketPath(t), sleep.Process.Pid, "/log", time.Now().Add(50*time.Millisecond))
	if want := (Error{"credd was started and does not answer", "see /log"}); err == nil || *err.(*Error) != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestALockThatIsNotGivenUp(t *testing.T) {
	path := socketPath(t)
	held, err := startLock(path, time.Now().Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(held)
	if _, err := startLock(path, time.Now().Add(50*time.Millisecond)); err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Errorf("got %v, want: does not end", err)
	}
}
