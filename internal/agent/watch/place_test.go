package watch

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// A step changes what is below base.
type step func(base string) error

func mkdir(name string) step {
	return func(base string) error { return os.MkdirAll(filepath.Join(base, name), 0o700) }
}

func touch(name string) step {
	return func(base string) error { return write(filepath.Join(base, name)) }
}

func remove(name string) step {
	return func(base string) error { return os.RemoveAll(filepath.Join(base, name)) }
}

func rename(from, to string) step {
	return func(base string) error { return os.Rename(filepath.Join(base, from), filepath.Join(base, to)) }
}

func link(target, name string) step {
	return func(base string) error { return os.Symlink(target, filepath.Join(base, name)) }
}

// relink turns a link without a moment in which there is none.
func relink(target, name string) step {
	return both(link(target, "new"), rename("new", name))
}

func both(steps ...step) step {
	return func(base string) error {
		for _, do := range steps {
			if err := do(base); err != nil {
				return err
			}
		}
		return nil
	}
}

// places are ways for a/b/c, the directory that matters, to come and to become another.
var places = map[string]struct {
	before step
	then   []step // after each of them a/b/c is there
}{
	"made at once":              {both(), []step{mkdir("a/b/c")}},
	"made step by step":         {both(), []step{both(mkdir("a"), mkdir("a/b"), mkdir("a/b/c"))}},
	"moved here whole":          {mkdir("x/b/c"), []step{rename("x", "a")}},
	"deleted and made":          {mkdir("a/b/c"), []step{both(remove("a"), mkdir("a/b/c")), both(remove("a/b/c"), mkdir("a/b/c"))}},
	"replaced":                  {mkdir("a/b/c"), []step{both(rename("a/b/c", "old"), mkdir("a/b/c"))}},
	"file in its place":         {both(mkdir("a/b"), touch("a/b/c")), []step{both(remove("a/b/c"), mkdir("a/b/c"))}},
	"link made":                 {both(mkdir("a/b"), mkdir("one")), []step{link("../../one", "a/b/c")}},
	"link before its target":    {both(mkdir("a/b"), link("../../one", "a/b/c")), []step{mkdir("one")}},
	"link to a link to nothing": {both(mkdir("a/b"), link("../../x", "a/b/c"), link("y", "x")), []step{mkdir("y")}},
	"link turned": {
		both(mkdir("a/b"), mkdir("one"), mkdir("two"), link("../../one", "a/b/c")),
		[]step{relink("../../two", "a/b/c"), relink("../../one", "a/b/c")},
	},
	"link further up turned": {
		both(mkdir("one/b/c"), mkdir("two/b/c"), link("one", "a")),
		[]step{relink("two", "a")},
	},
	"link of links turned": {
		both(mkdir("one/c"), mkdir("two/c"), link("one", "now"), mkdir("a"), link("../now", "a/b")),
		[]step{relink("two", "now")},
	},
	"link becomes a directory": {
		both(mkdir("a/b"), mkdir("one"), link("../../one", "a/b/c")),
		[]step{both(remove("a/b/c"), mkdir("a/b/c"))},
	},
	"directory becomes a link": {
		both(mkdir("a/b/c"), mkdir("one")),
		[]step{both(remove("a/b/c"), link("../../one", "a/b/c"))},
	},
	"target deleted and made": {
		both(mkdir("a/b"), mkdir("one"), link("../../one", "a/b/c")),
		[]step{both(remove("one"), mkdir("one"))},
	},
	"loop untied": {
		both(mkdir("a/b"), link("c", "a/b/c")),
		[]step{both(remove("a/b/c"), mkdir("a/b/c"))},
	},
}

func TestDirectories(t *testing.T) {
	for name, test := range places {
		t.Run(name, func(t *testing.T) {
			base := realDir(t)
			must(t, test.before(base))
			dir := filepath.Join(base, "a", "b", "c")
			w := watching(t, dir)
			for _, do := range test.then {
				must(t, do(base))
				if got := next(t, w); got != nil {
					t.Errorf("got %v, want nil for any", got)
				}
				settled(t, w, dir)
				real, err := filepath.EvalSymlinks(dir)
				must(t, err)
				wantFile(t, w, filepath.Join(real, "acme.toml"))
			}
		})
	}
}

// The watch on customers must not stay with the old one when the directory above is replaced.
func TestMovedWithWhatIsInIt(t *testing.T) {
	config := filepath.Join(realDir(t), "credd")
	customers := filepath.Join(config, "customers")
	must(t, os.MkdirAll(customers, 0o700))
	w := watching(t, config, customers)
	must(t, os.Rename(config, config+".old"), os.MkdirAll(customers, 0o700))
	next(t, w)
	settled(t, w, config, customers)
	wantFile(t, w, filepath.Join(customers, "acme.toml"))
}

// What appears between looking for the directories and watching them is found.
func TestMadeWhileLooking(t *testing.T) {
	w := New(settle)
	defer w.Close()
	base := realDir(t)
	for n := range 100 {
		dir := filepath.Join(base, strconv.Itoa(n), "b", "c")
		made := make(chan error)
		go func() { made <- os.MkdirAll(dir, 0o700) }()
		w.Set([]string{dir})
		must(t, <-made)
		settled(t, w, dir)
		wantFile(t, w, filepath.Join(dir, "acme.toml"))
	}
}

// settled waits until the watches are where the directories are now.
func settled(t *testing.T, w *Watcher, dirs ...string) {
	t.Helper()
	want := trace(normal(dirs))
	for {
		w.mu.Lock()
		done := w.plan.equal(want)
		w.mu.Unlock()
		if done {
			return
		}
		next(t, w)
	}
}
