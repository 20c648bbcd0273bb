//go:build !windows

package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o640} {
		check(t, Replace(path, nil, mode))
		if i, err := os.Stat(path); err != nil || i.Mode() != mode {
			t.Errorf("got %v, %v, want %v", i.Mode(), err, mode)
		}
	}
}

// Where a lock should be there may be a pipe, to which nobody writes.
func TestNoLockWaitsForAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	check(t, syscall.Mkfifo(path, 0o600))
	if f, err := TryLock(path); err == nil {
		f.Close()
	}
}

// A lock that is a link may be anybody's file.
func TestNoLockThroughALink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	check(t, os.Symlink(filepath.Join(t.TempDir(), "victim"), path))
	if _, err := TryLock(path); err == nil {
		t.Error("locked what a link leads to")
	}
}
