package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

const sharingViolation = syscall.Errno(32) // ERROR_SHARING_VIOLATION: somebody has the file open for itself alone

// TryLock takes a lock, which the file that it returns holds until it is closed or the process ends: it is open for nobody else.
func TryLock(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, ErrLocked
	case err != nil:
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

// SyncDir has nothing to do: NTFS journals what is made and renamed.
func SyncDir(string) error { return nil }

// becomeLike has nothing to do: what is made in a directory has its rights.
func becomeLike(*os.File, fs.FileInfo) error { return nil }

// AsOwner does something.
func AsOwner(_ string, do func() error) error { return do() }
