// Package paths says where everything lives, on each system. It links no fmt: credhelper uses it.
package paths

import (
	"os"
	"path/filepath"
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

// Socket returns the socket of the daemon that is asked. CREDD_SOCK overrides all.
func Socket() (string, error) {
	if s := os.Getenv("CREDD_SOCK"); s != "" {
		return fits(s)
	}
	return UsualSocket()
}

// OwnSocket returns the socket that a daemon of the user's own serves. CREDD_SOCK overrides it.
func OwnSocket() (string, error) {
	if s := os.Getenv("CREDD_SOCK"); s != "" {
		return fits(s)
	}
	return ownSocket()
}

// ServiceSocket returns the socket of the user's service, which knows no CREDD_SOCK.
func ServiceSocket() (string, error) { return ownSocket() }

// UsualSocket returns the socket of the daemon that is asked where CREDD_SOCK is not set: the user's own, or that of the credd of
// this machine if the user has neither a socket nor a configuration.
func UsualSocket() (string, error) {
	own, err := ownSocket()
	if all := System().Socket; !(err == nil && exists(own)) && !isConfigured() && exists(all) {
		return all, nil // also for who has no home
	}
	return own, err
}

// IsSystem reports whether a socket is that of the credd of this machine.
func IsSystem(socket string) bool { return sameSocket(socket, System().Socket) }

// isConfigured reports whether the user has a configuration.
func isConfigured() bool {
	dir, err := Config()
	return err == nil && (exists(dir+"/credd.toml") || exists(dir+"/customers"))
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
