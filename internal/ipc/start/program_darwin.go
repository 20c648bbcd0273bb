package start

import (
	"os"
	"path/filepath"
)

// program is the path of the file that this process was started from, without links: a package manager may keep it elsewhere.
func program() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
