package disk

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// as does something with files as another user.
func as(uid, gid uint32, do func() error) error {
	runtime.LockOSThread() // the kernel keeps who touches files by thread
	if err := touchAs(uid, gid); err != nil {
		return err // the thread is not unlocked, and ends with this goroutine
	}
	defer func() {
		if touchAs(0, uint32(os.Getegid())) == nil {
			runtime.UnlockOSThread()
		}
	}()
	return do()
}

// touchAs sets who this thread is to the file system. setfsuid(2) tells no error: asked again it tells who it is.
func touchAs(uid, gid uint32) error {
	const ask = ^uintptr(0)
	set := func(call uintptr, id uint32) bool {
		syscall.RawSyscall(call, uintptr(id), 0, 0)
		is, _, _ := syscall.RawSyscall(call, ask, 0, 0)
		return uint32(is) == id
	}
	if !set(syscall.SYS_SETFSGID, gid) || !set(syscall.SYS_SETFSUID, uid) {
		return fmt.Errorf("act as the user with ID %d: %w", uid, syscall.EPERM)
	}
	return nil
}
