package peer

import (
	"net"

	"golang.org/x/sys/unix"
)

// FactsOf returns the facts of the peer of c. A kernel from 6.13 on has a descriptor that means the one process and tells
// its parent; on an older one /proc says the same for more time.
func FactsOf(c net.Conn, p Peer) Facts {
	if f, ok := viaPidfd(c, p.PID); ok {
		return f
	}
	return p.facts()
}

func viaPidfd(c net.Conn, pid int) (f Facts, ok bool) {
	if pid <= 0 {
		return Facts{}, false
	}
	fd := -1
	err := onSocket(c, func(s int) (err error) {
		fd, err = unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_PEERPIDFD)
		return err
	})
	if err != nil || fd < 0 {
		return Facts{}, false
	}
	defer unix.Close(fd)
	parent, ok := parentOf(fd)
	if !ok {
		return Facts{}, false
	}
	f = Facts{Exe: exe(pid), ParentPID: parent, ParentExe: exe(parent)}
	switch now, alive := parentOf(fd); {
	case !alive: // the pid may have a new owner already
		return Facts{}, true
	case now != parent:
		f.ParentPID, f.ParentExe = 0, ""
	}
	return f, true
}

// parentOf asks the kernel for the parent of the process that a pidfd means. It fails once that process is gone.
func parentOf(pidfd int) (pid int, ok bool) {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_PID}
	if err := unix.IoctlPidfdInfo(pidfd, &info); err != nil || info.Mask&unix.PIDFD_INFO_PID == 0 {
		return 0, false
	}
	return int(info.Ppid), true
}
