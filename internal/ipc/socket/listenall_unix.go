//go:build !windows

package socket

import (
	"errors"
	"os"
	"path/filepath"

	"credd/internal/paths"
)

// ListenForAll is Listen for a daemon that serves all users of the machine: the socket is 0666, in a directory that only root, or the
// daemon's own user, may write. The daemon's lock is on the file lock.
func ListenForAll(path, lock string) (*Listener, error) {
	if err := paths.Shared(filepath.Dir(path)); err != nil {
		return nil, err
	}
	l, err := listenLocked(path, lock)
	if err != nil {
		return nil, err
	}
	// It is opened once it is there: made open it would need another umask, for the whole process. Until then callers are refused.
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
