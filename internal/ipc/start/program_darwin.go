package start

import (
	"os"
	"path/filepath"
)

// program is the path of this program without links.
func program() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(exe)
}
