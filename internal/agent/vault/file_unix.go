//go:build !windows

package vault

import (
	"errors"
	"os"
	"syscall"
)

var errLocked = errors.New("locked by another process")

// tryLock takes the writers' lock. The file stays: deleting it would let two writers lock two files.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errLocked
		}
		return nil, err
	}
	return f, nil
}

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

// syncDir makes a rename in it last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
