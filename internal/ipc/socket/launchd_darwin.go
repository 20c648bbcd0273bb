package socket

import (
	"syscall"
	"unsafe"
)

// maxActivated bounds what is believed of a count that C returns.
const maxActivated = 64

// activate returns the descriptors of a socket that launchd opened for this process: ESRCH if launchd did not start it, ENOENT if its
// property list has no socket of that name, EALREADY the second time (<launch.h>).
func activate(name string) ([]int, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	var list *int32 // C's memory
	var n uintptr
	r, _, _ := libcCall(launchActivateSocket, uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&list)), uintptr(unsafe.Pointer(&n)))
	if e := int32(r); e != 0 { // a C int: only the low half is the result
		return nil, syscall.Errno(e)
	}
	if list == nil || n > maxActivated {
		return nil, syscall.EINVAL
	}
	defer libcCall(free, uintptr(unsafe.Pointer(list)), 0, 0)
	var fds []int
	for _, fd := range unsafe.Slice(list, n) {
		fds = append(fds, int(fd))
	}
	return fds, nil
}

// Both are called as the Go libraries call theirs, without cgo: an address that the linker fills in (launchd_darwin.s), and the runtime's
// way into C.

//go:cgo_import_dynamic libc_launch_activate_socket launch_activate_socket "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic libc_free free "/usr/lib/libSystem.B.dylib"

var launchActivateSocket, free uintptr

//go:linkname libcCall syscall.syscall
func libcCall(fn, a1, a2, a3 uintptr) (r1, r2 uintptr, err syscall.Errno)
