package start

import (
	"os"
	"path/filepath"

	"credd/internal/paths"
)

// wants are where systemd has links to the sockets that it opens at the login of any user.
var wants = [...]string{"/etc/systemd/user/sockets.target.wants/", "/usr/local/lib/systemd/user/sockets.target.wants/", "/usr/lib/systemd/user/sockets.target.wants/"}

const socketUnit = "credd.socket"

// installed returns what opens the user's socket at path: nothing if the unit is not enabled, or the user's manager does not run.
func installed(path string) (argv, env []string) {
	dir := filepath.Dir(filepath.Dir(path)) // the runtime directory, also where XDG_RUNTIME_DIR is not set
	if !there(dir+"/systemd/private") || !enabled() {
		return nil, nil
	}
	for _, systemctl := range [...]string{"/usr/bin/systemctl", "/bin/systemctl"} {
		if there(systemctl) {
			return []string{systemctl, "--user", "start", socketUnit}, []string{"XDG_RUNTIME_DIR=" + dir}
		}
	}
	return nil, nil
}

// anew is what opens the socket once more, where starting it did not help: systemd goes on holding one whose file was deleted.
func anew(start []string) []string {
	return []string{start[0], "--user", "restart", socketUnit}
}

// enabled reports whether the user's manager opens the socket at each login. It may not know our XDG_CONFIG_HOME.
func enabled() bool {
	for _, dir := range wants {
		if there(dir + socketUnit) {
			return true
		}
	}
	const own = "/systemd/user/sockets.target.wants/" + socketUnit
	config, err := paths.Config()
	return err == nil && there(filepath.Dir(config)+own) || there(os.Getenv("HOME")+"/.config"+own)
}
