package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want sees that a directory has one file, with this text: no unfinished one is left.
func want(t *testing.T, path, text string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text {
		t.Errorf("got %q, %v, want %q", got, err, text)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("got %v, %v, want one file", all, err)
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "acme.toml")
	check(t, Replace(path, []byte("one"), 0o600))
	want(t, path, "one")
	check(t, Replace(path, []byte("two"), 0o640))
	want(t, path, "two")
	if i, err := os.Stat(path); err != nil || i.Mode().Perm()&0o600 != 0o600 {
		t.Errorf("got %v, %v", i, err)
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "acme.toml")
	check(t, Create(path, []byte("one")))
	if err := Create(path, []byte("two")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist", err)
	}
	want(t, path, "one")
}

func TestWhatCannotBeWrittenStays(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken", "a directory")
	check(t, os.MkdirAll(taken, 0o700))
	for _, path := range []string{filepath.Join(dir, "none", "x"), filepath.Dir(taken)} {
		if Replace(path, nil, 0o600) == nil || Create(path, nil) == nil {
			t.Errorf("%s was written", path)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".credd-*")); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want nothing left", left, err)
	}
}

// A pattern that nothing fits would sweep nothing.
func TestUnfinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.age")
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(Unfinished(path)))
	check(t, err)
	tmp.Close()
	check(t, os.WriteFile(path, nil, 0o600))
	if got, err := filepath.Glob(Unfinished(path)); err != nil || len(got) != 1 || got[0] != tmp.Name() {
		t.Errorf("got %v, %v, want %s", got, err, tmp.Name())
	}
}

func TestTryLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := TryLock(path)
	check(t, err)
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	held.Close()
	again, err := TryLock(path)
	check(t, err)
	again.Close()
	var of *fs.PathError
	if _, err := TryLock(filepath.Join(path, "x")); !errors.As(err, &of) {
		t.Errorf("got %v, want an error with the path", err)
	}
}

func TestLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lock")
		held, err := Lock(path, 0)
		check(t, err)
		start := time.Now()
		if _, err := Lock(path, time.Second); !errors.Is(err, ErrLocked) || time.Since(start) < time.Second || time.Since(start) > 2*time.Second {
			t.Errorf("got %v after %v, want ErrLocked after a second", err, time.Since(start))
		}
		time.AfterFunc(3*time.Second, func() { held.Close() })
		again, err := Lock(path, 5*time.Second)
		check(t, err)
		again.Close()
	})
}
