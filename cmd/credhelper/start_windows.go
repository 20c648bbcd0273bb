package main

import (
	"time"

	"credd/internal/ipc/dial"
)

// start starts nothing yet on Windows.
func start(string, time.Time) error { return dial.ErrNoDaemon }
