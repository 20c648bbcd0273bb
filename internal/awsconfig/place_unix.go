//go:build !windows

package awsconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// asItIs keeps a file that was replaced by a fifo meanwhile from blocking us, and one that was replaced by a link from being another: who
// owns the directory may be somebody else than we, such as root.
const asItIs = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// isLink says of an error whether what was to be opened as it is is a link.
func isLink(err error) bool { return errors.Is(err, syscall.ELOOP) }

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
