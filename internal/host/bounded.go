package host

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"credd/internal/paths"
)

const (
	maxLog  = 4 << 20 // a daemon writes a few lines an hour; more if something is wrong for long, or with [log] level = "debug"
	keepLog = 1 << 20
)

// systemLog is the log of the machine's credd on macOS, where launchd keeps none.
const systemLog = "/Library/Logs/credd.log"

// Bounded returns a writer that keeps a log of credd's own short: what is above 4 MiB loses its oldest lines. All else, such as a terminal
// or a file that the user named, is returned as it is.
func Bounded(w io.Writer) io.Writer {
	own, err := paths.Log()
	if err != nil {
		own = systemLog
	}
	return bounded(w, maxLog, keepLog, own, systemLog)
}

func bounded(w io.Writer, most, keep int64, ours ...string) io.Writer {
	f, ok := w.(*os.File)
	if !ok {
		return w
	}
	is, err := f.Stat()
	if err != nil || !is.Mode().IsRegular() {
		return w
	}
	for _, path := range ours {
		if i, err := os.Lstat(path); err == nil && os.SameFile(i, is) {
			return &boundedLog{f: f, path: path, size: is.Size(), most: most, keep: keep}
		}
	}
	return w
}

type boundedLog struct {
	path       string
	most, keep int64

	mu   sync.Mutex
	f    *os.File
	size int64
}

func (b *boundedLog) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size+int64(len(p)) > b.most {
		b.size = 0 // where it cannot be cut, after as much again
		if kept, err := b.cut(); err == nil {
			b.size = kept
		}
	}
	n, err := b.f.Write(p)
	b.size += int64(n)
	return n, err
}

// cut leaves the last lines only. The file is written as it is, for who holds it open: launchd.
func (b *boundedLog) cut() (kept int64, err error) {
	last, err := b.last()
	if err != nil {
		return 0, err
	}
	if err := b.f.Truncate(0); err != nil {
		return 0, err
	}
	if _, err := b.f.Seek(0, io.SeekEnd); err != nil {
		return 0, err
	}
	n, err := b.f.Write(last)
	return int64(n), err
}

// last reads the last whole lines of the file, which is open for writing only.
func (b *boundedLog) last() ([]byte, error) {
	in, err := os.Open(b.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	i, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if was, err := b.f.Stat(); err != nil || !os.SameFile(i, was) {
		return nil, errors.Join(err, fs.ErrNotExist) // moved away
	}
	if _, err := in.Seek(max(i.Size()-b.keep, 0), io.SeekStart); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(in, b.keep))
	if err != nil {
		return nil, err
	}
	_, data, _ = bytes.Cut(data, []byte("\n"))
	return data, nil
}
