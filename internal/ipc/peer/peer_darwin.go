package peer

import "golang.org/x/sys/unix"

func of(fd int) (Peer, error) {
	c, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	p := Peer{UID: c.Uid}
	if c.Ngroups > 0 {
		p.GID = c.Groups[0]
	}
	if pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
		p.PID = pid
	}
	return p, nil
}

// Process tells nothing here: it would take a system call that Go does not have.
func Process(int) Facts { return Facts{} }
