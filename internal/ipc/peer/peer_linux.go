package peer

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func of(fd int) (Peer, error) {
	c, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	// The pid is 0 for a process of a container that we do not see into. Its uid is translated to ours all the same.
	return Peer{User: User{UID: c.Uid}, GID: c.Gid, PID: int(c.Pid), seen: ticks()}, nil
}

// ticks returns the time since boot in the unit of /proc/PID/stat: 1/100 s on every architecture that Go runs on.
func ticks() uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0 // then every process counts as started later, and has no facts
	}
	return uint64(now.Nano()) / 10_000_000
}
