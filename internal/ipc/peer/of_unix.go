//go:build !windows

package peer

import (
	"net"
	"syscall"
)

// Of returns the peer of a unix socket connection. Of any other, Linux would say uid 4294967295 without an error.
func Of(c net.Conn) (p Peer, err error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, ErrUnknown
	}
	err = onSocket(u, func(fd int) (err error) { p, err = of(fd); return err })
	return p, err
}

// onSocket asks the kernel for something about a connection.
func onSocket(c net.Conn, ask func(fd int) error) error {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return ErrUnknown
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var asked error
	if err := raw.Control(func(fd uintptr) { asked = ask(int(fd)) }); err != nil {
		return err
	}
	return asked
}
