//go:build !windows

package awsconfig

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"credd/internal/paths"
)

// nonBlocking keeps a file that was replaced by a fifo meanwhile from blocking us.
const nonBlocking = syscall.O_NONBLOCK

const (
	lockWait = 30 * time.Second // for another credd, which may itself wait for an editor
	poll     = 2 * time.Millisecond
)

// own gives a file the owner and the group of another one, as far as we may.
func own(f *os.File, like fs.FileInfo) {
	if st, ok := like.Sys().(*syscall.Stat_t); ok && f.Chown(int(st.Uid), int(st.Gid)) != nil {
		f.Chown(-1, int(st.Gid))
	}
}

// lock keeps two credds from changing files at the same time.
func lock() (unlock func(), err error) {
	dir, err := paths.State()
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "aws.lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, unwritable(name, err)
	}
	for end := time.Now().Add(lockWait); ; time.Sleep(poll) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR || time.Now().After(end) {
			f.Close()
			return nil, &Error{Path: name, Err: err, Message: "another credd holds the lock of the AWS files", Hint: "see which: fuser " + name}
		}
	}
}
