// Package start starts the daemon for those who find none. It links little: credhelper uses it.
package start

import "time"

const (
	startTimeout = 10 * time.Second // for a daemon to read its files and listen
	startPoll    = 5 * time.Millisecond
	lockPoll     = 80 * time.Millisecond // what startPoll grows to for the lock: a hundred helpers that wait must leave the daemon the processor

	startByHand = "start it with: credd serve"
)

// ForwardAgain is the remedy for a socket that is abandoned.
const ForwardAgain = "forward or mount it again, see docs/remote.md; on this machine by hand: credd serve"

// NoMachine is the error where the credd of this machine does not run. No program of its users starts it.
var NoMachine = &Error{"this machine's credd does not run", "its administrator starts it: " + startMachine}

// Error is why a daemon could not be started.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }
