//go:build !windows

package adopt

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps other imports of this user away, until unlock or the end of the process.
func (j Journal) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(j.Path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(j.Path+".lock", os.O_RDONLY|os.O_CREATE|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}
