package peer

import (
	"time"

	"golang.org/x/sys/unix"
)

func of(fd int) (Peer, error) {
	c, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	p := Peer{User: User{UID: c.Uid}, seen: uint64(time.Now().UnixMicro())}
	if c.Ngroups > 0 {
		p.GID = c.Groups[0]
	}
	if pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
		p.PID = pid
	}
	return p, nil
}
