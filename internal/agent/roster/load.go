package roster

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

const suffix = ".toml"

// Load reads the configuration below dir. Files that have not changed since previous are not read again; a file that is
// broken keeps its last good version of previous, which may be nil. If the files that changed since are named, only they
// are looked at. What is wrong shows in Problems.
func Load(dir string, previous *Roster, changed ...string) *Roster {
	r := &Roster{
		dir: dir, sources: map[string]*Source{}, customers: map[string]*Customer{}, roles: map[string]*Role{},
		broken: map[string]Problem{}, files: map[string]*file{}, listing: map[string][]found{},
	}
	if previous == nil {
		previous = &Roster{}
	}
	hint := previous.hint(changed)
	r.loadSettings(previous)
	own := customersDir(dir)
	all := slices.Clone(r.find(own, true, previous, hint))
	r.dirs = append(watched(dir, settingsFile(dir)), own)
	for _, inc := range r.Settings.include {
		inc = r.expand(inc)
		all = append(all, r.find(inc, false, previous, hint)...)
		r.dirs = append(r.dirs, inc)
	}
	all = slices.DeleteFunc(all, func(f found) bool {
		if f.customer == "" {
			r.report(f.path, "", fault{message: "the file's name cannot be that of a customer", hint: "use letters, digits and . _ @ + = , -"})
		}
		r.dirs = append(r.dirs, f.linked...)
		return f.customer == ""
	})
	r.readAll(all, previous, hint)
	r.resolve(r.distinct(all), previous)
	slices.Sort(r.dirs)
	r.dirs = slices.Compact(r.dirs)
	return r
}

// hint returns the files that may have changed, nil if it could be any: none is named, or one is not an entry of a
// directory that was listed, such as the target of a link.
func (r *Roster) hint(changed []string) map[string]bool {
	if len(changed) == 0 {
		return nil
	}
	hint := map[string]bool{}
	for _, path := range changed {
		if _, known := r.listing[filepath.Dir(path)]; !known && path != settingsFile(r.dir) {
			return nil
		}
		hint[path] = true
	}
	return hint
}

