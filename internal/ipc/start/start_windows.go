package start

import (
	"time"

	"credd/internal/ipc/dial"
)

// Daemon starts nothing yet on Windows.
func Daemon(string, time.Time) error { return dial.ErrNoDaemon }
