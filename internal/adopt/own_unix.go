//go:build !windows

package adopt

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// readOwn reads a file that only we can write.
func readOwn(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return nil, err
	}
	switch {
	case st.Mode&syscall.S_IFMT != syscall.S_IFREG:
		return nil, errors.New(path + " is no file")
	case int(st.Uid) != os.Geteuid():
		return nil, errors.New(path + " belongs to another user")
	case st.Mode&0o022 != 0:
		return nil, errors.New(path + " can be written by other users")
	}
	return io.ReadAll(f)
}
