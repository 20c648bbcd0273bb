//go:build !windows

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unicode"
)

// installHint is how both programs get to where a service may run them.
func (s *Service) installHint() string {
	from := filepath.Dir(s.Program) + "/"
	if !there(from+"credd") || !there(from+"credhelper") || strings.ContainsFunc(from, isOdd) {
		from = ""
	}
	return "install both programs first: sudo install " + from + "credd " + from + "credhelper /usr/local/bin/, and call credd from there"
}

// isOdd reports whether a shell may take a letter for something else.
func isOdd(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+@", r)
}

// homes are directories that the daemon of the machine does not see, whoever owns what is in them.
var homes = []string{"/home", "/root", "/run/user", "/Users"}

// checkOwners looks at a file and all directories above it: who may write one of them decides what the service runs.
func (s *Service) checkOwners(path string) error {
	for at := path; ; at = filepath.Dir(at) {
		if s.System && slices.Contains(homes, at) {
			return &Error{Message: path + " is in somebody's home, which the daemon of the machine does not see", Hint: s.installHint()}
		}
		i, err := os.Lstat(at)
		if err != nil {
			return &Error{Message: err.Error(), Hint: s.installHint(), Err: err}
		}
		if at != path && i.Mode()&os.ModeSticky != 0 && i.Mode().Perm()&0o002 != 0 {
			return &Error{Message: path + " will not stay: it is in " + at + ", a place for everybody's temporary files", Hint: s.installHint()}
		}
		if by, hint := s.writer(i); by != "" {
			if hint == "" {
				hint = s.installHint()
			} else {
				hint = "install credd somewhere else, or " + hint + at
			}
			return &Error{Message: fmt.Sprintf("%s may be written by %s, who would decide what the service runs", at, by), Hint: hint}
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// writer says who else may write what a service runs, "" for nobody, and what closes it, "" for nothing: above a program of another user
// there may be that user's home. The mode of a link means nothing.
func (s *Service) writer(i os.FileInfo) (who, hint string) {
	st, ok := i.Sys().(*syscall.Stat_t)
	link := i.Mode().Type() == os.ModeSymlink
	switch {
	case !ok:
		return "nobody knows whom", ""
	case st.Uid != 0 && (s.System || int(st.Uid) != os.Getuid()):
		return fmt.Sprintf("the user with ID %d", st.Uid), ""
	case !link && i.Mode().Perm()&0o002 != 0:
		return "every user of this machine", "close it: chmod go-w "
	case !link && i.Mode().Perm()&0o020 != 0 && !isRoots(st.Gid) && (s.System || st.Gid != st.Uid): // many systems give each user a group of the same number
		return fmt.Sprintf("the group with ID %d", st.Gid), "close it: sudo chmod go-w "
	}
	return "", ""
}

// isRoots reports whether the members of a group can become root anyway.
func isRoots(gid uint32) bool { return gid == 0 || runtime.GOOS == "darwin" && gid == adminGroup }
