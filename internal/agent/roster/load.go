package roster

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// Load reads the configuration below dir. Files that have not changed since previous are not read again; a file that is
// broken keeps its last good version of previous, which may be nil. If the files that changed since are named, only they
// are looked at. What is wrong shows in Problems.
func Load(dir string, previous *Roster, changed ...string) *Roster {
	return load(dir, false, previous, changed)
}

// LoadForAll is Load for a daemon that serves all users of the machine: whoever writes a file of an included directory decides who may
// use its roles, so that such a file is looked at as strictly as one of customers/.
func LoadForAll(dir string, previous *Roster, changed ...string) *Roster {
	return load(dir, true, previous, changed)
}

func load(dir string, strict bool, previous *Roster, changed []string) *Roster {
	if previous == nil {
		previous = &Roster{}
	}
	r := newRoster(dir, previous)
	r.strict = strict
	hint := previous.hint(changed)
	r.loadSettings(previous, hint)
	r.dirs = []string{dir}
	if target := targetDir(settingsFile(dir)); target != "" {
		r.dirs = append(r.dirs, target)
	}
	r.list(previous, hint)
	files, odd := r.all()
	r.problems = append(r.problems, odd...)
	r.readAll(files, previous, hint)
	r.resolve(files, previous)
	slices.Sort(r.dirs)
	r.dirs = slices.Compact(r.dirs)
	return r
}

// newRoster is empty, with room for as much as there was.
func newRoster(dir string, previous *Roster) *Roster {
	return &Roster{
		dir:       dir,
		sources:   map[string]*Source{},
		customers: make(map[string]*Customer, len(previous.customers)),
		roles:     make(map[string]*Role, len(previous.roles)),
		broken:    map[string]Problem{},
		files:     make(map[string]*file, len(previous.files)),
		listing:   map[string][]found{},
	}
}

// hint returns the files that may have changed, nil if it could be any: none is named, or one is not just an entry of a
// directory that was listed, but may be the target of a link.
func (r *Roster) hint(changed []string) map[string]bool {
	if len(changed) == 0 {
		return nil
	}
	targets := map[string]bool{}
	for _, list := range r.listing {
		for _, f := range list {
			if f.target != "" {
				targets[f.target] = true
			}
		}
	}
	hint := map[string]bool{}
	for _, path := range changed {
		dir := filepath.Dir(path)
		if _, listed := r.listing[dir]; targets[dir] || !listed && path != settingsFile(r.dir) {
			return nil
		}
		hint[path] = true
	}
	return hint
}

func (r *Roster) loadSettings(previous *Roster, hint map[string]bool) {
	path := settingsFile(r.dir)
	r.settings = &file{settings: newSettings()}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		r.settings = reread(path, true, previous.settings, hint[path], func(now *file, t *table, c *checker) { now.settings = readSettings(t, c) })
	}
	for _, f := range r.settings.faults {
		r.report(path, "", f)
	}
	if r.settings.settings == nil {
		r.broken[""] = r.problems[0]
		r.apply(newSettings())
		return
	}
	r.apply(r.settings.settings)
}

// apply puts settings in force.
func (r *Roster) apply(d *settingsDraft) {
	r.Settings = d.settings
	s, def := &r.Settings.Service, &r.Settings.Defaults
	s.Name = cmp.Or(s.Name, fallbackService)
	r.Settings.Profiles.Name = cmp.Or(r.Settings.Profiles.Name, fallbackProfile)
	def.Duration = cmp.Or(def.Duration, fallbackDuration)
	def.SessionName = cmp.Or(def.SessionName, fallbackSessionName)
	r.Settings.include = nil
	for _, dir := range d.settings.include {
		if dir = r.expand(dir); dir != customersDir(r.dir) && !slices.Contains(r.Settings.include, dir) {
			r.Settings.include = append(r.Settings.include, dir)
		}
	}
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
	r.problems = append(r.problems, r.problem(path, customer, f))
}

func (r *Roster) problem(path, customer string, f fault) Problem {
	return Problem{File: r.short(path), Line: f.line, Customer: customer, Message: f.message, Hint: f.hint}
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
					results[i] = reread(path, files[i].own || r.strict, results[i], hint[path], func(now *file, t *table, c *checker) { now.customer = readCustomer(t, c) })
				}
			}
		})
	}
	work.Wait()
	for i, f := range files {
		r.files[f.path] = results[i]
	}
}
