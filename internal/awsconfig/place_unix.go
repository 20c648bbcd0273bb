//go:build !windows

package awsconfig

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// nonBlocking keeps a file that was replaced by a fifo meanwhile from blocking us.
const nonBlocking = syscall.O_NONBLOCK

// planted reports whether a link in a directory such as /tmp, in which all may make files, is neither ours nor of the directory's owner.
// The kernel follows none such (fs.protected_symlinks), but we follow links by ourselves.
func planted(link string) bool {
	var of, in syscall.Stat_t
	if syscall.Lstat(link, &of) != nil || syscall.Stat(filepath.Dir(link), &in) != nil {
		return false // told when it is opened
	}
	const sticky, others = 0o1000, 0o002
	return in.Mode&sticky != 0 && in.Mode&others != 0 && int(of.Uid) != os.Geteuid() && of.Uid != in.Uid
}

// own gives a file the owner and the group of another one, as far as we may.
func own(f *os.File, like fs.FileInfo) {
	if st, ok := like.Sys().(*syscall.Stat_t); ok && f.Chown(int(st.Uid), int(st.Gid)) != nil {
		f.Chown(-1, int(st.Gid))
	}
}
