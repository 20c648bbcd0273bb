package watch

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// inUserNamespace runs the test of the same name once more in a child that has the given uid in a user namespace of its
// own: 0 may set the namespace's limits, any other has no privilege. It reports whether this is that child.
func inUserNamespace(t *testing.T, uid int) bool {
	t.Helper()
	const mark = "WATCH_TEST_CHILD"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), mark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}},
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// limit sets one of the limits of this user namespace, never the system's.
func limit(t *testing.T, name string, n int) {
	t.Helper()
	must(t, os.WriteFile("/proc/sys/user/"+name, []byte(strconv.Itoa(n)), 0))
}

func TestNoInstanceLeft(t *testing.T) {
	if !inUserNamespace(t, 0) {
		return
	}
	limit(t, "max_inotify_instances", 0)
	w := New(settle)
	defer w.Close()
	dir := realDir(t)
	w.Set([]string{dir})
	if err := w.Degraded(); !errors.Is(err, syscall.EMFILE) || !strings.Contains(err.Error(), "sysctl fs.inotify.max_user_instances") {
		t.Errorf("got %v", err)
	}
	next(t, w) // the first Set tells of its directories, watched or not
	w.Set([]string{dir})
	if got := peek(w); got != nil {
		t.Errorf("tried again in vain: told %v", got)
	}
	limit(t, "max_inotify_instances", 1)
	w.Set([]string{dir})
	if err := w.Degraded(); err != nil {
		t.Errorf("one is free: got %v", err)
	}
	if got := next(t, w); got != nil {
		t.Errorf("got %v, want nil for any", got)
	}
	wantFile(t, w, filepath.Join(dir, "acme.toml"))
}

func TestNoWatchLeft(t *testing.T) {
	if !inUserNamespace(t, 0) {
		return
	}
	limit(t, "max_inotify_watches", 1)
	w := New(settle)
	defer w.Close()
	dirs := []string{realDir(t), realDir(t)}
	w.Set(dirs)
	if err := w.Degraded(); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "sysctl fs.inotify.max_user_watches") {
		t.Errorf("got %v", err)
	}
	limit(t, "max_inotify_watches", 2)
	w.Set(dirs)
	if err := w.Degraded(); err != nil {
		t.Errorf("one is free: got %v", err)
	}
	for _, dir := range dirs {
		wantFile(t, w, filepath.Join(dir, "acme.toml"))
	}
}

func TestNotAllowed(t *testing.T) {
	if !inUserNamespace(t, 1000) {
		return
	}
	above := filepath.Join(realDir(t), "above")
	dir := filepath.Join(above, "dir")
	must(t, os.MkdirAll(dir, 0o700), os.Chmod(dir, 0))
	w := New(settle)
	defer w.Close()
	w.Set([]string{dir})
	next(t, w)
	if err := w.Degraded(); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), dir) {
		t.Errorf("unreadable: got %v", err)
	}
	allow := func(dir string) {
		t.Helper()
		must(t, os.Chmod(dir, 0o700))
		for w.Degraded() != nil {
			next(t, w)
		}
	}
	allow(dir)
	wantFile(t, w, filepath.Join(dir, "acme.toml"))

	must(t, os.Chmod(above, 0), os.Chmod(filepath.Dir(above), 0o700))
	w.Set([]string{dir, filepath.Join(above, "other")}) // above has to be looked into, and may not be
	next(t, w)
	if err := w.Degraded(); !errors.Is(err, os.ErrPermission) {
		t.Errorf("unreadable above: got %v", err)
	}
	allow(above)
	wantFile(t, w, filepath.Join(dir, "acme.toml"))
}

// Watches are scarce: none stays with a directory that was replaced or no longer matters.
func TestNoWatchIsLeftBehind(t *testing.T) {
	config := filepath.Join(realDir(t), "credd")
	customers := filepath.Join(config, "customers")
	must(t, os.MkdirAll(customers, 0o700))
	w := watching(t, config, customers)
	for n := range 10 {
		must(t, os.Rename(config, config+strconv.Itoa(n)), os.MkdirAll(customers, 0o700))
		next(t, w)
		settled(t, w, config, customers)
		if got := watches(t); got != 2 {
			t.Fatalf("replaced %d times: got %d watches, want 2", n+1, got)
		}
	}
	w.Set([]string{customers})
	if got := watches(t); got != 1 {
		t.Errorf("one directory: got %d watches", got)
	}
}

// watches counts the inotify watches of this process.
func watches(t *testing.T) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fdinfo/*")
	must(t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if !errors.Is(err, os.ErrNotExist) { // the descriptor that Glob itself had open
			must(t, err)
		}
		n += strings.Count(string(text), "inotify wd:")
	}
	return n
}

// The kernel drops events when too many wait. Then any file may have changed, and watches may be missing.
func TestOverflow(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	queue, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	base := realDir(t)
	dir := filepath.Join(base, "a", "b")
	must(t, os.Mkdir(filepath.Join(base, "busy"), 0o700), os.Mkdir(filepath.Join(base, "a"), 0o700))
	w := watching(t, filepath.Join(base, "busy"), dir)

	w.mu.Lock() // holds up who reads the events
	file := filepath.Join(base, "busy", "file")
	for range queue { // two or three events each, of which the reader's buffer takes at most 4,096
		must(t, write(file), os.Remove(file))
	}
	must(t, os.Mkdir(dir, 0o700)) // nobody is told of this
	w.mu.Unlock()

	settled(t, w, dir, filepath.Join(base, "busy"))
	wantFile(t, w, filepath.Join(dir, "acme.toml"))
}
