//go:build !windows

package paths

import (
	"errors"
	"os"
	"syscall"
)

// Private makes a directory for its owner alone, or insists that one which exists is. A symbolic link is refused: who
// may change it decides where it leads.
func Private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
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
