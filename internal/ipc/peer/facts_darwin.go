package peer

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxExe is the size of the buffer that proc_pidpath wants: PROC_PIDPATHINFO_MAXSIZE of <sys/proc_info.h>.
const maxExe = 4096

// FactsOf asks the kernel for the peer and its parent, while the peer waits for its reply. A pid may get a new owner: the peer's has
// not if the process started before it was accepted, and is the same one afterwards.
func FactsOf(_ net.Conn, p Peer) Facts {
	was, ok := lookUp(p.PID)
	if !ok || was.start > p.seen {
		return Facts{}
	}
	f := Facts{Exe: exe(p.PID), ParentPID: was.parent, ParentExe: exe(was.parent)}
	now, ok := lookUp(p.PID)
	switch {
	case !ok, now.start != was.start:
		return Facts{}
	case now.parent != was.parent:
		f.ParentPID, f.ParentExe = 0, ""
	}
	return f
}

// Terminal returns a number that stands for the controlling terminal of a peer, 0 if it has none or the kernel does not show it.
// It tells terminals apart and decides nothing: the pid may have a new owner.
func Terminal(p Peer) uint64 {
	const none = -1 // NODEV of <sys/types.h>
	l, ok := lookUp(p.PID)
	if !ok || l.terminal == none {
		return 0
	}
	return uint64(uint32(l.terminal))
}

type process struct {
	parent   int
	start    uint64 // µs since 1970, as Peer's seen
	terminal int32
}

// lookUp returns what the kernel's table has of a process.
func lookUp(pid int) (p process, ok bool) {
	if pid <= 0 {
		return process{}, false
	}
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(k.Proc.P_pid) != pid {
		return process{}, false
	}
	t := k.Proc.P_starttime
	return process{parent: int(k.Eproc.Ppid), start: uint64(t.Sec)*1_000_000 + uint64(t.Usec), terminal: k.Eproc.Tdev}, true
}

// exe returns the path of the executable, "" if the kernel does not show it. KERN_PROCARGS2 would not do: it is a copy of the process's
// own memory, where that may write what it likes.
func exe(pid int) string {
	if pid <= 0 {
		return ""
	}
	var buf [maxExe]byte
	n, _, _ := libcCall(procPidpath, uintptr(pid), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if got := int32(n); got > 0 && int(got) < len(buf) { // a C int: only the low half is the result
		return string(buf[:got])
	}
	return ""
}

// proc_pidpath is of libproc, which is part of libSystem. It is called as the Go libraries call theirs, without cgo: an address that the
// linker fills in (libproc_darwin.s), and the runtime's way into C.

//go:cgo_import_dynamic libc_proc_pidpath proc_pidpath "/usr/lib/libSystem.B.dylib"

var procPidpath uintptr

//go:linkname libcCall syscall.syscall
func libcCall(fn, a1, a2, a3 uintptr) (r1, r2 uintptr, err syscall.Errno)
