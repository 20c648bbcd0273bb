//go:build unix

package cli

import (
	"os"
	"syscall"
	"unsafe"
)

// screen returns the columns of a terminal, 0 if it does not say, and whether f is one. /dev/null is a character device
// too, so the file's mode cannot tell.
func screen(f *os.File) (columns int, ok bool) {
	var size struct{ rows, columns, x, y uint16 } // struct winsize of tty_ioctl(4)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	return int(size.columns), errno == 0
}