// watched returns the directory of a file and, if the file is a link, that of its target.
func watched(dir, path string) []string {
	target, err := filepath.EvalSymlinks(path)
	if err != nil || filepath.Dir(target) == dir {
		return []string{dir}
	}
	return []string{dir, filepath.Dir(target)}
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

func (r *Roster) loadSettings(previous *Roster) {
	path := settingsFile(r.dir)
	r.settings = &file{settings: &settingsDraft{}}
	info, err := os.Stat(path)
	if _, lerr := os.Lstat(path); errors.Is(lerr, fs.ErrNotExist) {
		r.apply(r.settings.settings)
		return
	}
	last := previous.settings
	if err == nil {
		r.settings.facts = factsOf(info)
	}
	if last != nil && err == nil && last.facts == r.settings.facts {
		r.settings = last
	} else {
		r.settings.settings, r.settings.faults = nil, nil
		tree, _, faults := readFile(path, true)
		if faults == nil {
			c := &checker{}
			r.settings.settings, faults = readSettings(tree, c), c.faults
		}
		if r.settings.faults = faults; faults != nil {
			r.settings.settings = nil
			if last != nil {
				r.settings.settings = last.settings
			}
		}
	}
	for _, f := range r.settings.faults {
		r.report(path, "", f)
	}
	if r.settings.settings == nil {
		r.broken[""] = r.problems[0]
		r.apply(&settingsDraft{})
		return
	}
	r.apply(r.settings.settings)
}

// apply puts settings in force.
func (r *Roster) apply(d *settingsDraft) {
	r.Settings = d.settings
	s, def := &r.Settings.Service, &r.Settings.Defaults
	s.Name = cmp.Or(s.Name, fallbackService)
	def.Duration = cmp.Or(def.Duration, fallbackDuration)
	def.SessionName = cmp.Or(def.SessionName, fallbackSessionName)
	for _, src := range d.sources {
		src.File = r.short(settingsFile(r.dir))
		r.sources[src.Name] = src
	}
}

// short names a file below the configuration directory by its path there.
func (r *Roster) short(path string) string {
	if rel, err := filepath.Rel(r.dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

func (r *Roster) report(path, customer string, f fault) {
	r.problems = append(r.problems, Problem{File: r.short(path), Line: f.line, Customer: customer, Message: f.message, Hint: f.hint})
}

// found is a customer's file in a directory.
type found struct {
	path     string
	customer string   // "" if the name cannot be one
	own      bool     // in customers/, not in an included directory
	linked   []string // the directory of the file that this is a link to
}

// find lists the customers' files of a directory, by name. With a hint only the named entries are looked for.
func (r *Roster) find(dir string, own bool, previous *Roster, hint map[string]bool) []found {
	if before, ok := previous.listing[dir]; ok && hint != nil {
		r.listing[dir] = r.relist(dir, own, before, hint)
		return r.listing[dir]
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.unlisted(dir, own, err)
		return nil
	}
	list := make([]found, 0, len(entries))
	for _, e := range entries {
		if f, ok := r.entry(dir, e.Name(), own, e.Type()); ok {
			list = append(list, f)
		}
	}
	r.listing[dir] = list
	return list
}

func (r *Roster) unlisted(dir string, own bool, err error) {
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case own && missing:
	case missing:
		r.report(dir, "", fault{message: "the directory does not exist", hint: "see [roster] include in credd.toml"})
	default:
		for _, f := range openProblem(err) {
			f.message = "the directory cannot be read: " + strings.TrimPrefix(f.message, "the file ")
			r.report(dir, "", f)
		}
	}
}

// relist brings a listing up to date with the entries that changed.
func (r *Roster) relist(dir string, own bool, before []found, hint map[string]bool) []found {
	list := slices.DeleteFunc(slices.Clone(before), func(f found) bool { return hint[f.path] })
	for path := range hint {
		if filepath.Dir(path) != dir {
			continue
		}
		if info, err := os.Lstat(path); err == nil {
			if f, ok := r.entry(dir, filepath.Base(path), own, info.Mode().Type()); ok {
				list = append(list, f)
			}
		}
	}
	slices.SortFunc(list, func(a, b found) int { return strings.Compare(a.path, b.path) })
	return list
}

// entry takes a directory's entry if it is a customer's file. Hidden files, and those of editors, begin with a dot or end
// otherwise.
func (r *Roster) entry(dir, base string, own bool, kind fs.FileMode) (found, bool) {
	name, ok := strings.CutSuffix(base, suffix)
	if !ok || strings.HasPrefix(name, ".") {
		return found{}, false
	}
	path := filepath.Join(dir, base)
	if len(name) > maxName || !nameForm.MatchString(name) {
		return found{path: path}, true
	}
	f := found{path: path, customer: name, own: own}
	if kind&fs.ModeSymlink != 0 {
		f.linked = watched(dir, path)
	}
	return f, true
}

// readAll reads the files that changed, on all processors.
func (r *Roster) readAll(files []found, previous *Roster, hint map[string]bool) {
	results := make([]*file, len(files))
	var work sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(files))
	for w := range workers {
		work.Go(func() {
			for i := w; i < len(files); i += workers {
				path := files[i].path
				results[i] = previous.files[path]
				if results[i] == nil || hint == nil || hint[path] {
					results[i] = readCustomerFile(files[i], results[i])
				}
			}
		})
	}
	work.Wait()
	for i, f := range files {
		r.files[f.path] = results[i]
	}
}

// readCustomerFile returns last if the file has not changed, else the file with, if it is broken, last's good version.
func readCustomerFile(f found, last *file) *file {
	now := &file{}
	if last != nil {
		if info, err := os.Stat(f.path); err == nil && last.facts == factsOf(info) {
			return last
		}
	}
	tree, facts, faults := readFile(f.path, f.own)
	now.facts = facts
	if faults == nil {
		c := &checker{}
		now.customer, faults = readCustomer(tree, c), c.faults
	}
	if now.faults = faults; faults != nil {
		now.customer = nil
		if last != nil {
			now.customer = last.customer
		}
	}
	return now
}

// distinct drops files whose customer another file has: the one in customers/, else the first.
func (r *Roster) distinct(files []found) []found {
	first := map[string]string{}
	return slices.DeleteFunc(slices.Clone(files), func(f found) bool {
		if before, ok := first[f.customer]; ok {
			r.report(f.path, f.customer, fault{message: "customer " + f.customer + " has a file already: " + r.short(before), hint: "rename one of them"})
			return true
		}
		first[f.customer] = f.path
		return false
	})
}
