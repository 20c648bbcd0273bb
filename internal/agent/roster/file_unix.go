//go:build !windows

package roster

import (
	"os"
	"syscall"
	"time"
)

// openFlags keep a file that was replaced by a fifo meanwhile from blocking us.
const openFlags = syscall.O_NONBLOCK

// facts tell whether a file changed.
type facts struct {
	size  int64
	mod   time.Time
	mode  os.FileMode
	inode uint64
	owner uint32
}

func factsOf(i os.FileInfo) facts {
	f := facts{size: i.Size(), mod: i.ModTime(), mode: i.Mode()}
	if st, ok := i.Sys().(*syscall.Stat_t); ok {
		f.inode, f.owner = st.Ino, st.Uid
	}
	return f
}

// writableByOthers says who else may write the file, nil for nobody. A team's checkout (not own) may belong to anyone, its
// directory was named on purpose; the group of the user alone is no stranger.
func writableByOthers(i os.FileInfo, own bool) *fault {
	const tighten = "chmod go-w the file"
	st, ok := i.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return &fault{message: "it cannot be told who may write the file"}
	case i.Mode().Perm()&0o002 != 0:
		return &fault{message: "every user of this machine may write the file", hint: tighten}
	case i.Mode().Perm()&0o020 != 0 && int(st.Gid) != os.Getgid():
		return &fault{message: "another group may write the file", hint: tighten}
	case own && st.Uid != 0 && int(st.Uid) != os.Getuid():
		return &fault{message: "the file belongs to another user", hint: "make it your own, or run credd as its owner"}
	}
	return nil
}
