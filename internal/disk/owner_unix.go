//go:build !windows

package disk

import (
	"os"
	"syscall"
)

// AsOwner does something with files as the owner of a directory, if we are root and that is another user: what is made is theirs, and
// links of theirs lead no further than they could go themselves. Where there is no directory it is done as it is. On macOS all of the
// process is that user meanwhile.
func AsOwner(dir string, do func() error) error {
	i, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return do()
	}
	st, ok := i.Sys().(*syscall.Stat_t)
	if !ok || st.Uid == 0 {
		return do()
	}
	return as(st.Uid, st.Gid, do)
}
