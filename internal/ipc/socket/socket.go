// Package socket is the daemon's end of the wire, and the way to it for credd's own commands.
package socket

import (
	"errors"
	"net"
	"time"

	"credd/internal/ipc/dial"
	"credd/internal/ipc/peer"
)

const pauseOnFull = 100 * time.Millisecond // between tries to accept while file descriptors or memory are used up

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

// Accept returns the next caller. It outlasts a lack of file descriptors or memory.
func (l *Listener) Accept() (*Conn, error) {
	for {
		c, err := l.accept()
		if err == nil {
			p, perr := peer.Of(c)
			return &Conn{Conn: c, Peer: p, PeerErr: perr}, nil
		}
		if !passes(err) {
			return nil, err
		}
		select {
		case <-l.done:
			return nil, net.ErrClosed
		case <-time.After(pauseOnFull):
		}
	}
}
