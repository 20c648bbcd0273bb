package peer

import (
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// GroupsOf returns the groups of the peer of c at the moment when it connected, by the kernel's word. macOS keeps 16 of a process, so
// that a user of more has some that are not told: what they open stays closed.
func GroupsOf(c net.Conn, _ Peer) ([]string, error) {
	var cred *unix.Xucred
	err := onSocket(c, func(fd int) (err error) {
		cred, err = unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		return err
	})
	if err != nil {
		return nil, err
	}
	n := min(max(int(cred.Ngroups), 0), len(cred.Groups))
	groups := make([]string, n)
	for i, g := range cred.Groups[:n] {
		groups[i] = strconv.FormatUint(uint64(g), 10)
	}
	return groups, nil
}
