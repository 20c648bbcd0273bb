package dial

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"credd/internal/paths"
)

// alone runs a test again in a mount namespace of its own, where /run is empty. It reports whether this is there.
func alone(t *testing.T) bool {
	t.Helper()
	const mark = "CREDD_TEST_ALONE"
	if os.Getenv(mark) == t.Name() {
		if err := syscall.Mount("none", "/run", "tmpfs", 0, "mode=0755"); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), mark+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// The table of all cases is in package socket, whose Dial trusts by the same function.
func TestTheMachinesCreddMayServe(t *testing.T) {
	if !alone(t) {
		return
	}
	sock := paths.System().Socket
	if err := os.Mkdir(filepath.Dir(sock), 0o755); err != nil {
		t.Fatal(err)
	}
	const credd, squatter = 9900, 10002
	for _, c := range []struct {
		name   string
		server uint32
		want   string
	}{
		{"whom root gave the directory", credd, "answer <nil>"},
		{"a squatter", squatter, " " + ErrForeign.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(sock)
			give(t, sock, c.server)
			if got := as(t, c.server, "listen", sock)(); got != "ready" {
				t.Fatal(got)
			}
			give(t, sock, credd)
			if got := as(t, nobody, "ask", sock)(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// give lets a user own the directory of a socket.
func give(t *testing.T, sock string, uid uint32) {
	t.Helper()
	if err := os.Chown(filepath.Dir(sock), int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
}
