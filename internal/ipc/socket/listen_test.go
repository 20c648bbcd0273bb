//go:build !windows

package socket

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

func listen(t *testing.T, path string) *Listener {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// stale leaves a socket as a killed daemon does.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestTheSocketIsForItsOwnerAlone(t *testing.T) {
	old := syscall.Umask(0) // the laxest
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "credd", "s")
	listen(t, path)
	for name, want := range map[string]fs.FileMode{path: fs.ModeSocket | 0o600, filepath.Dir(path): fs.ModeDir | 0o700, path + ".lock": 0o600} {
		i, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if i.Mode() != want {
			t.Errorf("%s: got %v, want %v", name, i.Mode(), want)
		}
	}
}

func TestUmaskIsKept(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	listen(t, filepath.Join(t.TempDir(), "credd", "s"))
	if got := syscall.Umask(0o027); got != 0o027 {
		t.Errorf("got %#o, want 027", got)
	}
}

func TestDirectoriesThatAreRefused(t *testing.T) {
	for name, prepare := range map[string]func(dir string) error{
		"link to a directory of ours": func(d string) error {
			os.Mkdir(d+".real", 0o700)
			return os.Symlink(d+".real", d)
		},
		"writable by all": func(d string) error {
			os.Mkdir(d, 0o700)
			return os.Chmod(d, 0o777|fs.ModeSticky)
		},
		"readable by a group": func(d string) error { return os.Mkdir(d, 0o750) },
		"of another user": func(d string) error {
			os.Mkdir(d, 0o700)
			return os.Chown(d, nobody, nobody)
		},
		"file": func(d string) error { return os.WriteFile(d, nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "credd")
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := Listen(filepath.Join(dir, "s")); err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want an error that names %s", err, dir)
			}
			if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
				t.Errorf("got %v in it, want nothing", entries)
			}
		})
	}
}

func TestOneDaemonAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	first := listen(t, path)
	_, err := Listen(path)
	if want := "pid " + strconv.Itoa(os.Getpid()); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %v and %s", err, ErrRunning, want)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err != ErrRunning {
		t.Errorf("its socket is gone: got %v, want %v", err, ErrRunning)
	}
	first.Close()
	listen(t, path)
}

func TestALiveSocketIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", path) // by somebody who takes no lock
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("got %v, want %v", err, ErrRunning)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("it is not served any more: %v", err)
	}
	c.Close()
}

func TestAStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	stale(t, path)
	listen(t, path)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestWhatIsNoSocketIsKept(t *testing.T) {
	for name, prepare := range map[string]func(path string) error{
		"file":          func(p string) error { return os.WriteFile(p, []byte("mine"), 0o600) },
		"directory":     func(p string) error { return os.Mkdir(p, 0o700) },
		"pipe":          func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"dangling link": func(p string) error { return os.Symlink(p+".missing", p) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "credd", "s")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := prepare(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), path+" is not a socket") {
				t.Errorf("got %v, want: is not a socket", err)
			}
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("got %v, %v, want it untouched", after, err)
			}
		})
	}
}

func TestALinkIsNoLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("elsewhere", path+".lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("got %v, want %v", err, syscall.ELOOP)
	}
}

func TestCloseDeletesOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	l := listen(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	stale(t, path)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("somebody else's: got %v, want it kept", err)
	}
	l = listen(t, path)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its own: got %v, want %v", err, fs.ErrNotExist)
	}
}
