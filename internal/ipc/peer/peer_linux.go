package peer

import "syscall"

func of(fd int) (Peer, error) {
	c, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	if c.Pid == 0 { // of another pid namespace, where uids may be others' as well
		return Peer{UID: c.Uid, GID: c.Gid}, nil
	}
	return Peer{UID: c.Uid, GID: c.Gid, PID: int(c.Pid)}, nil
}
