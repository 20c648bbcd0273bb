package watch

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const (
	settle  = 5 * time.Millisecond
	patient = 10 * time.Second // longer than a busy machine takes; only a failing test waits for it
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watching returns a watcher of dirs that has told of them for the first time.
func watching(t *testing.T, dirs ...string) *Watcher {
	t.Helper()
	w := New(settle)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Set(dirs)
	if err := w.Degraded(); err != nil {
		t.Fatal(err)
	}
	if got := next(t, w); got != nil {
		t.Fatalf("at first: got %v, want nil for any", got)
	}
	return w
}

func next(t *testing.T, w *Watcher) []string {
	t.Helper()
	select {
	case paths := <-w.Changes():
		return paths
	case <-time.After(patient):
		t.Fatal("no change is told")
		return nil
	}
}

// wantChange waits until the path, or any, is told to have changed.
func wantChange(t *testing.T, w *Watcher, path string) {
	t.Helper()
	for {
		if got := next(t, w); got == nil || slices.Contains(got, path) {
			return
		}
	}
}

// wantFile writes a file and waits until that is told by its name. An "any" may still come from what was before,
// and may cover this write: then it is written again.
func wantFile(t *testing.T, w *Watcher, path string) {
	t.Helper()
	for {
		must(t, write(path))
		got := next(t, w)
		for got != nil && !slices.Contains(got, path) {
			got = next(t, w)
		}
		if got != nil {
			return
		}
	}
}

// wantPaths waits until exactly these paths are told, over as many deliveries as it takes.
func wantPaths(t *testing.T, w *Watcher, want ...string) {
	t.Helper()
	var all []string
	for !slices.Contains(all, want[len(want)-1]) {
		got := next(t, w)
		if got == nil {
			t.Fatalf("got any, want %v", want)
		}
		all = append(all, got...)
	}
	slices.Sort(all)
	slices.Sort(want)
	if all = slices.Compact(all); !slices.Equal(all, want) {
		t.Errorf("got %v, want %v", all, want)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// realDir is a temporary directory without links in its path.
func realDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	return dir
}

func write(path string) error { return os.WriteFile(path, []byte(filepath.Base(path)), 0o600) }

func TestFiles(t *testing.T) {
	for name, do := range map[string]func(file string) error{
		"written in place": write,
		"replaced":         func(f string) error { return errors.Join(write(f+"~"), os.Rename(f+"~", f)) },
		"backed up, new":   func(f string) error { return errors.Join(os.Rename(f, f+"~"), write(f)) },
		"deleted":          os.Remove,
		"truncated":        func(f string) error { return os.Truncate(f, 0) },
		"unreadable":       func(f string) error { return os.Chmod(f, 0) },
		"renamed":          func(f string) error { return os.Rename(f, f+"~") },
		"hard link":        func(f string) error { return errors.Join(os.Remove(f), write(f+"~"), os.Link(f+"~", f)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := realDir(t)
			file := filepath.Join(dir, "credd.toml")
			must(t, write(file))
			w := watching(t, dir)
			must(t, do(file))
			wantPathAmong(t, w, file)
		})
	}
}

// wantPathAmong waits until the path is told by its name.
func wantPathAmong(t *testing.T, w *Watcher, path string) {
	t.Helper()
	for {
		got := next(t, w)
		if got == nil {
			t.Fatalf("got any, want %s", path)
		}
		if slices.Contains(got, path) {
			return
		}
	}
}

func TestSet(t *testing.T) {
	a, b := realDir(t), realDir(t)
	w := watching(t, a)
	w.Set([]string{a + "/", a + "/x/.."})
	select {
	case got := <-w.Changes():
		t.Errorf("the same directories: got %v", got)
	default:
	}
	w.Set([]string{b})
	if got := next(t, w); got != nil {
		t.Errorf("others: got %v, want nil for any", got)
	}
	must(t, write(filepath.Join(a, "old")), write(filepath.Join(b, "new")))
	wantPaths(t, w, filepath.Join(b, "new"))
	w.Set(nil)
	if got := next(t, w); got != nil {
		t.Errorf("none: got %v, want nil for any", got)
	}
}

func TestWhatIsNotTakenIsJoined(t *testing.T) {
	dir := realDir(t)
	w := watching(t, dir)
	var want []string
	for _, name := range []string{"a", "b", "c"} {
		path := filepath.Join(dir, name)
		must(t, write(path))
		want = append(want, path)
		for deadline := time.Now().Add(patient); !slices.Contains(peek(w), path); {
			if time.Now().After(deadline) {
				t.Fatalf("%s is not told", path)
			}
		}
	}
	if got := next(t, w); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// peek returns what is there to be taken, and leaves it.
func peek(w *Watcher) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case paths := <-w.changes:
		w.changes <- paths
		return paths
	default:
		return nil
	}
}

// Changes that never pause are told of all the same, however long the settle time.
func TestStorm(t *testing.T) {
	dir := realDir(t)
	w := New(time.Hour)
	defer w.Close()
	w.Set([]string{dir})
	next(t, w)
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				if err := write(filepath.Join(dir, "storm")); err != nil {
					stopped <- err
					return
				}
			}
		}
	}()
	for range 3 {
		wantPathAmong(t, w, filepath.Join(dir, "storm"))
	}
	close(stop)
	must(t, <-stopped)
}

func TestClose(t *testing.T) {
	dir := realDir(t)
	w := New(settle)
	w.Set([]string{dir})
	must(t, write(filepath.Join(dir, "late")), w.Close(), w.Close())
	w.Set([]string{filepath.Join(dir, "after")})
	if err := w.Degraded(); err != nil {
		t.Error(err)
	}
}

func TestAWS(t *testing.T) {
	home := realDir(t)
	w := watching(t, AWS(filepath.Join(home, ".aws"))...)
	cache := filepath.Join(home, ".aws", "sso", "cache")
	must(t, os.MkdirAll(cache, 0o700))
	wantChange(t, w, cache)
	wantFile(t, w, filepath.Join(cache, "token.json"))
}
