package terminal

import "time"

// Ask is not there yet on Windows.
func Ask(string, bool, int, time.Time) (string, error) { return "", ErrNone }
