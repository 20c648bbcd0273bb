// Package start starts the daemon for those who find none. It links little: credhelper uses it.
package start

// Error is why a daemon could not be started.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }
