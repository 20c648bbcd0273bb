//go:build !windows

package cli

import (
	"fmt"
	"os"
	"syscall"
)

// warnOfRoot tells root that it is about to write into the home of somebody else, as with sudo -E: what is new there is root's, and
// keeps that user out.
func (s *Streams) warnOfRoot() {
	home, err := os.UserHomeDir()
	if err != nil || s.system || os.Getuid() != 0 {
		return
	}
	var st syscall.Stat_t
	if syscall.Stat(home, &st) == nil && st.Uid != 0 {
		s.warn(fmt.Sprintf("this is root in %s, which belongs to the user with ID %d: what credd makes there is root's, and keeps that user out", home, st.Uid),
			fmt.Sprintf("run it as that user: sudo -u '#%d' credd …; or in root's own home: sudo -H credd …", st.Uid))
	}
}

// isAdministrator reports whether this is who may read and change the files of the machine's credd.
func isAdministrator() bool { return os.Geteuid() == 0 }

func isRoot() bool { return os.Geteuid() == 0 }

// closeFiles keeps what this process makes from all others, whatever it was started with.
func closeFiles() { syscall.Umask(0o077) }
