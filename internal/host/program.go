package host

import (
	"os"
	"path/filepath"
	"strings"
)

// Check reports, as an *Error, why the program cannot be a service's: it is not there, is about to go, or is somebody else's to change.
func (s *Service) Check() error {
	switch i, err := os.Stat(s.Program); {
	case !filepath.IsAbs(s.Program):
		return &Error{Message: "the program of a service needs a whole path, not " + s.Program, Hint: s.installHint()}
	case err != nil:
		return &Error{Message: err.Error(), Hint: s.installHint(), Err: err}
	case !i.Mode().IsRegular():
		return &Error{Message: s.Program + " is no program", Hint: s.installHint()}
	}
	real, err := filepath.EvalSymlinks(s.Program)
	if err != nil {
		return &Error{Message: err.Error(), Hint: s.installHint(), Err: err}
	}
	for _, path := range []string{s.Program, real} {
		if temporary(path) {
			return &Error{Message: path + " will not stay: it is in a directory for temporary files", Hint: s.installHint()}
		}
		if err := s.checkOwners(path); err != nil {
			return err
		}
	}
	return nil
}

// temporary reports whether a file is where go run builds, or where files are deleted by themselves.
func temporary(path string) bool {
	for _, part := range strings.Split(filepath.ToSlash(filepath.Dir(path)), "/") {
		if strings.HasPrefix(part, "go-build") {
			return true
		}
	}
	return false
}
