//go:build !windows

package doctor

import (
	"os/exec"
	"syscall"
)

// alone gives a program a session of its own, so that it asks nothing at our terminal, and ends it with its children.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
