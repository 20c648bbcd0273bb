package dial

import (
	"syscall"
	"time"
	"unsafe"

	"credd/internal/paths"
)

const (
	kernelObject = 6 // SE_KERNEL_OBJECT
	ownerOnly    = 1 // OWNER_SECURITY_INFORMATION

	localSystem    = "S-1-5-18"
	administrators = "S-1-5-32-544" // who owns what an elevated process makes

	// ServiceSID is of the account NT SERVICE\credd, under which the machine's daemon runs. Windows makes it from the name.
	ServiceSID = "S-1-5-80-621032069-3039011905-554900589-3119546964-4048793376"
)

// Both libraries are among those that Windows takes from its own directory alone.
var (
	kernel32 = syscall.NewLazyDLL("kernel32.dll")
	advapi32 = syscall.NewLazyDLL("advapi32.dll")

	procWaitNamedPipe   = kernel32.NewProc("WaitNamedPipeW")
	procGetSecurityInfo = advapi32.NewProc("GetSecurityInfo")
)

// Trust returns nil if the pipe, of which a handle is open, is served by us or by who may do anything on this machine, or, for the
// machine's pipe, by its service. Anybody may make a pipe of any name that is free, but nobody can give it an owner who he is not.
func Trust(pipe uintptr, path string) error {
	owner, err := ownerOf(pipe)
	if err != nil {
		return err
	}
	self, err := paths.UserSID()
	switch {
	case err != nil:
		return err
	case owner == self, owner == localSystem, owner == administrators:
		return nil
	case owner == ServiceSID && paths.IsSystem(path):
		return nil
	}
	return ErrForeign
}

// ownerOf returns the SID of who made a pipe.
func ownerOf(pipe uintptr) (string, error) {
	var owner *syscall.SID
	var descriptor syscall.Handle
	code, _, _ := procGetSecurityInfo.Call(pipe, kernelObject, ownerOnly, uintptr(unsafe.Pointer(&owner)), 0, 0, 0, uintptr(unsafe.Pointer(&descriptor)))
	if code != 0 {
		return "", syscall.Errno(code)
	}
	defer syscall.LocalFree(descriptor) // and so the SID
	if owner == nil {
		return "", ErrForeign
	}
	return owner.String()
}

// waitNamedPipe waits until the pipe has an instance without a client. Why it stopped, the next try shows.
func waitNamedPipe(name *uint16, limit time.Duration) {
	procWaitNamedPipe.Call(uintptr(unsafe.Pointer(name)), uintptr(max(limit.Milliseconds(), 1)))
}
