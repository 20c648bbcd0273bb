package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestAsOwner(t *testing.T) {
	open := t.TempDir()
	check(t, os.Chmod(filepath.Dir(open), 0o755))
	check(t, os.Chmod(open, 0o755))
	dir := filepath.Join(open, "state")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.Chown(dir, stranger, stranger))
	closed := t.TempDir() // root's
	check(t, os.Chmod(closed, 0o700))
	check(t, os.Symlink(closed, filepath.Join(dir, "link")))

	var all sync.WaitGroup // each thread for itself
	for _, name := range []string{"a", "b", "c", "d"} {
		all.Go(func() {
			if err := AsOwner(dir, func() error { return os.MkdirAll(filepath.Join(dir, name, "below"), 0o700) }); err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(filepath.Join(closed, name), nil, 0o600); err != nil {
				t.Errorf("root is somebody else after it: %v", err)
			}
		})
	}
	all.Wait()
	is(t, filepath.Join(dir, "a", "below"), stranger, stranger, fs.ModeDir|0o700)

	err := AsOwner(dir, func() error { return Replace(filepath.Join(dir, "link", "planted"), nil, 0o600) })
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("through a link into a directory of root: got %v, want fs.ErrPermission", err)
	}
	check(t, AsOwner(closed, func() error { return Create(filepath.Join(closed, "own"), nil) }))
	is(t, filepath.Join(closed, "own"), 0, 0, 0o600)
	check(t, AsOwner(filepath.Join(open, "none"), func() error { return nil }))
}
