// Package dial is credhelper's way to the daemon. It uses system calls only: package net would make each start slower.
package dial

import (
	"errors"
	"time"

	"credd/internal/ipc"
)

// Person answers a question of the daemon, until the deadline or until there is something to read from the connection fd.
type Person func(q ipc.Question, fd int, deadline time.Time) ipc.Answer

var (
	// ErrNoDaemon is returned where nothing listens.
	ErrNoDaemon = errors.New("credd is not running")

	// ErrForeign is returned where the process that listens is not ours, nor root's, nor the credd of this machine. Nothing was sent to it.
	ErrForeign = errors.New("the socket is served by another user")

	// ErrTimeout is returned when the deadline passes.
	ErrTimeout = errors.New("credd does not answer")

	// ErrLost is returned for a connection that ended before the reply was whole.
	ErrLost = errors.New("credd went away before it answered")
)
