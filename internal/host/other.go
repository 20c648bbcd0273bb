package host

import (
	"context"
	"errors"

	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
)

// Other returns the pid of the daemon that serves a socket, 0 for none. It must not be asked of a socket that a manager holds:
// connecting starts the service.
func Other(ctx context.Context, path string) (int, error) {
	conn, err := socket.Dial(ctx, path)
	if errors.Is(err, socket.ErrNoDaemon) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	p, err := peer.Of(conn)
	return p.PID, err
}
