package host

import (
	"context"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"credd/internal/paths"
)

// reachable reports why the user's manager cannot be asked, or should not be.
func (d *systemd) reachable(ctx context.Context) error {
	if d.System {
		return nil
	}
	if err := d.notBySudo(); err != nil {
		return err
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
	if err := sameDirectories(out); err != nil {
		return err
	}
	out, err = d.ask(ctx, d.program, "--user", "show", "--property=UnitPath")
	if err != nil {
		return err
	}
	return d.readable(strings.Fields(strings.TrimPrefix(strings.TrimSpace(out), "UnitPath=")))
}

// readable puts our units where the manager reads units of users: it may have started without the XDG_CONFIG_HOME that we have.
func (d *systemd) readable(read []string) error {
	dirs, err := userUnitDirs()
	if err != nil || slices.Contains(read, d.dir) {
		return err
	}
	for _, dir := range dirs {
		if slices.Contains(read, dir) {
			d.dir = dir
			return nil
		}
	}
	return &Error{Message: "this user's service manager reads no units in " + strings.Join(dirs, " nor in "), Hint: "see: systemctl --user show --property=UnitPath"}
}

// userUnitDirs are where units of a user may be: below XDG_CONFIG_HOME, and in the usual place.
func userUnitDirs() ([]string, error) {
	config, err := paths.Config()
	if err != nil {
		return nil, err
	}
	all := []string{filepath.Join(filepath.Dir(config), "systemd", "user")}
	if usual := filepath.Join(os.Getenv("HOME"), ".config", "systemd", "user"); filepath.IsAbs(usual) && usual != all[0] {
		all = append(all, usual)
	}
	return all, nil
}

// userName is who we are, for texts to copy and for the file that lingering leaves.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return "USER"
	}
	return u.Username
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
