//go:build !windows

package socket

// Inherited returns a listener on the socket that the service manager opened for this process, nil if it opened none. The daemon's
// lock is on the file lock. The socket outlives the listener: Close does not delete it.
func Inherited(lock string) (*Listener, error) { panic("TODO: issue 6") }

// ListenForAll is Listen for a daemon that serves all users of the machine: the socket is 0666, in a directory that only root, or the
// daemon's own user, may write. The daemon's lock is on the file lock.
func ListenForAll(path, lock string) (*Listener, error) { panic("TODO: issue 6") }
