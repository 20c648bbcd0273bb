//go:build !windows

package paths

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Private makes a directory for its owner alone, or insists that one which exists is. A symbolic link is refused: who
// may change it decides where it leads.
func Private(dir string) error {
	if err := Make(dir); err != nil {
		return err
	}
	var st syscall.Stat_t
	if err := syscall.Lstat(dir, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: dir, Err: err}
	}
	switch {
	case st.Mode&syscall.S_IFMT != syscall.S_IFDIR:
		return errors.New(dir + " is not a directory, or a symbolic link to one")
	case int(st.Uid) != os.Getuid():
		return errors.New(dir + " belongs to another user")
	case st.Mode&0o077 != 0:
		return errors.New(dir + " is open to other users: credd needs a directory of its own with mode 0700")
	}
	return nil
}

// Make makes a directory for its owner alone, with those above it. os.MkdirAll brings credhelper 40 KB: what it asks of a directory
// has a time, and that has time zones.
func Make(dir string) error {
	var st syscall.Stat_t
	if syscall.Stat(dir, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return nil
	}
	err := syscall.Mkdir(dir, 0o700)
	if err == syscall.ENOENT {
		if err := Make(filepath.Dir(dir)); err != nil {
			return err
		}
		err = syscall.Mkdir(dir, 0o700)
	}
	// Somebody else may have made it meanwhile.
	if err == syscall.EEXIST && syscall.Stat(dir, &st) == nil {
		if err = nil; st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
			err = syscall.ENOTDIR
		}
	}
	if err != nil {
		return &os.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	return nil
}
