package paths

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// runtimeDir prefers XDG_RUNTIME_DIR, and finds the same place where it is unset: in cron, an IDE, or under sudo.
func runtimeDir() (string, error) {
	if d := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(d) {
		return filepath.Join(d, "credd"), nil
	}
	d := "/run/user/" + strconv.Itoa(os.Getuid())
	var st syscall.Stat_t
	if err := syscall.Lstat(d, &st); err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR && int(st.Uid) == os.Getuid() {
		return filepath.Join(d, "credd"), nil
	}
	state, err := State()
	return filepath.Join(state, "run"), err
}
