// Package socket is the daemon's end of the wire, and the way to it for credd's own commands.
package socket

import (
	"errors"
	"net"

	"credd/internal/ipc/dial"
	"credd/internal/ipc/peer"
)

var (
	// ErrRunning is returned where another daemon serves the socket.
	ErrRunning = errors.New("credd is already running")

	// ErrNoDaemon is returned where nothing listens.
	ErrNoDaemon = dial.ErrNoDaemon

	// ErrForeign is returned where the process that listens is not ours, nor root's, nor the credd of this machine.
	ErrForeign = dial.ErrForeign
)

// Conn is a caller. Who it is was decided when it was accepted, before a byte was read.
type Conn struct {
	net.Conn
	Peer    peer.Peer
	PeerErr error // not nil: the kernel does not tell, so refuse
}
