//go:build !windows

package vault

import (
	"errors"
	"os"
	"syscall"
)

// private says what is wrong with the owner or the mode of a file that holds a key.
func private(i os.FileInfo) error {
	st, ok := i.Sys().(*syscall.Stat_t)
	switch {
	case !i.Mode().IsRegular():
		return errors.New(i.Name() + " is not a file")
	case i.Mode().Perm()&0o077 != 0:
		return errors.New(i.Name() + " can be read or written by others: chmod 600 it")
	case !ok || st.Uid != 0 && int(st.Uid) != os.Getuid():
		return errors.New(i.Name() + " belongs to another user")
	}
	return nil
}

func inodeOf(i os.FileInfo) uint64 {
	if st, ok := i.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
