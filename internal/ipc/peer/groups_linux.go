package peer

import (
	"net"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// usualGroups is room for the groups of most users; Linux allows 65,536.
const usualGroups = 64

// GroupsOf returns the groups of the peer of c at the moment when it connected, by the kernel's word: their numbers.
func GroupsOf(c net.Conn, p Peer) ([]string, error) {
	var gids []uint32
	if err := onSocket(c, func(fd int) (err error) { gids, err = groups(fd); return err }); err != nil {
		return nil, err
	}
	if !slices.Contains(gids, p.GID) { // the kernel lists the supplementary ones
		gids = append(gids, p.GID)
	}
	out := make([]string, 0, len(gids))
	for _, g := range gids {
		if !unnamed(g) {
			out = append(out, strconv.FormatUint(uint64(g), 10))
		}
	}
	return out, nil
}

// groups asks the socket (SO_PEERGROUPS). For too little room it answers ERANGE and how much is needed.
func groups(fd int) ([]uint32, error) {
	buf := make([]uint32, usualGroups)
	for {
		size := uint32(len(buf) * 4)
		_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case e == 0:
			return buf[:size/4], nil
		case e == unix.ERANGE && int(size/4) > len(buf):
			buf = make([]uint32, size/4)
		default:
			return nil, e
		}
	}
}
