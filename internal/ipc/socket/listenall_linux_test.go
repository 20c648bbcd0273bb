package socket

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"credd/internal/alone"
	"credd/internal/paths"
)

// Users of a machine. None is in its files.
const (
	creddUID = 9900
	anaUID   = 10001
	eveUID   = 10002
)

// lockOf is the lock of a daemon in these tests: in the place of its state.
func lockOf(path string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(path)), "state", "agent.lock")
}

// says runs a role to its end as another user and returns what it prints.
func says(t *testing.T, uid uint32, role, path string) string {
	t.Helper()
	out, err := command(uid, role, path).Output()
	if err != nil {
		t.Logf("%s as %d: %v", role, uid, err)
	}
	return strings.TrimSpace(string(out))
}

// place makes a directory, whatever the umask is.
func place(t *testing.T, dir string, owner int, mode os.FileMode) {
	t.Helper()
	for _, err := range []error{os.MkdirAll(dir, 0o700), os.Chown(dir, owner, owner), os.Chmod(dir, mode)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhoIsTrustedBehindTheMachinesSocket(t *testing.T) {
	if !alone.WithoutRun(t) {
		return
	}
	sock := paths.System().Socket
	for _, c := range []struct {
		name    string
		path    string
		server  uint32
		owner   int // of the socket's directory
		mode    os.FileMode
		above   os.FileMode // of /run
		trusted bool
	}{
		{"root", sock, 0, 0, 0o755, 0o755, true},
		{"whom root gave the directory", sock, creddUID, creddUID, 0o755, 0o755, true},
		{"another in root's directory", sock, eveUID, 0, 0o755, 0o755, false},
		{"another in the daemon's directory", sock, eveUID, creddUID, 0o755, 0o755, false},
		{"a directory that its group may write", sock, creddUID, creddUID, 0o775, 0o755, false},
		{"a directory that all may write", sock, creddUID, creddUID, 0o757, 0o755, false},
		{"one above it that all may write", sock, creddUID, creddUID, 0o755, 0o777, false},
		{"… with the sticky bit", sock, creddUID, creddUID, 0o755, 0o777 | os.ModeSticky, false},
		{"another path", "/run/creddy/agent.sock", creddUID, creddUID, 0o755, 0o755, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Dir(c.path)
			place(t, dir, int(c.server), 0o755)
			daemon := startReady(t, c.server, "serve-any", c.path)
			place(t, dir, c.owner, c.mode)
			place(t, "/run", 0, c.above)
			want := ErrForeign.Error()
			if c.trusted {
				want = "<nil>"
			}
			for _, client := range []uint32{0, anaUID} {
				if got := says(t, client, "dial", c.path); got != want {
					t.Errorf("%d: got %s, want %s", client, got, want)
				}
			}
			if got := says(t, c.server, "dial", c.path); got != "<nil>" {
				t.Errorf("itself: got %s", got)
			}
			daemon.Process.Kill()
			daemon.Wait()
			os.RemoveAll(dir)
		})
	}
}

func TestListenForAll(t *testing.T) {
	dir := open(t)
	run, state := filepath.Join(dir, "run"), filepath.Join(dir, "state")
	path := filepath.Join(run, "agent.sock")
	place(t, run, creddUID, 0o755)
	place(t, state, creddUID, 0o700)
	daemon := startReady(t, creddUID, "serve all", path)
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o666 {
		t.Errorf("got %v, %v", i, err)
	}
	for _, uid := range []uint32{0, anaUID, eveUID, creddUID} {
		if out, err := command(uid, "connect", path).CombinedOutput(); err != nil {
			t.Errorf("%d cannot connect: %v %s", uid, err, out)
		}
	}
	if got := says(t, creddUID, "serve all", path); !strings.HasPrefix(got, ErrRunning.Error()) {
		t.Errorf("a second one: got %s", got)
	}
	daemon.Process.Kill()
	daemon.Wait()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal("a killed daemon leaves its socket, so that this test proves something:", err)
	}
	startReady(t, creddUID, "serve all", path) // over the stale one
}

func TestListenForAllInBadDirectories(t *testing.T) {
	for _, c := range []struct {
		name  string
		owner int
		mode  os.FileMode
		want  string
	}{
		{"another's", eveUID, 0o755, "belongs to another user"},
		{"its group may write", creddUID, 0o775, "may be changed by other users: chmod go-w it"},
		{"all may write", 0, 0o777 | os.ModeSticky, "may be changed by other users"},
		{"closed", creddUID, 0o700, "is closed to other users"},
		{"root's", 0, 0o755, "permission denied"}, // no fault of the directory, but not ours to listen in
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := open(t)
			run := filepath.Join(dir, "run")
			place(t, run, c.owner, c.mode)
			place(t, filepath.Join(dir, "state"), creddUID, 0o700)
			if got := says(t, creddUID, "serve all", filepath.Join(run, "agent.sock")); !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if _, err := os.Lstat(filepath.Join(run, "agent.sock")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a socket is left: %v", err)
			}
		})
	}
	t.Run("a link", func(t *testing.T) {
		dir := open(t)
		place(t, filepath.Join(dir, "there"), creddUID, 0o755)
		if err := os.Symlink("there", filepath.Join(dir, "run")); err != nil {
			t.Fatal(err)
		}
		if _, err := ListenForAll(filepath.Join(dir, "run", "agent.sock"), filepath.Join(dir, "lock")); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("got %v", err)
		}
	})
}

// Root makes the directory that is not there, open to all whatever its umask is.
func TestListenForAllMakesItsDirectory(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := open(t)
	path := filepath.Join(dir, "run", "agent.sock")
	l, err := ListenForAll(path, filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := says(t, anaUID, "dial", path); got != "<nil>" {
		t.Errorf("got %s", got)
	}
	if i, err := os.Stat(filepath.Dir(path)); err != nil || i.Mode().Perm() != 0o755 {
		t.Errorf("got %v, %v", i, err)
	}
}
