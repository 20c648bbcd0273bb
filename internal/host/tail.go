package host

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"
)

const (
	tailBlock = 64 << 10        // read at once, from the end of a log
	tailPoll  = time.Second / 2 // between looks for new lines
)

// Tail copies the last lines of a log file, and with follow what comes after them, until ctx ends. A file that takes the place
// of the log is followed from its beginning.
func Tail(ctx context.Context, path string, lines int, follow bool, out io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { f.Close() }()
	if err := last(f, lines); err != nil {
		return err
	}
	for {
		if _, err := io.Copy(out, f); err != nil || !follow {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(tailPoll):
		}
		if next, err := replaced(f, path); err == nil && next != nil {
			f.Close()
			f = next
		}
	}
}

// last moves f to the begin of its last lines.
func last(f *os.File, lines int) error {
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	end := at
	var block [tailBlock]byte
	for at > 0 {
		n := min(at, tailBlock)
		at -= n
		if _, err := f.ReadAt(block[:n], at); err != nil {
			return err
		}
		for i := n; i > 0; {
			i = int64(bytes.LastIndexByte(block[:i], '\n'))
			if i < 0 {
				break
			}
			if at+i == end-1 {
				continue // the last line's own end
			}
			if lines--; lines <= 0 {
				_, err := f.Seek(at+i+1, io.SeekStart)
				return err
			}
		}
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// replaced returns the file that is at path now if that is another than f, or is f cut short.
func replaced(f *os.File, path string) (*os.File, error) {
	next, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	is, err1 := next.Stat()
	was, err2 := f.Stat()
	at, err3 := f.Seek(0, io.SeekCurrent)
	if err1 == nil && err2 == nil && err3 == nil && os.SameFile(is, was) && is.Size() >= at {
		next.Close()
		return nil, nil
	}
	return next, nil
}
