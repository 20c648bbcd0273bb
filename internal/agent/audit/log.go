package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// ErrNotFile is returned for a log that is a link, a directory, a device or a pipe.
var ErrNotFile = errors.New("is not a regular file; move it away")

// Log appends entries to a file. It may be used by many goroutines. The daemon's own lock sees to it that one process
// writes; should two do so all the same, no line is lost or torn, but a file may be rotated early.
type Log struct {
	path  string
	limit int64

	mu     sync.Mutex
	closed bool
	line   []byte // reused
	file   *os.File
	info   os.FileInfo // of file
	size   int64       // of file
	torn   bool        // file does not end in a whole line
}

// Open returns the log at path, and creates it with its directory. Only ErrNotFile is an error. A disk that is full or
// read-only is none yet: Record tells of it, and goes on by itself once it is over.
func Open(path string) (*Log, error) { return open(path, maxSize) }

func open(path string, limit int64) (*Log, error) {
	l := &Log{path: path, limit: limit}
	if err := l.open(); errors.Is(err, ErrNotFile) {
		return nil, err
	}
	return l, nil
}

// Record writes the entry's line. On an error the line may be missing.
func (l *Log) Record(e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return os.ErrClosed
	}
	l.line = append(l.line[:0], '\n')
	l.line = append(e.append(l.line), '\n')
	notRotated := l.ready(int64(len(l.line)))
	if l.file == nil {
		return notRotated
	}
	out := l.line[1:]
	if l.torn {
		out = l.line // ends what a crash or a full disk left half, lest it glue to this line
	}
	if _, err := l.file.Write(out); err != nil {
		l.drop() // the next line looks again at how the file ends, or finds it on a mended disk
		return err
	}
	l.torn = false
	return notRotated
}

// Read is Read of this log's files. It does not keep entries from being recorded meanwhile.
func (l *Log) Read(f Filter, each func(Entry) error) (skipped int, err error) {
	return Read(l.path, f, each)
}

// Close ends the log. What was recorded is in the file already.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.drop()
	return nil
}

// ready opens the file at the path unless it is open, and rotates it if it has no room for n bytes. If that fails the
// full file is used on: a line too many is better than one that is missing.
func (l *Log) ready(n int64) error {
	l.follow()
	if l.file == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	if l.size == 0 || l.size+n <= l.limit {
		return nil
	}
	l.drop() // Windows renames no open file
	return errors.Join(rotate(l.path), l.open())
}

// follow drops the file if it is no longer the one at the path: deleted, or renamed by a log rotator. Asking at each line
// costs about a microsecond, and no line goes to where nobody reads.
func (l *Log) follow() {
	if l.file == nil {
		return
	}
	now, err := os.Lstat(l.path)
	if err != nil || !os.SameFile(now, l.info) {
		l.drop()
		return
	}
	l.size = now.Size()
}

func (l *Log) drop() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

func (l *Log) open() error {
	const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE
	f, info, err := openRegular(l.path, flags)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
			return err
		}
		f, info, err = openRegular(l.path, flags)
	}
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			f.Close()
			return err
		}
	}
	last := []byte{'\n'}
	if info.Size() > 0 {
		if _, err := f.ReadAt(last, info.Size()-1); err != nil {
			f.Close()
			return err
		}
	}
	l.file, l.info, l.size, l.torn = f, info, info.Size(), last[0] != '\n'
	return nil
}

// openRegular opens a regular file and nothing else: a link could name another of the owner's files, a pipe would hang.
func openRegular(path string, flags int) (*os.File, os.FileInfo, error) {
	if at, err := os.Lstat(path); err == nil && !at.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s %w", path, ErrNotFile)
	}
	f, err := os.OpenFile(path, flags|safeOpen, 0o600)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s %w", path, ErrNotFile)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}
