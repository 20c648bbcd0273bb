// Package peer tells who is at the other end of a connection, by the kernel's word.
package peer

import (
	"errors"
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

	elevated bool   // on Windows only: it has the rights of an administrator in hand
	seen     uint64 // when Of was called, in the unit of a process's start: who started later is somebody else
}

// Root reports whether the peer may do anything on this machine anyway: by its user, or as an administrator of Windows who is elevated, as
// what "Run as administrator" starts is.
func (p Peer) Root() bool { return p.User.Root() || p.elevated }

// ErrUnknown is returned where the kernel does not tell who the peer is. Treat it as a stranger.
var ErrUnknown = errors.New("the kernel does not tell who is at the other end")

// Facts are what the kernel shows of a process and its parent. What it does not show, or what changed while it was
// read, is left empty.
type Facts struct {
	Exe       string
	ParentPID int
	ParentExe string
}
