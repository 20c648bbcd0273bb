package awsconfig

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"credd/internal/disk"
	"credd/internal/paths"
)

const (
	maxLinks = 40               // in a row, as Linux has it
	stale    = time.Minute      // after which a temporary file of an unknown credd is one that was left behind
	prefix   = ".credd-"        // of temporary files: hidden
	maxFile  = 1 << 30          // bytes: more is no configuration
	patience = 1 * time.Second  // for others to close the file; those who keep it open longer only look at it
	lockWait = 30 * time.Second // for another credd, which may itself wait for an editor
	poll     = 2 * time.Millisecond
)

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
	f, err := disk.Lock(name, lockWait)
	switch {
	case errors.Is(err, disk.ErrLocked):
		return nil, &Error{Path: name, Err: err, Message: "another credd holds the lock of the AWS files", Hint: "try again once it has ended; on Unix this shows which it is: fuser " + word(name)}
	case err != nil:
		return nil, unwritable(name, err)
	}
	return func() { f.Close() }, nil
}

// follow returns the file that a path leads to by links. It need not be there yet.
func follow(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil { // no link, or nothing
			return path, nil
		}
		if planted(path) {
			return "", &Error{Path: path, Message: "it is a link that another user made in a directory of all", Hint: "let AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name files in a directory of yours"}
		}
		if !filepath.IsAbs(to) {
			dir := filepath.Dir(path)
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				dir = real // .. is that of the real directory
			}
			to = filepath.Join(dir, to)
		}
		path = to
	}
	return "", &Error{Path: path, Message: "it is a link that leads to itself", Hint: "remove it, or let it lead to a file"}
}

// read returns a file once nobody writes it, and nil if there is none.
func read(path string) ([]byte, fs.FileInfo, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, nil, irregular(path, info)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|asItIs, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case isLink(err):
		return nil, nil, errAgain
	case err != nil:
		return nil, nil, unreadable(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, irregular(path, info)
	}
	var data []byte
	for range maxRounds { // somebody who opens it now may have emptied it when we are half through
		free := steady(f)
		data, err = io.ReadAll(io.NewSectionReader(f, 0, maxFile))
		if free() || err != nil {
			break
		}
	}
	if data == nil {
		data = []byte{} // there is a file
	}
	return data, info, err
}

func irregular(path string, info fs.FileInfo) error {
	what := "it is no file"
	if info.IsDir() {
		what = "it is a directory"
	}
	return &Error{Path: path, Message: what, Hint: "let AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name files, or leave them out"}
}

// temporary writes data to a file beside target that is to take its place.
func temporary(target string, data []byte, like fs.FileInfo) (name string, err error) {
	tmp, err := os.CreateTemp(filepath.Dir(target), mine()+"*")
	if err != nil {
		return "", unwritable(target, err)
	}
	_, err = tmp.Write(data)
	if like != nil { // a new file has mode 0600
		own(tmp, like)
		err = errors.Join(err, tmp.Chmod(like.Mode().Perm()))
	}
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		os.Remove(tmp.Name())
		return "", unwritable(target, err)
	}
	return tmp.Name(), nil
}

// mine begins the names of temporary files of those who share our lock.
func mine() string {
	host, _ := os.Hostname() // a home may be on the network
	dir, _ := paths.State()
	sum := sha256.Sum256([]byte(host + "\x00" + dir))
	return prefix + hex.EncodeToString(sum[:4]) + "-"
}

// tidy removes what a credd that was killed has left in a directory. We have the lock: whoever else made one with it is gone.
func tidy(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && (strings.HasPrefix(e.Name(), mine()) || time.Since(touched(info)) > stale) {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
