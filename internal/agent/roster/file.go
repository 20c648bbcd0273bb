package roster

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const maxFile = 1 << 20 // bytes; a customer's file has hundreds

// file is one file as last read.
type file struct {
	facts    facts
	faults   []fault        // of the newest version
	customer *customerDraft // of the last good version, nil if there was none
	settings *settingsDraft
}

// reread returns last if the file looks as it did and is not named as changed: two changes within a tick of the clock look
// the same. A file that is broken keeps the good version of last.
func reread(path string, own bool, last *file, changed bool, into func(*file, *table, *checker)) *file {
	if last != nil && !changed {
		if info, err := os.Stat(path); err == nil && last.facts == factsOf(info) {
			return last
		}
	}
	tree, facts, faults := readFile(path, own)
	now := &file{facts: facts, faults: faults}
	if faults == nil {
		c := &checker{}
		into(now, tree, c)
		now.faults = c.faults
	}
	if now.faults != nil {
		now.customer, now.settings = nil, nil
		if last != nil {
			now.customer, now.settings = last.customer, last.settings
		}
	}
	return now
}

// Unread returns the file of a role's customer if it is there and is not as it was read, "" otherwise.
func (r *Roster) Unread(role string) string {
	customer, _, _ := cutRole(role)
	if !isName(customer) {
		return ""
	}
	for _, dir := range append([]string{customersDir(r.dir)}, r.Settings.include...) {
		path := filepath.Join(dir, customer+suffix)
		info, err := os.Stat(path)
		if last := r.files[path]; err == nil && (last == nil || last.facts != factsOf(info)) {
			return path
		}
	}
	return ""
}

// problem is what is wrong with a file as a whole.
func problem(format string, args ...any) []fault {
	return []fault{{message: fmt.Sprintf(format, args...)}}
}

// readFile returns the file's tree. It never blocks: a fifo is opened without waiting, and not read.
func readFile(path string, own bool) (*table, facts, []fault) {
	in, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, facts{}, openProblem(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, facts{}, openProblem(err)
	}
	now := factsOf(info)
	if bad := refuse(info, own); bad != nil {
		return nil, now, bad
	}
	data := make([]byte, info.Size()+1)
	n, err := io.ReadFull(in, data)
	switch {
	case err == nil:
		return nil, facts{}, problem("the file grew while it was read")
	case err != io.ErrUnexpectedEOF && err != io.EOF:
		return nil, now, problem("the file cannot be read: %s", cause(err))
	}
	tree, bad := parse(data[:n])
	if bad != nil {
		return nil, now, []fault{*bad}
	}
	return tree, now, nil
}

func tooLarge() []fault {
	return []fault{{message: "the file is larger than 1 MiB", hint: "keep one customer a file"}}
}

// refuse says why a file is not to be read. A file that others may write would let them send roles elsewhere.
func refuse(info os.FileInfo, own bool) []fault {
	switch {
	case info.IsDir():
		return problem("this is a directory, not a file")
	case !info.Mode().IsRegular():
		return problem("this is not a regular file")
	case info.Size() > maxFile:
		return tooLarge()
	}
	if f := writableByOthers(info, own); f != nil {
		return []fault{*f}
	}
	return nil
}

func openProblem(err error) []fault {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []fault{{message: "the file cannot be opened: permission denied", hint: "make it readable for the user that runs credd"}}
	case errors.Is(err, syscall.ELOOP):
		return []fault{{message: "the file is a loop of symbolic links", hint: "remove the link, or point it to a file"}}
	case errors.Is(err, fs.ErrNotExist):
		return []fault{{message: "the file is a symbolic link to nothing", hint: "remove the link, or point it to a file"}}
	}
	return problem("the file cannot be opened: %s", cause(err))
}

// cause is an error without the path that it is about.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}
