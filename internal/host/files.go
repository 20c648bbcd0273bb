package host

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"credd/internal/disk"
)

// file is a file of a service, as it has to be.
type file struct {
	path string
	data []byte
	mode fs.FileMode
}

// write makes a file as it has to be, with its directory, and tells of it. It reports whether anything was to do.
func (s *Service) write(f file) (changed bool, err error) {
	if f.kept() {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return false, err
	}
	if err := disk.Replace(f.path, f.data, f.mode); err != nil {
		return false, err
	}
	s.tell("wrote " + f.path)
	return true, nil
}

// kept reports whether the file is as it has to be. A link is not: who may change it decides what it says.
func (f file) kept() bool {
	i, err := os.Lstat(f.path)
	if err != nil || !i.Mode().IsRegular() || i.Mode().Perm() != f.mode && !ignoresModes {
		return false
	}
	data, err := os.ReadFile(f.path)
	return err == nil && bytes.Equal(data, f.data)
}

// remove deletes a file, and tells of it. It reports whether there was one.
func (s *Service) remove(path string) (removed bool, err error) {
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.tell("removed " + path)
	return true, nil
}

// there reports whether something is at path, also a link to nothing.
func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (s *Service) tell(line string) {
	if s.Tell != nil {
		s.Tell(line)
	}
}
