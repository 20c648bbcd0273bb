package peer

import (
	"bytes"
	"strconv"
	"syscall"
)

const (
	statSize = 512 // the fields up to the start time are 350 bytes at most
	exeSize  = 512 // a longer path is left out rather than cut
)

// facts reads /proc while the peer waits for its reply: afterwards it is gone.
//
// A pid may get a new owner. The peer's has not if the process started before it was accepted, and its parent's has not
// if it is still the parent afterwards. The open file means the one process throughout, also when that ends. Nothing is
// kept for the next caller: the file costs most, and a shell that runs exec stays the same process.
func (p Peer) facts() Facts {
	if p.PID <= 0 {
		return Facts{}
	}
	fd, err := syscall.Open(proc(p.PID, "stat"), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return Facts{}
	}
	defer syscall.Close(fd)
	parent, start, ok := stat(fd)
	if !ok || start > p.seen {
		return Facts{}
	}
	f := Facts{Exe: exe(p.PID), ParentPID: parent, ParentExe: exe(parent)}
	now, _, ok := stat(fd)
	switch {
	case !ok:
		return Facts{}
	case now != parent:
		f.ParentPID, f.ParentExe = 0, ""
	}
	return f
}

func proc(pid int, file string) string { return "/proc/" + strconv.Itoa(pid) + "/" + file }

// exe returns the path of the executable, "" if the kernel does not show it: of another user's process, for one.
func exe(pid int) string {
	var buf [exeSize]byte
	n, err := syscall.Readlink(proc(pid, "exe"), buf[:])
	if err != nil || n <= 0 || n == len(buf) {
		return ""
	}
	return string(buf[:n])
}

// stat reads the parent and the start time of the process whose stat file is open.
func stat(fd int) (parent int, start uint64, ok bool) {
	var buf [statSize]byte
	n, err := syscall.Pread(fd, buf[:], 0)
	if err != nil {
		return 0, 0, false
	}
	return parseStat(buf[:n])
}

// parseStat reads fields 4 and 22 of /proc/PID/stat (proc(5)). The name before them is in parentheses and may hold
// anything, parentheses and blanks too.
func parseStat(line []byte) (parent int, start uint64, ok bool) {
	end := bytes.LastIndexByte(line, ')')
	if end < 0 {
		return 0, 0, false
	}
	rest := line[end+1:]
	for field := 2; len(rest) > 0; field++ {
		var value []byte
		value, rest, ok = bytes.Cut(rest, []byte(" "))
		switch field {
		case 4:
			n, err := strconv.ParseInt(string(value), 10, 32)
			if err != nil || n < 0 {
				return 0, 0, false
			}
			parent = int(n)
		case 22:
			start, err := strconv.ParseUint(string(value), 10, 64)
			return parent, start, err == nil && ok // ok: the blank after it is there, so it is not cut off
		}
	}
	return 0, 0, false
}
