package cli

import (
	"os"
	"syscall"
)

// screen reports whether f is a console. Its columns are not asked for: a console wraps long rows by itself.
func screen(f *os.File) (columns int, ok bool) {
	var mode uint32
	return 0, syscall.GetConsoleMode(syscall.Handle(f.Fd()), &mode) == nil
}
