//go:build !windows

package cli

import (
	"os/exec"
	"syscall"
)

// detach lets a command be on its own: it outlives us and has no terminal, holds no directory, and gets no descriptor of ours: a
// shell may have left pipes open in us.
func detach(cmd *exec.Cmd) {
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Setsid: true}
	for _, fd := range descriptors() {
		if fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
