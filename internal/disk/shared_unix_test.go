//go:build !windows

package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

const stranger = 65534

// is sees whose a file is, and its mode.
func is(t *testing.T, path string, uid, gid uint32, mode fs.FileMode) {
	t.Helper()
	i, err := os.Lstat(path)
	check(t, err)
	st := i.Sys().(*syscall.Stat_t)
	if st.Uid != uid || st.Gid != gid || i.Mode() != mode {
		t.Errorf("%s: got %d:%d %v, want %d:%d %v", filepath.Base(path), st.Uid, st.Gid, i.Mode(), uid, gid, mode)
	}
}

// shared is a directory as /etc/credd: root's, to be read by a group.
func shared(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "etc")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.Chown(dir, 0, stranger))
	check(t, os.Chmod(dir, fs.ModeSetgid|0o750))
	return dir
}

func TestWhatIsMadeInASharedDirectory(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := shared(t)
	sub := filepath.Join(dir, "customers")
	check(t, MakeShared(sub))
	check(t, MakeShared(sub)) // as it is
	is(t, sub, 0, stranger, fs.ModeDir|fs.ModeSetgid|0o750)
	for _, in := range []string{dir, sub} {
		check(t, CreateShared(filepath.Join(in, "x.toml"), []byte("x")))
		is(t, filepath.Join(in, "x.toml"), 0, stranger, 0o640)
		check(t, Create(filepath.Join(in, "y.toml"), []byte("y")))
		is(t, filepath.Join(in, "y.toml"), 0, stranger, 0o600)
	}
}

// Only a directory that both gives its group on and lets it read says so.
func TestWhatIsMadeElsewhereIsForTheOwnerAlone(t *testing.T) {
	for _, mode := range []fs.FileMode{0o700, 0o755, fs.ModeSetgid | 0o700, fs.ModeSetgid | 0o740} {
		dir := shared(t)
		check(t, os.Chmod(dir, mode))
		check(t, CreateShared(filepath.Join(dir, "x.toml"), nil))
		check(t, MakeShared(filepath.Join(dir, "customers")))
		for name, want := range map[string]fs.FileMode{"x.toml": 0o600, "customers": 0o700} {
			i, err := os.Stat(filepath.Join(dir, name))
			check(t, err)
			if got := i.Mode().Perm(); got != want {
				t.Errorf("%s in a directory of mode %v: got %v, want %v", name, mode, got, want)
			}
		}
	}
}

func TestRewriteKeepsWhoseItIs(t *testing.T) {
	for _, c := range []struct {
		uid, gid uint32
		mode     fs.FileMode
	}{{0, 0, 0o600}, {0, stranger, 0o640}, {stranger, stranger, 0o644}, {stranger, 0, 0o600}} {
		path := filepath.Join(shared(t), "x.toml")
		check(t, os.WriteFile(path, []byte("one"), 0o600))
		check(t, os.Chown(path, int(c.uid), int(c.gid)))
		check(t, os.Chmod(path, c.mode))
		check(t, Rewrite(path, []byte("two")))
		want(t, path, "two")
		is(t, path, c.uid, c.gid, c.mode)
	}
	if err := Rewrite(filepath.Join(shared(t), "none"), nil); err == nil {
		t.Error("made a file that was not there")
	}
}
