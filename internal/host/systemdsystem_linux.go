package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"credd/internal/disk"
	"credd/internal/paths"
	"credd/packaging/units"
)

const (
	sysusersFile = "/etc/sysusers.d/credd.conf"
	account      = "credd" // the user and the group that the machine's daemon runs as

	firstConfig = `# The credd of this machine, for all its users. See docs/system.md and docs/configuration.md of credd.
version = 1
`
)

// prepare makes the user that the machine's daemon runs as, and the directory of its configuration.
func (d *systemd) prepare(ctx context.Context) error {
	data, err := units.Render("system/credd.sysusers", d.Program)
	if err != nil {
		return err
	}
	if _, err := d.write(file{d.at(sysusersFile), data, 0o644}); err != nil {
		return err
	}
	gid, err := d.group(ctx)
	if err != nil {
		return err
	}
	if gid < 0 {
		sysusers, ok := program(d.at("/usr/bin/systemd-sysusers"), d.at("/bin/systemd-sysusers"))
		if !ok {
			return &Error{Message: "there is no systemd-sysusers to make the user " + account + " by", Hint: "sudo useradd --system --user-group " + account + ", and then again"}
		}
		if err := d.do(ctx, sysusers, sysusersFile); err != nil {
			return err
		}
		if gid, err = d.group(ctx); err != nil {
			return err
		}
		if gid < 0 {
			return &Error{Message: "systemd-sysusers made no group " + account, Hint: "see: getent group " + account}
		}
	}
	return d.configure(gid)
}

// group returns the number of the daemon's group, -1 where there is none.
func (s *Service) group(ctx context.Context) (int, error) {
	getent, ok := program(s.at("/usr/bin/getent"), s.at("/bin/getent"))
	if !ok {
		return -1, &Error{Message: "there is no getent to look for the group " + account + " by", Hint: "install it"}
	}
	out, err := s.ask(ctx, getent, "group", account)
	if exitCode(err) == 2 { // no such key
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	fields := strings.Split(strings.TrimSpace(out), ":")
	if len(fields) < 3 {
		return -1, errors.New("getent shows no group: " + out)
	}
	return strconv.Atoi(fields[2])
}

// configure makes the directory of the machine's configuration, where the daemon may read what root writes, and a first file.
func (s *Service) configure(gid int) error {
	dir := s.at(paths.System().Config)
	if err := os.Mkdir(dir, 0o750); err == nil {
		if err := errors.Join(os.Chown(dir, 0, gid), os.Chmod(dir, 0o750|fs.ModeSetgid)); err != nil {
			return err
		}
		s.tell("made " + dir)
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	path := dir + "/credd.toml"
	if there(path) {
		return nil
	}
	if err := disk.Replace(path, []byte(firstConfig), 0o640); err != nil {
		return err
	}
	s.tell("wrote " + path)
	return os.Chown(path, 0, gid)
}
