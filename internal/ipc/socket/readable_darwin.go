package socket

import "golang.org/x/sys/unix"

// readable reports whether there is something to read, or to accept, without waiting.
func readable(fd uintptr) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return err != nil || n > 0
}
