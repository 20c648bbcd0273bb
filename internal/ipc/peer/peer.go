// Package peer tells who is at the other end of a connection, by the kernel's word.
package peer

import (
	"errors"
	"net"
	"strconv"
)

// User is who a process runs as: by a number, or on Windows by a SID.
type User struct {
	UID uint32 // 0 on Windows, where it means nothing
	SID string // on Windows only
}

// String returns the number or the SID.
func (u User) String() string {
	if u.SID != "" {
		return u.SID
	}
	return strconv.FormatUint(uint64(u.UID), 10)
}

// Peer is a process at the moment when it connected, or, for a server, when it listened.
type Peer struct {
	User
	GID uint32 // of its primary group; not on Windows
	PID int    // 0 where the kernel does not tell

	seen uint64 // when Of was called, in the unit of a process's start: who started later is somebody else
}

// ErrUnknown is returned where the kernel does not tell who the peer is. Treat it as a stranger.
var ErrUnknown = errors.New("the kernel does not tell who is at the other end")

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

// Facts are what the kernel shows of a process and its parent. What it does not show, or what changed while it was
// read, is left empty.
type Facts struct {
	Exe       string
	ParentPID int
	ParentExe string
}
