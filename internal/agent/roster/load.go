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
// broken keeps its last good version of previous, which may be nil. What is wrong shows in Problems.
func Load(dir string, previous *Roster) *Roster {
	r := &Roster{
		dir: dir, sources: map[string]*Source{}, customers: map[string]*Customer{}, roles: map[string]*Role{},
		broken: map[string]Problem{}, files: map[string]*file{},
	}
	if previous == nil {
		previous = &Roster{}
	}
	r.loadSettings(previous)
	own := customersDir(dir)
	found := r.find(own, true)
	r.dirs = append(watched(dir, settingsFile(dir)), own)
	for _, inc := range r.Settings.include {
		inc = r.expand(inc)
		found = append(found, r.find(inc, false)...)
		r.dirs = append(r.dirs, inc)
	}
	r.readAll(found, previous)
	r.resolve(r.distinct(found), previous)
	slices.Sort(r.dirs)
	r.dirs = slices.Compact(r.dirs)
	return r
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
		tree, faults := readFile(path, true)
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
	path, customer string
	own            bool // in customers/, not in an included directory
}

// find lists the customers' files of a directory. Hidden files, and those of editors, end otherwise or begin with a dot.
func (r *Roster) find(dir string, own bool) []found {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if own && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, f := range openProblem(err) {
			f.message = "the directory cannot be read: " + strings.TrimPrefix(f.message, "the file ")
			if errors.Is(err, fs.ErrNotExist) {
				f = fault{message: "the directory does not exist", hint: "see [roster] include in credd.toml"}
			}
			r.report(dir, "", f)
		}
		return nil
	}
	var out []found
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if len(name) > maxName || !nameForm.MatchString(name) {
			r.report(path, "", fault{message: "the file's name cannot be that of a customer", hint: "use letters, digits and . _ @ + = , -"})
			continue
		}
		if e.Type()&fs.ModeSymlink != 0 {
			r.dirs = append(r.dirs, watched(dir, path)...)
		}
		out = append(out, found{path, name, own})
	}
	return out
}

// readAll reads the files that changed, on all processors.
func (r *Roster) readAll(files []found, previous *Roster) {
	results := make([]*file, len(files))
	var work sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(files))
	for w := range workers {
		work.Go(func() {
			for i := w; i < len(files); i += workers {
				results[i] = readCustomerFile(files[i], previous.files[files[i].path])
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
	if info, err := os.Stat(f.path); err == nil {
		now.facts = factsOf(info)
		if last != nil && last.facts == now.facts {
			return last
		}
	}
	tree, faults := readFile(f.path, f.own)
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
