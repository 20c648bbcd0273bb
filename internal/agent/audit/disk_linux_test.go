package audit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// inMountNamespace runs the test of the same name once more in a child that may mount file systems nobody else sees, and
// that are gone with it. It reports whether this is that child.
func inMountNamespace(t *testing.T) bool {
	t.Helper()
	const mark = "AUDIT_TEST_CHILD"
	if os.Getenv(mark) != "" {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), mark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func tmpfs(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, "size=64k"); err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	if !inMountNamespace(t) {
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
	if !inMountNamespace(t) {
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
