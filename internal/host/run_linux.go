package host

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"credd/internal/paths"
)

// environment is ours, with the user's own runtime directory: by it systemctl finds the user's manager. cron sets none, and su leaves
// another user's.
func environment() []string {
	dir, err := runtimeDir()
	if err != nil {
		return os.Environ()
	}
	return append(os.Environ(), "XDG_RUNTIME_DIR="+dir)
}

// runtimeDir is where the user's manager has its socket, if there is one.
func runtimeDir() (string, error) {
	socket, err := paths.ServiceSocket()
	return filepath.Dir(filepath.Dir(socket)), err
}

// copy runs a program that prints until ctx ends, which is no error.
func (s *Service) copy(ctx context.Context, out io.Writer, argv []string) error {
	if s.run != nil {
		text, err := s.run(ctx, argv)
		io.WriteString(out, text)
		return err
	}
	err := copyOutput(ctx, out, argv)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// program returns the first of some whole paths that is there: managers' programs are never looked for in PATH, which is the caller's.
func program(paths ...string) (string, bool) {
	for _, path := range paths {
		if i, err := os.Stat(path); err == nil && !i.IsDir() {
			return path, true
		}
	}
	return "", false
}
