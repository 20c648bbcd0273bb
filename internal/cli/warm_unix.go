//go:build !windows

package cli

import "syscall"

const warmDir = "/" // so that no directory is held

// alone is a process without our terminal.
func alone() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// keepDescriptors lets none pass to processes that are started: a shell may have left pipes open in us.
func keepDescriptors() {
	for _, fd := range descriptors() {
		if fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
