package awsconfig

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// trade puts tmp in the place of target, in one step, and returns what was there. Its name is tmp then, or none.
func trade(tmp, target string, have []byte) (*os.File, error) {
	err := unix.Renameat2(unix.AT_FDCWD, tmp, unix.AT_FDCWD, target, unix.RENAME_EXCHANGE)
	if err == nil {
		was, err := os.OpenFile(tmp, os.O_RDONLY|asItIs, 0)
		if isLink(err) { // somebody made one of the file: it goes back
			err = errors.Join(errAgain, unix.Renameat2(unix.AT_FDCWD, tmp, unix.AT_FDCWD, target, unix.RENAME_EXCHANGE))
		}
		return was, err
	}
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return nil, err
	}
	// Of some file systems, such as NFS: the best is to look right before.
	was, err := os.OpenFile(target, os.O_RDONLY|asItIs, 0)
	if isLink(err) {
		err = errAgain
	}
	if err != nil {
		return nil, err
	}
	now, err := io.ReadAll(was)
	if err == nil && !bytes.Equal(now, have) {
		err = errAgain
	}
	if err == nil {
		err = os.Rename(tmp, target)
	}
	if err != nil {
		was.Close()
		return nil, err
	}
	return was, nil
}

// steady waits until nobody has the file open to write, and keeps it so until free is called. free reports that nobody tried.
func steady(f *os.File) (free func() bool) {
	_, free = hold(f, unix.F_RDLCK)
	return free
}

// settle waits until nobody else has the file open, and keeps it so until free is called. alone is false if it cannot be told,
// or somebody keeps it open. free reports that nobody tried to open it.
func settle(f *os.File) (alone bool, free func() bool) { return hold(f, unix.F_WRLCK) }

func hold(f *os.File, kind int) (held bool, free func() bool) {
	held = lease(f, kind)
	return held, func() bool {
		if !held {
			return true
		}
		now, err := unix.FcntlInt(f.Fd(), unix.F_GETLEASE, 0)
		release(f)
		return err != nil || now == kind // else it is being broken
	}
}

// lease waits for a lease (fcntl F_SETLEASE): one to read is given while nobody has the file open to write, one to write while
// nobody else has it open at all. It is false where there are none, and for files of others.
func lease(f *os.File, kind int) bool {
	for end := time.Now().Add(patience); ; time.Sleep(poll) {
		_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, kind)
		if err == nil {
			return true
		}
		if err != unix.EAGAIN && err != unix.EINTR || time.Now().After(end) {
			return false
		}
	}
}

func release(f *os.File) { unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK) }

// touched is when a file was last written or renamed.
func touched(i fs.FileInfo) time.Time {
	if st, ok := i.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Ctim.Unix())
	}
	return i.ModTime()
}
