package socket

import (
	"net"
	"syscall"
)

// listenAt binds a socket of mode 0600. macOS takes no mode from the descriptor, so the umask has to do it: a daemon
// listens before it starts to work.
func listenAt(path string) (net.Listener, error) {
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	return net.Listen("unix", path)
}
