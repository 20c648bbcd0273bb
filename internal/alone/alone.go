//go:build linux

// Package alone runs a test in a mount namespace of its own: what it mounts nobody else sees, and it is gone with the test. It is for tests.
package alone

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// mark is the variable that names, in the namespace, the test that is there.
const mark = "CREDD_TEST_ALONE"

// Here reports whether this is the test in a namespace of its own. If not it runs the test there, with more variables, and the caller returns.
func Here(t *testing.T, env ...string) bool {
	t.Helper()
	if os.Getenv(mark) == t.Name() {
		return true
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(append(os.Environ(), mark+"="+t.Name()), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// WithoutRun is Here where /run is empty.
func WithoutRun(t *testing.T) bool {
	t.Helper()
	if !Here(t) {
		return false
	}
	if err := syscall.Mount("none", "/run", "tmpfs", 0, "mode=0755"); err != nil {
		t.Fatal(err)
	}
	return true
}
