//go:build !windows

package source

import (
	"os/exec"
	"syscall"
)

// detach gives a command a session of its own, without a terminal: what it asks there nobody would see. At a timeout all of
// its processes end.
func detach(cmd *exec.Cmd) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
