package audit

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"credd/internal/alone"
)

func tmpfs(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, "size=64k"); err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	if !alone.Here(t) {
		return
	}
	dir := t.TempDir()
	tmpfs(t, dir, 0)
	defer syscall.Unmount(dir, 0)
	filler, path := filepath.Join(dir, "filler"), filepath.Join(dir, "audit.log")
	if err := os.WriteFile(filler, make([]byte, 32<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	l := openTest(t, path, maxSize)
	defer l.Close()
	var want []int
	try := func(n int) error {
		e := sample()
		e.PID = n
		err := l.Record(e)
		if err == nil {
			want = append(want, n)
		}
		return err
	}
	n := 1000
	for try(n) == nil {
		n++
	}
	for range 3 {
		if err := try(n); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("full: got %v, want %v", err, syscall.ENOSPC)
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		if err := try(2000 + n); err != nil {
			t.Errorf("space again: %v", err)
		}
	}
	if got, skipped := pids(t, path); !slices.Equal(got, want) || skipped != 1 { // the one the full disk tore
		t.Errorf("got %v, %d skipped; want %v, 1", got, skipped, want)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	if !alone.Here(t) {
		return
	}
	dir := t.TempDir()
	tmpfs(t, dir, syscall.MS_RDONLY)
	defer syscall.Unmount(dir, 0)
	path := filepath.Join(dir, "state", "audit.log")
	l := openTest(t, path, maxSize)
	defer l.Close()
	if err := l.Record(sample()); !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v, want %v", err, syscall.EROFS)
	}
	tmpfs(t, dir, syscall.MS_REMOUNT)
	record(t, l, 7)
	wantPIDs(t, path, 0, 7)
}
