package peer

import (
	"net"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// GroupsOf returns the groups of the peer of c at the moment when it connected, by the kernel's word. macOS keeps 16 of a process, so
// that a user of more has some that are not told: what they open stays closed.
func GroupsOf(c net.Conn, _ Peer) ([]string, error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil, ErrUnknown
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Xucred
	var cerr error
	err = raw.Control(func(fd uintptr) { cred, cerr = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED) })
	if err != nil {
		return nil, err
	}
	if cerr != nil {
		return nil, cerr
	}
	n := min(max(int(cred.Ngroups), 0), len(cred.Groups))
	groups := make([]string, n)
	for i, g := range cred.Groups[:n] {
		groups[i] = strconv.FormatUint(uint64(g), 10)
	}
	return groups, nil
}
