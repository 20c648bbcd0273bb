//go:build !windows

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"credd/internal/paths"
)

const (
	dscl       = "/usr/bin/dscl"
	roleUser   = "_credd" // macOS hides users with an underscore from its login window
	leastID    = 300      // macOS counts its own from 200 on
	mostID     = 399      // below 400 are role accounts
	adminGroup = 80       // of macOS, whose members may become root
)

// roleAccount is the user, and the group of the same number, that the credd of the machine runs as.
type roleAccount struct{ uid, gid int }

// makeAccount makes user and group unless they are there.
func (s *Service) makeAccount(ctx context.Context) (roleAccount, error) {
	users, err := s.ids(ctx, "/Users", "UniqueID")
	if err != nil {
		return roleAccount{}, err
	}
	groups, err := s.ids(ctx, "/Groups", "PrimaryGroupID")
	if err != nil {
		return roleAccount{}, err
	}
	uid, isUser := users[roleUser]
	gid, isGroup := groups[roleUser]
	if isUser && isGroup {
		return roleAccount{uid, gid}, nil
	}
	id, err := freeID(users, groups)
	if err != nil {
		return roleAccount{}, err
	}
	if !isGroup {
		gid = id
		err = s.record(ctx, "/Groups/"+roleUser, [][2]string{{"RealName", "credd"}, {"Password", "*"}, {"PrimaryGroupID", strconv.Itoa(gid)}})
	}
	if err == nil && !isUser {
		uid = id
		err = s.record(ctx, "/Users/"+roleUser, [][2]string{
			{"RealName", "credd"}, {"Password", "*"}, {"UniqueID", strconv.Itoa(uid)}, {"PrimaryGroupID", strconv.Itoa(gid)},
			{"UserShell", "/usr/bin/false"}, {"NFSHomeDirectory", "/var/empty"}, {"IsHidden", "1"},
		})
	}
	return roleAccount{uid, gid}, err
}

// removeAccount removes user and group, where they are.
func (s *Service) removeAccount(ctx context.Context) error {
	for _, r := range [][2]string{{"/Users", "UniqueID"}, {"/Groups", "PrimaryGroupID"}} {
		known, err := s.ids(ctx, r[0], r[1])
		if err != nil {
			return err
		}
		if _, there := known[roleUser]; !there {
			continue
		}
		if err := s.do(ctx, dscl, ".", "-delete", r[0]+"/"+roleUser); err != nil {
			return err
		}
	}
	return nil
}

// ids returns the numbers of all users, or groups, of this machine.
func (s *Service) ids(ctx context.Context, of, key string) (map[string]int, error) {
	out, err := s.ask(ctx, dscl, ".", "-list", of, key)
	if err != nil {
		return nil, err
	}
	known := map[string]int{}
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if id, err := strconv.Atoi(fields[len(fields)-1]); err == nil {
			known[fields[0]] = id
		}
	}
	if len(known) == 0 {
		return nil, errors.New("dscl lists none of " + of) // then all numbers would look free
	}
	return known, nil
}

// freeID is a number that no user and no group has.
func freeID(users, groups map[string]int) (int, error) {
	taken := map[int]bool{}
	for _, known := range []map[string]int{users, groups} {
		for _, id := range known {
			taken[id] = true
		}
	}
	for id := mostID; id >= leastID; id-- {
		if !taken[id] {
			return id, nil
		}
	}
	return 0, fmt.Errorf("no number from %d to %d is free for the user %s", leastID, mostID, roleUser)
}

// record makes a record of the directory service.
func (s *Service) record(ctx context.Context, path string, values [][2]string) error {
	if err := s.do(ctx, dscl, ".", "-create", path); err != nil {
		return err
	}
	for _, v := range values {
		if err := s.do(ctx, dscl, ".", "-create", path, v[0], v[1]); err != nil {
			return err
		}
	}
	return nil
}

// makePlaces makes the directories of the machine's credd, and its log: launchd makes neither.
func (s *Service) makePlaces(p paths.Places, log string, a roleAccount) error {
	for _, dir := range []string{p.Config, filepath.Dir(p.Socket), p.State} {
		if there(dir) {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		s.tell("made " + dir)
	}
	if err := giveState(p.State, a); err != nil {
		return err
	}
	if err := s.giveConfig(p.Config, a); err != nil {
		return err
	}
	if err := own(filepath.Dir(p.Socket), 0o755, 0, 0); err != nil {
		return err
	}
	f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND|syscall.O_NOFOLLOW, 0o640)
	if err != nil {
		return err
	}
	f.Close()
	return own(log, 0o640, a.uid, adminGroup)
}

// own sets whose a file of ours is. The directories above it are root's.
func own(path string, mode fs.FileMode, uid, gid int) error {
	i, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !i.IsDir() && !i.Mode().IsRegular() {
		return errors.New(path + " is neither a file nor a directory: move it away")
	}
	if err := os.Chown(path, uid, gid); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// giveState gives the account its directory, and what is left in it of an account that was removed. The directory is root's until that
// is done, so that nobody puts a link to somebody else's file into it meanwhile; one from before is left alone.
func giveState(dir string, a roleAccount) error {
	i, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if st, ok := i.Sys().(*syscall.Stat_t); !ok || int(st.Uid) == a.uid {
		return own(dir, 0o700, a.uid, a.gid)
	}
	if err := own(dir, 0o700, 0, 0); err != nil {
		return err
	}
	if err := chownIn(dir, a.uid, a.gid); err != nil {
		return err
	}
	return own(dir, 0o700, a.uid, a.gid)
}

// giveConfig lets the account read what root writes into the machine's configuration, which has external IDs. What is made in a directory
// gets its group by itself on macOS.
func (s *Service) giveConfig(dir string, a roleAccount) error {
	if _, _, err := s.firstConfig(dir); err != nil {
		return err
	}
	if err := own(dir, 0o750, 0, a.gid); err != nil {
		return err
	}
	return chownIn(dir, 0, a.gid)
}

// chownIn gives what is in a directory to somebody. It leaves by no link, and leaves alone what is linked from elsewhere.
func chownIn(dir string, uid, gid int) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		if st, ok := i.Sys().(*syscall.Stat_t); !ok || !i.IsDir() && st.Nlink > 1 {
			return nil
		}
		return root.Lchown(name, uid, gid)
	})
}

// closeState keeps what stays after the account went from whoever gets its number.
func (s *Service) closeState(p paths.Places) error {
	i, err := os.Lstat(p.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if st, ok := i.Sys().(*syscall.Stat_t); ok && st.Uid == 0 {
		return nil
	}
	if err := own(p.State, 0o700, 0, 0); err != nil {
		return err
	}
	s.tell("gave " + p.State + " to root; what is in it stays")
	return nil
}
