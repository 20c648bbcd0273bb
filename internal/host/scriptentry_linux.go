package host

import (
	"context"
	"os"
	"path/filepath"

	"credd/internal/paths"
)

// level is the entry for each boot, and update what changes it: of OpenRC, else nothing.
func (m *scripts) level() (entry, update string) {
	update, ok := program(m.at("/sbin/rc-update"), m.at("/usr/sbin/rc-update"))
	if !ok || m.name != "OpenRC" {
		return "", ""
	}
	return m.at("/etc/runlevels/default/credd"), update
}

// enable has OpenRC start the script at each boot: package service enters it for the present run level, which may be another, and a
// package's script is entered nowhere.
func (m *scripts) enable(ctx context.Context) error {
	if entry, update := m.level(); update != "" && !there(entry) {
		return m.do(ctx, update, "add", "credd", "default")
	}
	return nil
}

// addUser makes the daemon's user, by what there is for that.
func (m *scripts) addUser(ctx context.Context) error {
	home := paths.System().State
	if useradd, ok := program(m.at("/usr/sbin/useradd")); ok {
		return m.do(ctx, useradd, "--system", "--user-group", "--home-dir", home, "--no-create-home", "--shell", "/usr/sbin/nologin", account)
	}
	addgroup, ok := program(m.at("/usr/sbin/addgroup"), m.at("/bin/addgroup"))
	adduser, too := program(m.at("/usr/sbin/adduser"), m.at("/bin/adduser"))
	if !ok || !too {
		return &Error{Message: "there is neither useradd nor adduser to make the user " + account + " by", Hint: "make a user and a group of this name, and then again"}
	}
	if err := m.do(ctx, addgroup, "-S", account); err != nil { // BusyBox
		return err
	}
	return m.do(ctx, adduser, "-S", "-D", "-H", "-h", home, "-s", "/sbin/nologin", "-G", account, account)
}

// removeLinks removes the links of the run levels, which package service makes for System V and leaves.
func (m *scripts) removeLinks() error {
	links, err := filepath.Glob(m.at("/etc/rc[0-6].d/[SK][0-9][0-9]credd"))
	if err != nil {
		return err
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && filepath.Base(to) == filepath.Base(scriptFile) {
			if _, err := m.remove(link); err != nil {
				return err
			}
		}
	}
	return nil
}
