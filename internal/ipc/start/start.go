// Package start starts the daemon for those who find none. It links little: credhelper uses it.
package start

// ForwardAgain is the remedy for a socket that is abandoned.
const ForwardAgain = "forward or mount it again, see docs/remote.md; on this machine by hand: credd serve"

// Error is why a daemon could not be started.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }
