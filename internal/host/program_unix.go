//go:build !windows

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
)

const installHint = "install both programs first: sudo install credd credhelper /usr/local/bin/"

// homes are directories that the daemon of the machine does not see, whoever owns what is in them.
var homes = []string{"/home", "/root", "/run/user", "/Users"}

// checkOwners looks at a file and all directories above it: who may write one of them decides what the service runs.
func (s *Service) checkOwners(path string) error {
	for at := path; ; at = filepath.Dir(at) {
		if s.System && slices.Contains(homes, at) {
			return &Error{Message: path + " is in somebody's home, which the daemon of the machine does not see", Hint: installHint}
		}
		i, err := os.Lstat(at)
		if err != nil {
			return &Error{Message: err.Error(), Hint: installHint, Err: err}
		}
		if at != path && i.Mode()&os.ModeSticky != 0 && i.Mode().Perm()&0o002 != 0 {
			return &Error{Message: path + " will not stay: it is in " + at + ", a place for everybody's temporary files", Hint: installHint}
		}
		if by, hint := s.writer(i); by != "" {
			return &Error{Message: fmt.Sprintf("%s may be written by %s, who would decide what the service runs", at, by), Hint: hint + at}
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// writer says who else may write what a service runs, "" for nobody, and what to do about it. The mode of a link means nothing.
func (s *Service) writer(i os.FileInfo) (who, hint string) {
	st, ok := i.Sys().(*syscall.Stat_t)
	link := i.Mode().Type() == os.ModeSymlink
	switch {
	case !ok:
		return "nobody knows whom", "see: ls -ld "
	case st.Uid != 0 && (s.System || int(st.Uid) != os.Getuid()):
		return fmt.Sprintf("the user with ID %d", st.Uid), "install credd somewhere else, or make it root's: sudo chown root "
	case !link && i.Mode().Perm()&0o002 != 0:
		return "every user of this machine", "install credd somewhere else, or close it: chmod go-w "
	case !link && i.Mode().Perm()&0o020 != 0 && !isRoots(st.Gid) && (s.System || st.Gid != st.Uid): // many systems give each user a group of the same number
		return fmt.Sprintf("the group with ID %d", st.Gid), "install credd somewhere else, or close it: sudo chmod go-w "
	}
	return "", ""
}

// isRoots reports whether the members of a group can become root anyway.
func isRoots(gid uint32) bool { return gid == 0 || runtime.GOOS == "darwin" && gid == adminGroup }
