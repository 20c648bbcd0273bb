package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"credd/internal/disk"
	"credd/internal/paths"
	"credd/packaging/units"
)

const (
	sysusersFile = "/etc/sysusers.d/credd.conf"
	account      = "credd" // the user and the group that the machine's daemon runs as
)

// prepare makes the user that the machine's daemon runs as, and its directories.
func (d *systemd) prepare(ctx context.Context) error {
	data, err := units.Render("system/credd.sysusers", d.Program)
	if err != nil {
		return err
	}
	if _, err := d.write(file{d.at(sysusersFile), data, 0o644}); err != nil {
		return err
	}
	sysusers, ok := program(d.at("/usr/bin/systemd-sysusers"), d.at("/bin/systemd-sysusers"))
	if !ok {
		return &Error{Message: "there is no systemd-sysusers to make the user " + account + " by", Hint: "sudo useradd --system --user-group " + account + ", and then again"}
	}
	return d.directories(ctx, func() error { return d.do(ctx, sysusers, sysusersFile) })
}

// directories makes the daemon's user, if there is none, and what is in directories of its own.
func (s *Service) directories(ctx context.Context, addUser func() error) error {
	uid, gid, err := s.account(ctx)
	if err != nil {
		return err
	}
	if uid < 0 {
		if err := addUser(); err != nil {
			return err
		}
		if uid, gid, err = s.account(ctx); err != nil {
			return err
		}
		if uid < 0 {
			return &Error{Message: "there is no user " + account + " still", Hint: "see: getent passwd " + account}
		}
	}
	p := paths.System()
	if err := s.make(s.at(p.Config), 0o750|fs.ModeSetgid, 0, gid); err != nil {
		return err
	}
	if err := s.make(s.at(p.State), 0o700, uid, gid); err != nil {
		return err
	}
	return s.firstFile(gid)
}

// account returns the numbers of the daemon's user and its group, -1 where there is none.
func (s *Service) account(ctx context.Context) (uid, gid int, err error) {
	getent, ok := program(s.at("/usr/bin/getent"), s.at("/bin/getent"))
	if !ok {
		return -1, -1, &Error{Message: "there is no getent to look for the user " + account + " by", Hint: "install it"}
	}
	out, err := s.ask(ctx, getent, "passwd", account)
	if exitCode(err) == 2 { // no such key
		return -1, -1, nil
	}
	if err != nil {
		return -1, -1, err
	}
	fields := strings.Split(strings.TrimSpace(out), ":")
	if len(fields) < 4 {
		return -1, -1, errors.New("getent shows no user: " + out)
	}
	uid, err1 := strconv.Atoi(fields[2])
	gid, err2 := strconv.Atoi(fields[3])
	return uid, gid, errors.Join(err1, err2)
}

// make makes a directory. One that is there stays as it is.
func (s *Service) make(dir string, mode fs.FileMode, uid, gid int) error {
	err := os.Mkdir(dir, mode.Perm())
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err := errors.Join(err, os.Chown(dir, uid, gid), os.Chmod(dir, mode)); err != nil {
		return err
	}
	s.tell("made " + dir)
	return nil
}

// firstFile writes a first credd.toml, which the daemon may read and root changes.
func (s *Service) firstFile(gid int) error {
	path := filepath.Join(s.at(paths.System().Config), "credd.toml")
	if there(path) {
		return nil
	}
	if err := disk.Replace(path, []byte(firstConfig), 0o640); err != nil {
		return err
	}
	s.tell("wrote " + path)
	return os.Chown(path, 0, gid)
}
