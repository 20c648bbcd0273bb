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
	return write(path, data, func(tmp *os.File) error { return tmp.Chmod(mode) }, os.Rename)
}

// Rewrite is Replace of a file that is there: it keeps its owner, its group and its mode. Where we cannot keep the group, the mode's
// word about it is about another, and the group gets nothing.
func Rewrite(path string, data []byte) error {
	was, err := os.Stat(path)
	if err != nil {
		return err
	}
	return write(path, data, func(tmp *os.File) error { return becomeLike(tmp, was) }, os.Rename)
}

// Create is Replace, for the owner alone, where there must be nothing at path yet: then its error is an fs.ErrExist.
func Create(path string, data []byte) error { return create(path, data, 0o600) }

// CreateShared is Create in a directory that is shared with a group: whose group may read it, and gives its group to what is made in it
// (setgid). That group may read the file. In any other directory it is Create.
func CreateShared(path string, data []byte) error {
	mode := fs.FileMode(0o600)
	if isShared(filepath.Dir(path)) {
		mode = 0o640
	}
	return create(path, data, mode)
}

// MakeShared makes a directory, and those above it, for the owner alone, but in one that is shared with a group as that is.
func MakeShared(dir string) error {
	if _, err := os.Stat(dir); err == nil || !isShared(filepath.Dir(dir)) {
		return os.MkdirAll(dir, 0o700)
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, fs.ModeSetgid|0o750) // whatever the umask is
}

func isShared(dir string) bool {
	i, err := os.Stat(dir)
	return err == nil && i.Mode()&fs.ModeSetgid != 0 && i.Mode().Perm()&0o050 == 0o050
}

func create(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, func(tmp *os.File) error { return tmp.Chmod(mode) }, os.Link)
}

func write(path string, data []byte, dress func(*os.File) error, place func(tmp, path string) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(Unfinished(path)))
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err := errors.Join(err, dress(tmp), tmp.Sync(), tmp.Close()); err != nil {
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
