package paths

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// runtimeDir prefers XDG_RUNTIME_DIR, and finds the same place where it is unset: in cron, an IDE, or under sudo. One
// that su left behind is another user's and is ignored.
func runtimeDir() (string, error) {
	us := os.Getuid()
	if d := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(d) {
		if uid, exists := owner(d); !exists || uid == us {
			return filepath.Join(d, "credd"), nil
		}
	}
	d := "/run/user/" + strconv.Itoa(us)
	if uid, exists := owner(d); exists && uid == us {
		return filepath.Join(d, "credd"), nil
	}
	return in(State, "run")
}

// owner returns whose directory it is. A link is followed: WSL makes its runtime directories such.
func owner(dir string) (uid int, exists bool) {
	var st syscall.Stat_t
	err := syscall.Stat(dir, &st)
	return int(st.Uid), err == nil
}
