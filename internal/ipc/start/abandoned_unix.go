//go:build !windows

package start

import (
	"os"
	"syscall"
)

// Abandoned reports whether CREDD_SOCK names a socket that no daemon of this machine made: ssh leaves the file of a forwarded one when its
// session ends, and a file that is mounted into a container is another one after a restart. A daemon has a lock beside its socket, which
// stays.
func Abandoned(path string) bool {
	var st syscall.Stat_t
	return os.Getenv("CREDD_SOCK") != "" && syscall.Lstat(path, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFSOCK &&
		syscall.Lstat(path+".lock", &st) == syscall.ENOENT
}
