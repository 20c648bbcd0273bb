// Package paths says where everything lives, on each system. It links no fmt: credhelper uses it.
package paths

import (
	"errors"
	"os"
	"path/filepath"
)

// maxSocket is the least of what systems allow in sockaddr_un: 104 bytes with the final NUL (macOS; Linux has 108).
const maxSocket = 103

var (
	errNoHome   = errors.New("HOME is not set to an absolute path: set it, or XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME")
	errTooLong  = errors.New("the path of the socket is longer than 103 bytes: set CREDD_SOCK to a shorter one")
	errRelative = errors.New("CREDD_SOCK is not an absolute path")
)

// Config returns the directory of credd.toml and customers.
func Config() (string, error) { return under("XDG_CONFIG_HOME", ".config") }

// Data returns the directory of secrets at rest.
func Data() (string, error) { return under("XDG_DATA_HOME", ".local/share") }

// State returns the directory of the audit log and the daemon's own log.
func State() (string, error) { return under("XDG_STATE_HOME", ".local/state") }

// Audit returns the audit log's file.
func Audit() (string, error) { return in(State, "audit.log") }

// Log returns the file that takes the stderr of a daemon started by credhelper, and on macOS of one that launchd started.
func Log() (string, error) { return in(logs, "credd.log") }

// Vault returns the file of the secrets at rest.
func Vault() (string, error) { return in(Data, "vault.age") }

// AWS returns the directory of the AWS CLI's files. AWS_CONFIG_FILE is not asked: a daemon must not mean another file in
// each terminal that starts it.
func AWS() (string, error) { return in(home, ".aws") }

// Socket returns the daemon's socket. CREDD_SOCK overrides all.
func Socket() (string, error) {
	if s := os.Getenv("CREDD_SOCK"); s != "" {
		if !filepath.IsAbs(s) {
			return "", errRelative
		}
		return fits(s)
	}
	return UsualSocket()
}

// UsualSocket returns the daemon's socket where CREDD_SOCK is not set.
func UsualSocket() (string, error) {
	dir, err := runtimeDir()
	if err != nil {
		return "", err
	}
	return fits(filepath.Join(dir, "agent.sock"))
}

func fits(path string) (string, error) {
	if len(path) > maxSocket {
		return "", errTooLong
	}
	return path, nil
}

func in(dir func() (string, error), name string) (string, error) {
	d, err := dir()
	if err != nil {
		return "", err
	}
	return filepath.Join(d, name), nil
}

func home() (string, error) {
	h, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(h) {
		return "", errNoHome
	}
	return h, nil
}
