package roster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const suffix = ".toml"

// found is a customer's file in a directory.
type found struct {
	path     string
	customer string // "" if the name cannot be one
	own      bool   // in customers/, not in an included directory
	target   string // the directory of the file that this is a link to
}

// list finds the customers' files of all directories. With a hint only the named entries are looked for.
func (r *Roster) list(previous *Roster, hint map[string]bool) {
	own := customersDir(r.dir)
	for _, dir := range append([]string{own}, r.Settings.include...) {
		r.dirs = append(r.dirs, dir)
		if before, ok := previous.listing[dir]; ok && hint != nil {
			r.listing[dir] = relist(dir, dir == own, before, hint)
		} else if list, err := readDir(dir, dir == own); err != nil {
			r.unlisted(dir, dir == own, err)
		} else {
			r.listing[dir] = list
		}
		for _, f := range r.listing[dir] {
			if f.target != "" {
				r.dirs = append(r.dirs, f.target)
			}
		}
	}
}

func readDir(dir string, own bool) ([]found, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	list := make([]found, 0, len(entries))
	for _, e := range entries {
		if f, ok := entry(dir, e.Name(), own, e.Type()); ok {
			list = append(list, f)
		}
	}
	return list, nil
}

func (r *Roster) unlisted(dir string, own bool, err error) {
	f := fault{message: "the directory cannot be read: " + cause(err)}
	if errors.Is(err, fs.ErrNotExist) {
		if own {
			return
		}
		f = fault{message: "the directory does not exist", hint: "see [roster] include in credd.toml"}
	}
	r.report(dir, "", f)
}

// relist brings a listing up to date with the entries that changed.
func relist(dir string, own bool, before []found, hint map[string]bool) []found {
	list := slices.DeleteFunc(slices.Clone(before), func(f found) bool { return hint[f.path] })
	for path := range hint {
		if filepath.Dir(path) != dir {
			continue
		}
		if info, err := os.Lstat(path); err == nil {
			if f, ok := entry(dir, filepath.Base(path), own, info.Mode().Type()); ok {
				list = append(list, f)
			}
		}
	}
	slices.SortFunc(list, func(a, b found) int { return strings.Compare(a.path, b.path) })
	return list
}

// entry takes a directory's entry if it is a customer's file. Hidden files, and those of editors, begin with a dot or end
// otherwise.
func entry(dir, base string, own bool, kind fs.FileMode) (found, bool) {
	name, ok := strings.CutSuffix(base, suffix)
	if !ok || strings.HasPrefix(name, ".") {
		return found{}, false
	}
	f := found{path: filepath.Join(dir, base), own: own}
	if isName(name) {
		f.customer = name
	}
	if kind&fs.ModeSymlink != 0 {
		f.target = targetDir(f.path)
	}
	return f, true
}

// all returns the customers' files that count, of each customer the one in customers/, else the first; and what is wrong
// with the others.
func (r *Roster) all() (files []found, odd []Problem) {
	list := slices.Clone(r.listing[customersDir(r.dir)])
	for _, dir := range r.Settings.include {
		list = append(list, r.listing[dir]...)
	}
	first := make(map[string]string, len(list))
	files = slices.DeleteFunc(list, func(f found) bool {
		before, double := first[f.customer]
		switch {
		case f.customer == "":
			odd = append(odd, r.problem(f.path, "", fault{message: "the file's name cannot be that of a customer", hint: "use letters, digits and . _ @ + = , -"}))
			return true
		case double:
			odd = append(odd, r.problem(f.path, f.customer, fault{message: "customer " + f.customer + " has a file already: " + r.short(before), hint: "rename one of them"}))
			return true
		}
		first[f.customer] = f.path
		return false
	})
	return files, odd
}

// targetDir is the directory of the file that a link leads to, "" if there is none.
func targetDir(path string) string {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return filepath.Dir(target)
}

// expand resolves ~/ and what is relative to the configuration directory.
func (r *Roster) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(r.dir, path)
}
