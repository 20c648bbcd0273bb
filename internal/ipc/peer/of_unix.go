//go:build !windows

package peer

import "net"

// Of returns the peer of a unix socket connection. Of any other, Linux would say uid 4294967295 without an error.
func Of(c net.Conn) (Peer, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, ErrUnknown
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var p Peer
	var perr error
	if err := raw.Control(func(fd uintptr) { p, perr = of(int(fd)) }); err != nil {
		return Peer{}, err
	}
	return p, perr
}
