//go:build !windows

package awsconfig

import (
	"io/fs"
	"os"
	"syscall"
)

// nonBlocking keeps a file that was replaced by a fifo meanwhile from blocking us.
const nonBlocking = syscall.O_NONBLOCK

// own gives a file the owner and the group of another one, as far as we may.
func own(f *os.File, like fs.FileInfo) {
	if st, ok := like.Sys().(*syscall.Stat_t); ok && f.Chown(int(st.Uid), int(st.Gid)) != nil {
		f.Chown(-1, int(st.Gid))
	}
}
