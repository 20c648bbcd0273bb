package awsconfig

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Update reads a file, has it changed and writes the result in its place in one step; old is nil if there is no file. Nothing is
// written if nothing changed.
func Update(path string, change func(old []byte) ([]byte, error)) error {
	old, err := readFile(path)
	if err != nil {
		return err
	}
	data, err := change(old)
	if err != nil || bytes.Equal(old, data) {
		return err
	}
	mode := fs.FileMode(0o600)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		if i, err := os.Stat(target); err == nil {
			mode = i.Mode().Perm()
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".credd-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
