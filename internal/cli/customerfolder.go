package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"credd/internal/customer/invite"
	"credd/internal/disk"
	"credd/internal/doctor"
	"credd/internal/ipc"
)

// vacant says whether a folder can be made: there is none, or an empty one.
func vacant(out string) error {
	entries, err := os.ReadDir(out)
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.As(err, &at):
		return &userError{ipc.Usage, fmt.Sprintf("%s cannot be the folder: %s", out, at.Err), "name another one: --out DIR"}
	case err != nil:
		return err
	case len(entries) > 0:
		return &userError{ipc.Usage, out + " is there already, and not empty", "name another one: --out DIR; nothing in it was touched"}
	}
	return nil
}

// folder writes files into a new folder beside the one that they are for, which is only to be renamed then. It is the user's alone.
func folder(out string, files []invite.File) (tmp string, err error) {
	parent := filepath.Dir(out)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", noFolder(out, err)
	}
	if err := keptByOwners(parent, out); err != nil {
		return "", err
	}
	tidyFolders(parent)
	if tmp, err = os.MkdirTemp(parent, unfinished); err != nil { // mode 0700
		return "", noFolder(out, err)
	}
	for _, f := range files {
		if err := putFile(tmp, f); err != nil {
			return "", noFolder(out, errors.Join(err, os.RemoveAll(tmp)))
		}
	}
	if err := os.Remove(out); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty one
		return "", noFolder(out, errors.Join(err, os.RemoveAll(tmp)))
	}
	return tmp, nil
}

func noFolder(out string, err error) error {
	return &userError{ipc.Usage, out + " cannot be made: " + reason(err), "name another one: --out DIR"}
}

// keptByOwners refuses a directory in which others may put a folder of theirs in the place of the invitation, with a template that
// lets them in. In one like /tmp only owners may move what is theirs.
func keptByOwners(parent, out string) error {
	info, err := os.Stat(parent)
	if err != nil {
		return noFolder(out, err)
	}
	if m := info.Mode(); runtime.GOOS != "windows" && m.Perm()&0o002 != 0 && m&fs.ModeSticky == 0 {
		return &userError{ipc.Usage, "every user of this machine may change what is in " + parent + ", and so what you would send",
			"name a folder elsewhere: --out DIR; or: chmod o-w " + doctor.Quote(parent)}
	}
	return nil
}

// unfinished are folders under way: hidden, and nobody's to send.
const unfinished = ".credd-invitation-*"

// tidyFolders removes those that were left by a credd that was killed. They hold an external ID.
func tidyFolders(parent string) {
	const underWay = time.Hour    // nobody takes that long
	left, _ := os.ReadDir(parent) // not by a pattern of the whole path: that may hold a [
	for _, e := range left {
		if is, _ := filepath.Match(unfinished, e.Name()); !is || !e.IsDir() {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > underWay {
			os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}

// makeFolder writes files into a new folder.
func makeFolder(out string, files []invite.File) error {
	tmp, err := folder(out, files)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, out); err != nil {
		return noFolder(out, errors.Join(err, os.RemoveAll(tmp)))
	}
	return nil
}

func putFile(dir string, f invite.File) error {
	name := filepath.FromSlash(f.Path)
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%q is no path in a folder", f.Path)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return disk.Replace(path, f.Data, fs.FileMode(f.Mode).Perm())
}

// short is a path as a person at this place writes it, as one word of a shell.
func short(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
	}
	return doctor.Quote(path)
}
