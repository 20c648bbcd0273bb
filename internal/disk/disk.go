// Package disk writes files whole or not at all, also where the machine stops, and keeps processes from writing at the same time.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrLocked is wrapped by what TryLock and Lock return while another process has the lock.
var ErrLocked = errors.New("locked by another process")

// Lock is TryLock that waits for others, up to a time.
func Lock(path string, patience time.Duration) (*os.File, error) {
	const poll = 2 * time.Millisecond
	for end := time.Now().Add(patience); ; time.Sleep(poll) {
		f, err := TryLock(path)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, ErrLocked):
			return nil, err
		case time.Now().After(end):
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
}

// Replace puts a file in the place of the one at path, if there is one, in one step. Of a link it takes the place of the link.
func Replace(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, os.Rename)
}

// Create is Replace, for the owner alone, where there must be nothing at path yet: then its error is an fs.ErrExist.
func Create(path string, data []byte) error { return write(path, data, 0o600, os.Link) }

func write(path string, data []byte, mode fs.FileMode, place func(tmp, path string) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(Unfinished(path)))
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := place(tmp.Name(), path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// Unfinished is the pattern of what Replace and Create of a path leave beside it if the process is killed. It is hidden and has
// another suffix, so that nobody takes it for the file.
func Unfinished(path string) string {
	name := filepath.Base(path)
	return filepath.Join(filepath.Dir(path), ".credd-"+strings.TrimSuffix(name, filepath.Ext(name))+"-*")
}
