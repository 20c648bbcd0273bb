package main

// startError is why a daemon could not be started.
type startError struct{ message, hint string }

func (e *startError) Error() string { return e.message }
