package socket

import (
	"net"
	"syscall"
	"time"
)

// leaveEvery is the time between looks at our socket. The user's launchd opens the service's at the first login at the screen, maybe long
// after a helper over ssh has started a daemon: it replaces the file, and its daemon needs our lock.
const leaveEvery = 15 * time.Second

// listenAt binds a socket of mode 0600. macOS takes no mode from the descriptor, so the umask has to do it: a daemon
// listens before it starts to work.
func listenAt(path string) (net.Listener, error) {
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	return net.Listen("unix", path)
}
