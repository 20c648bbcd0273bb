//go:build !windows

package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A token that could not be saved must not be spent. Root may write everywhere, so its test is that of another user.
func TestLoginThatCannotBeSaved(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	l := logIn(t)
	if err := os.Chmod(filepath.Dir(l.file), 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Dir(l.file), 0o700)
	_, err := l.Credentials(t.Context())
	wantError(t, err, Config, "cannot be written")
	if l.aws.Calls("SigninToken") != 0 {
		t.Error("AWS was asked")
	}
}

// asNobody runs this test once more, as a user without rights.
func asNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	dir, err := os.MkdirTemp("", "credd") // that of t may not be entered by others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "test")
	data, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(program, data, 0o755)
	}
	if err == nil {
		err = os.Chown(dir, nobody, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as another user: %v\n%s", err, out)
	}
}
