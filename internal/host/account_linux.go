package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"credd/internal/paths"
)

const account = "credd" // the user and the group that the machine's daemon runs as

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
	first, isNew, err := s.firstConfig(s.at(p.Config))
	if err != nil || !isNew {
		return err
	}
	return os.Chown(first, 0, gid)
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
