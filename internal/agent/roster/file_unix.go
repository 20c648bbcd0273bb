//go:build !windows

package roster

import (
	"os"
	"syscall"
)

// openFlags keep a file that was replaced by a fifo meanwhile from blocking us.
const openFlags = syscall.O_NONBLOCK

// facts tell whether a file changed. The time of the last change of its content, owner or mode cannot be set back, as that
// of its content alone can.
type facts struct {
	size    int64
	inode   uint64
	changed syscall.Timespec
}

func factsOf(i os.FileInfo) facts {
	st, ok := i.Sys().(*syscall.Stat_t)
	if !ok {
		return facts{}
	}
	return facts{st.Size, st.Ino, changeTime(st)}
}

// writableByOthers says who else may write the file, nil for nobody. A file of a team's checkout (not own) may belong to
// anyone, and its group may write it: the directory was named on purpose.
func writableByOthers(i os.FileInfo, own bool) *fault {
	const tighten = "chmod go-w the file"
	st, ok := i.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return &fault{message: "it cannot be told who may write the file"}
	case i.Mode().Perm()&0o002 != 0:
		return &fault{message: "every user of this machine may write the file", hint: tighten}
	case own && st.Uid != 0 && int(st.Uid) != os.Getuid():
		return &fault{message: "the file belongs to another user", hint: "make it your own, or run credd as its owner"}
	case own && i.Mode().Perm()&0o020 != 0 && st.Gid != st.Uid: // many systems give each user a group of the same number
		return &fault{message: "the group of the file may write it", hint: tighten}
	}
	return nil
}
