package source

import (
	"os"
	"os/exec"
	"syscall"
)

const noWindow = 0x8000000 // CREATE_NO_WINDOW

// detach gives a command a console that nobody sees: what it asks there nobody would answer. Ctrl-C at ours is not for it. At a timeout
// its own children stay.
func detach(cmd *exec.Cmd) {
	cmd.Dir = os.Getenv("SystemRoot")
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: noWindow | syscall.CREATE_NEW_PROCESS_GROUP}
}
