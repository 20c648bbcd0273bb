package paths

import (
	"os"
	"strings"
	"syscall"
	"unsafe"
)

const (
	noWait     = 1                  // ms, NMPWAIT_NOWAIT
	tooManyNow = syscall.Errno(121) // ERROR_SEM_TIMEOUT: it is there, and has a client in each instance
)

var procWaitNamedPipe = syscall.NewLazyDLL("kernel32.dll").NewProc("WaitNamedPipeW")

// exists reports whether there is something. To look at a pipe as at a file would be to connect to it.
func exists(path string) bool {
	if !strings.HasPrefix(path, pipes) {
		_, err := os.Lstat(path)
		return err == nil
	}
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return false
	}
	ok, _, err := procWaitNamedPipe.Call(uintptr(unsafe.Pointer(name)), noWait)
	return ok != 0 || err == tooManyNow
}
