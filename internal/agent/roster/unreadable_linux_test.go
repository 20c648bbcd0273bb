package roster

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// An unreadable file is refused as the user who runs credd meets it: root reads everything.
func TestUnreadable(t *testing.T) {
	if os.Getuid() != 0 {
		d := whole(t)
		check(t, os.Chmod(filepath.Join(d, "customers/acme.toml"), 0))
		wantUnreadable(t, d)
		return
	}
	base, err := os.MkdirTemp("", "credd")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	check(t, os.Chmod(base, 0o755))
	put(t, base, "credd.toml", settingsText)
	put(t, base, "customers/acme.toml", acmeText)
	put(t, base, "customers/globex.toml", globexText)
	const stranger = 12345
	check(t, filepath.Walk(base, func(p string, _ os.FileInfo, _ error) error { return os.Chown(p, stranger, stranger) }))
	check(t, os.Chmod(filepath.Join(base, "customers/acme.toml"), 0))
	// Only this thread becomes the stranger; it ends with the goroutine.
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, stranger, stranger, stranger); errno != 0 {
			t.Error(errno)
			return
		}
		_, _, faults := readFile(filepath.Join(base, "customers/acme.toml"), false)
		if len(faults) != 1 || !strings.Contains(faults[0].message, "permission denied") {
			t.Errorf("got %v, want permission denied", faults)
		}
	}()
	<-done
}

func wantUnreadable(t *testing.T, d string) {
	t.Helper()
	r := Load(d, nil)
	if p := r.Problems(); len(p) != 1 || !strings.Contains(p[0].Message, "permission denied") {
		t.Errorf("got %v, want permission denied", p)
	}
}

// What a full disk or another's directory refuses is told of the file, not of the temporary one beside it.
func TestUnwrittenNamesTheFile(t *testing.T) {
	path := "/proc/self/acme.toml"
	err := unwritten(path, replace(path, []byte("x"), true))
	if err == nil || strings.Contains(err.Error(), ".credd-") || !strings.Contains(err.Error(), "write /proc/self/acme.toml: ") {
		t.Errorf("got %v", err)
	}
}
