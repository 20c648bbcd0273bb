//go:build !windows

package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// TryLock takes a lock, which the file that it returns holds until it is closed or the process ends. The file at path stays:
// deleting it would let two processes lock two files.
func TryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, err
	}
	return f, nil
}

// SyncDir makes what was made and renamed in a directory last. File systems that do not know of that are believed.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// becomeLike gives a new file the owner, the group and the mode of another.
func becomeLike(f *os.File, was fs.FileInfo) error {
	mode := was.Mode().Perm()
	now, err := f.Stat()
	if err != nil {
		return err
	}
	is, ok := now.Sys().(*syscall.Stat_t)
	as, known := was.Sys().(*syscall.Stat_t)
	if ok && known && (is.Uid != as.Uid || is.Gid != as.Gid) {
		if f.Chown(int(as.Uid), int(as.Gid)) != nil && f.Chown(-1, int(as.Gid)) != nil && is.Gid != as.Gid {
			mode &^= 0o070
		}
	}
	return f.Chmod(mode) // last: a change of the owner takes bits away
}
