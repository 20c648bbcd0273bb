//go:build !windows

package paths

import "syscall"

// exists reports whether there is something, be it a link to nothing.
func exists(path string) bool {
	var st syscall.Stat_t
	return syscall.Lstat(path, &st) == nil
}
