package doctor

import (
	"os/exec"
	"syscall"
)

const detached = 0x8 // DETACHED_PROCESS: without our console

// alone gives a program no console, so that it asks nothing at ours.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: detached} }
