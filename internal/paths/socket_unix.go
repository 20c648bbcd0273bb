//go:build !windows

package paths

import (
	"errors"
	"path/filepath"
)

// maxSocket is the least of what systems allow in sockaddr_un: 104 bytes with the final NUL (macOS; Linux has 108).
const maxSocket = 103

var (
	errNoHome   = errors.New("HOME is not set to an absolute path: set it, or XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME")
	errTooLong  = errors.New("the path of the socket is longer than 103 bytes: set CREDD_SOCK to a shorter one")
	errRelative = errors.New("CREDD_SOCK is not an absolute path")
)

func ownSocket() (string, error) {
	dir, err := runtimeDir()
	if err != nil {
		return "", err
	}
	return fits(filepath.Join(dir, "agent.sock"))
}

// fits returns the path of a socket that the system takes.
func fits(path string) (string, error) {
	switch {
	case !filepath.IsAbs(path):
		return "", errRelative
	case len(path) > maxSocket:
		return "", errTooLong
	}
	return path, nil
}

func sameSocket(a, b string) bool { return a == b }
