//go:build !windows

package socket

// ListenForAll is Listen for a daemon that serves all users of the machine: the socket is 0666, in a directory that only root, or the
// daemon's own user, may write. The daemon's lock is on the file lock.
func ListenForAll(path, lock string) (*Listener, error) { panic("TODO: issue 6") }
