package host

import (
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
