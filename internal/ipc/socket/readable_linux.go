package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// readable reports whether there is something to read, or to accept, without waiting. The system call is a raw one because any other
// wakes the runtime's monitor, which then wakes ten times itself: an idle daemon is asked once a minute.
func readable(fd uintptr) bool {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	var now unix.Timespec
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno != 0 || n > 0
}
