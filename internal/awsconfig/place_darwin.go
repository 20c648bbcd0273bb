package awsconfig

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// trade puts tmp in the place of target, in one step, and returns what was there. Its name is tmp then.
func trade(tmp, target string, have []byte) (*os.File, error) {
	err := unix.RenamexNp(tmp, target, unix.RENAME_SWAP)
	switch {
	case err == nil:
		was, err := os.OpenFile(tmp, os.O_RDONLY|asItIs, 0)
		if isLink(err) { // somebody made one of the file: it goes back
			err = errors.Join(errAgain, unix.RenamexNp(tmp, target, unix.RENAME_SWAP))
		}
		return was, err
	case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return nil, replace(tmp, target, have)
	}
	return nil, err
}

// steady and settle have no leases to wait for here.
func steady(*os.File) (free func() bool) { return func() bool { return true } }

func settle(*os.File) (alone bool, free func() bool) { return false, func() bool { return true } }

func touched(i fs.FileInfo) time.Time { return i.ModTime() }
