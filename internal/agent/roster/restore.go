package roster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Check tells what is wrong with a role by itself, whatever files it would go into.
func (n NewRole) Check() error {
	_, role, _ := cutRole(n.Name)
	if !CanBeRole(n.Name) {
		return fmt.Errorf("%s is not a role's name, such as acme/admin", quote(n.Name))
	}
	if _, f := readDraft([]byte(n.newFile(role))); f != nil {
		return errors.New(f.message)
	}
	return nil
}

// Check tells what is wrong with a source by itself.
func (s *Source) Check() error {
	if !isName(s.Name) {
		return fmt.Errorf("%s cannot be the name of a source", quote(s.Name))
	}
	tree, f := parse([]byte("version = 1\n" + s.text()))
	if f == nil {
		c := &checker{}
		if readSettings(tree, c); len(c.faults) > 0 {
			f = &c.faults[0]
		}
	}
	if f != nil {
		return errors.New(f.message)
	}
	return nil
}

// IsOwn says whether a customer's file is among those that credd edits, and not in an included directory.
func (c *Customer) IsOwn() bool { return filepath.Dir(c.File) == customersDir("") }

// Restore gives a file of the configuration the bytes that it had, nil if there was none, provided that it is still as the
// caller knows it. It reports whether that was so.
func Restore(dir, path string, was []byte, still func(now []byte) bool) (done bool, err error) {
	if path != settingsFile(dir) && filepath.Dir(path) != customersDir(dir) {
		return false, fmt.Errorf("%s is no file of the configuration in %s", path, dir)
	}
	unlock, err := lockDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unlock()
	now, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || !still(now) {
		return false, err
	}
	if was == nil {
		return true, os.Remove(path)
	}
	return true, unwritten(path, replace(path, was, false))
}
