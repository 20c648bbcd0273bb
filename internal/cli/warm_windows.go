package cli

import (
	"syscall"

	"golang.org/x/sys/windows"
)

const warmDir = "" // where we are

// alone is a process without our console.
func alone() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// keepDescriptors has nothing to do: Go passes on no handle but the three.
func keepDescriptors() {}
