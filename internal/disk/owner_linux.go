package disk

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// AsOwner does something with files as the owner of a directory, if we are root and that is another user: what is made is theirs, and
// links of theirs lead no further than they could go themselves. Where there is no directory it is done as it is.
func AsOwner(dir string, do func() error) error {
	i, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return do()
	}
	st, ok := i.Sys().(*syscall.Stat_t)
	if !ok || st.Uid == 0 {
		return do()
	}
	runtime.LockOSThread() // the kernel keeps who touches files by thread
	if err := touchAs(st.Uid, st.Gid); err != nil {
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
