package socket

import (
	"errors"
	"fmt"
	"syscall"
)

// socketName is how launchd's property lists name our socket.
const socketName = "Listeners"

// Inherited returns a listener on the socket that launchd opened for this process, nil if it opened none. The daemon's lock is on the
// file lock. The socket outlives the listener: Close does not delete it.
func Inherited(lock string) (*Listener, error) {
	fds, err := activate(socketName)
	switch {
	case errors.Is(err, syscall.ESRCH), errors.Is(err, syscall.ENOENT):
		return nil, nil // launchd did not start us, or its property list has no socket
	case err != nil:
		return nil, fmt.Errorf("take the socket that launchd opened: %w", err)
	}
	return inherit("launchd", fds, lock)
}
