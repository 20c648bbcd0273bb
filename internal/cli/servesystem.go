package cli

import (
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
	"credd/internal/paths"
)

// listen opens the daemon's socket, once this user may be the daemon.
func (s *Streams) listen(where locations) (*socket.Listener, error) {
	if !s.system {
		return inherited(where.socket+".lock", func() (*socket.Listener, error) { return socket.Listen(where.socket) })
	}
	if isRoot() {
		return nil, &userError{ipc.Usage, "the credd of a machine does not run as root, but as a user of its own", "let the service do it: sudo credd service install --system"}
	}
	closeFiles()
	if err := paths.Private(where.state); err != nil {
		return nil, &userError{ipc.Usage, err.Error(), "the user that the machine's credd runs as owns that directory; credd service install --system makes it"}
	}
	lock := paths.System().Lock()
	return inherited(lock, func() (*socket.Listener, error) { return socket.ListenForAll(where.socket, lock) })
}
