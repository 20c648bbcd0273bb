package adopt

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// sharingViolation is ERROR_SHARING_VIOLATION: somebody has the file open for itself alone.
const sharingViolation = syscall.Errno(32)

// lock keeps other imports of this user away, until unlock or the end of the process: the file is opened for nobody else.
func (j Journal) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(j.Path), 0o700); err != nil {
		return nil, err
	}
	name, err := syscall.UTF16PtrFromString(j.Path + ".lock")
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, ErrBusy
	case err != nil:
		return nil, err
	}
	return func() { syscall.CloseHandle(h) }, nil
}
