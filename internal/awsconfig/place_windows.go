package awsconfig

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"

	"credd/internal/paths"
)

const nonBlocking = 0

// trade puts tmp in the place of target. There is no exchange here: the best is to look right before.
func trade(tmp, target string, have []byte) (*os.File, error) { return nil, replace(tmp, target, have) }

func steady(*os.File) (free func() bool) { return func() bool { return true } }

func settle(*os.File) (alone bool, free func() bool) { return false, func() bool { return true } }

func touched(i fs.FileInfo) time.Time { return i.ModTime() }

// own has nothing to do: a new file has the owner and the rights of its directory.
func own(*os.File, fs.FileInfo) {}

// lock keeps two credds from changing files at the same time.
func lock() (unlock func(), err error) {
	dir, err := paths.State()
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "aws.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped)); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
