package awsconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Error is why a file is not changed, with a remedy.
type Error struct {
	Path    string
	Line    int // 0: the file as a whole
	Message string
	Hint    string
	Err     error // that caused it, if any
}

func (e *Error) Unwrap() error { return e.Err }
func (e *Error) Error() string {
	if e.Line > 0 {
		return e.Path + ":" + strconv.Itoa(e.Line) + ": " + e.Message
	}
	return e.Path + ": " + e.Message
}

// maxRounds is how often others may save the file while it is changed: a person does it once.
const maxRounds = 200

// errAgain is when the file was made, removed or replaced meanwhile.
var errAgain = errors.New("the file changed meanwhile")

// Update reads a file, has it changed and puts the result in its place in one step; old is nil if there is no file. Nothing is
// written if nothing changed. A link stays a link, also one to a file that is not there yet; the mode stays, and the owner if we
// may give it.
//
// Others may save the file at any time, by a new file in its place or by writing into it: their change and ours are both made,
// for which change may be called again with what they saved. At most one credd is at it at a time.
func Update(path string, change func(old []byte) ([]byte, error)) error {
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	for range maxRounds {
		if err = update(path, change); !errors.Is(err, errAgain) {
			return err
		}
	}
	return &Error{Path: path, Message: "it is changed all the time", Hint: "try again once nothing else writes it"}
}

func update(path string, change func([]byte) ([]byte, error)) error {
	target, err := follow(path)
	if err != nil {
		return err
	}
	tidy(filepath.Dir(target))
	old, info, err := read(target)
	if err != nil {
		return err
	}
	data, err := change(old)
	if err != nil || bytes.Equal(old, data) {
		return err
	}
	if info == nil {
		return create(target, data)
	}
	if info.Mode().Perm()&0o200 == 0 {
		return &Error{Path: target, Message: "the file is read-only", Hint: "if credd may change it: chmod u+w " + word(target)}
	}
	return (&swap{target: target, change: change, info: info, raw: old, have: old}).run(data)
}

// word is a path as one word of a command that a person is to run.
func word(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return outsideNames(r) && r != '~' }) || strings.HasPrefix(path, "~") {
		return quoteUnix(path)
	}
	return path
}

// swap is a change of a file under way.
type swap struct {
	target string
	change func([]byte) ([]byte, error)
	info   fs.FileInfo
	raw    []byte // what others saved, without our change
	have   []byte // what is thought to be in the file
}

// run puts data in the file's place. What was there at that moment has to be what data was made of; else somebody saved it
// meanwhile, and data is made anew, of theirs.
func (s *swap) run(data []byte) error {
	var failed error
	for range maxRounds {
		got, placed, err := s.exchange(data)
		if err != nil {
			return errors.Join(failed, err)
		}
		if placed && bytes.Equal(got, s.have) {
			return failed
		}
		s.raw = mergeAround(s.have, s.raw, got)
		if s.have = got; placed {
			s.have = data
		}
		if data, failed = s.change(s.raw); failed != nil {
			data = s.raw // theirs goes back
		}
		if bytes.Equal(data, s.have) {
			return failed
		}
	}
	return &Error{Path: s.target, Message: "it is changed all the time", Hint: "try again once nothing else writes it"}
}

// exchange puts data in the file's place and returns what was there, once nobody writes into that any more. It does not if somebody
// saved the file since it was read: theirs should not be away, not even for a moment, as they may look at it again.
func (s *swap) exchange(data []byte) (got []byte, placed bool, err error) {
	tmp, err := temporary(s.target, data, s.info)
	if err != nil {
		return nil, false, err
	}
	defer os.Remove(tmp)
	now, info, err := read(s.target)
	switch {
	case err != nil:
		return nil, false, err
	case info == nil:
		return nil, false, errAgain
	case !bytes.Equal(now, s.have):
		return now, false, nil
	}
	was, err := trade(tmp, s.target, s.have)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, errAgain
	case err != nil:
		return nil, false, unwritable(s.target, err)
	case was == nil: // as this system has it, it was s.have
		return s.have, true, nil
	}
	defer was.Close()
	got, err = last(was, tmp)
	return got, true, err
}

// last returns what a file that has lost its place holds in the end, and takes its name tmp away. Who opened it before may still
// write into it.
func last(was *os.File, tmp string) ([]byte, error) {
	for {
		alone, free := settle(was)
		got, err := io.ReadAll(io.NewSectionReader(was, 0, maxFile))
		os.Remove(tmp)
		if free() || !alone || err != nil {
			return got, err
		}
	}
}

// create makes the file, unless somebody else does.
func create(target string, data []byte) error {
	dir := filepath.Dir(target)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unwritable(target, err)
	}
	tmp, err := temporary(target, data, nil)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	err = os.Link(tmp, target)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without links
		if _, there := os.Lstat(target); there == nil {
			return errAgain
		}
		err = os.Rename(tmp, target)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return errAgain
	case err != nil:
		return unwritable(target, err)
	}
	return nil
}

func unreadable(path string, err error) error {
	return &Error{Path: path, Err: err, Message: "the file cannot be read: " + plain(err), Hint: "check who owns it and whether you may read it"}
}

// unwritable says what to do about a file that cannot be written.
func unwritable(path string, err error) error {
	var cause syscall.Errno
	errors.As(err, &cause)
	e := &Error{Path: path, Err: err, Message: "the file cannot be written: " + plain(err), Hint: "check who owns " + filepath.Dir(path) + " and whether it may be written"}
	switch {
	case cause == syscall.EROFS:
		e.Hint = "its file system is read-only: let the file be a link to one that is not, or make the change where it comes from"
	case cause == syscall.ENOSPC:
		e.Hint = "the disk is full: make room and try again"
	}
	return e
}

// plain is an error without the names of temporary files.
func plain(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err.Error()
	case errors.As(err, &link):
		return link.Err.Error()
	}
	return fmt.Sprint(err)
}
