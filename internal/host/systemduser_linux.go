package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// reachable reports why the user's manager cannot be asked, or should not be.
func (d *systemd) reachable(ctx context.Context) error {
	if d.System {
		return nil
	}
	if os.Getuid() == 0 && os.Getenv("SUDO_UID") != "" {
		return &Error{Message: "this is root by sudo, and would be a service of root's",
			Hint: "a service of your own: credd service install; one for all users of the machine: sudo credd service install --system"}
	}
	const hint = "log in as this user (ssh, a console, or: sudo machinectl shell USER@), or let the manager always run: sudo loginctl enable-linger USER; " +
		"one for all users of the machine: sudo credd service install --system"
	dir, err := runtimeDir()
	if err != nil {
		return err
	}
	if !there(filepath.Join(dir, "systemd", "private")) {
		return &Error{Message: "systemd runs no service manager for this user, as it does from the first login on: in a container, after su, or in cron there may be none",
			Hint: strings.ReplaceAll(hint, "USER", userName()), Err: ErrNoManager}
	}
	out, err := d.ask(ctx, d.program, "--user", "show-environment")
	if err != nil {
		return &Error{Message: "this user's service manager does not answer: " + err.Error(), Hint: strings.ReplaceAll(hint, "USER", userName()), Err: ErrNoManager}
	}
	return sameDirectories(out)
}

// userName is who we are, as far as the environment tells: for a text to copy.
func userName() string {
	for _, variable := range []string{"USER", "LOGNAME"} {
		if name := os.Getenv(variable); name != "" {
			return name
		}
	}
	return "USER"
}

// sameDirectories compares the environment of the manager, and so of the service, with ours: it must not read another configuration.
func sameDirectories(environment string) error {
	theirs := map[string]string{}
	for line := range strings.Lines(environment) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		theirs[name] = value
	}
	home := os.Getenv("HOME")
	for _, v := range []struct{ name, usual string }{{"XDG_CONFIG_HOME", ".config"}, {"XDG_DATA_HOME", ".local/share"}, {"XDG_STATE_HOME", ".local/state"}} {
		usual := filepath.Join(home, v.usual)
		ours, manager := absolute(os.Getenv(v.name), usual), absolute(theirs[v.name], usual)
		if ours == manager {
			continue
		}
		return &Error{Message: v.name + " means " + ours + " here, and " + manager + " to services: credd would read other files",
			Hint: "write " + v.name + "=" + ours + " into " + filepath.Join(absolute(theirs["XDG_CONFIG_HOME"], filepath.Join(home, ".config")), "environment.d", "credd.conf") +
				" and: systemctl --user daemon-reload"}
	}
	return nil
}

// absolute is a directory as package paths takes it: a relative one is ignored.
func absolute(dir, usual string) string {
	if filepath.IsAbs(dir) {
		return filepath.Clean(dir)
	}
	return usual
}
