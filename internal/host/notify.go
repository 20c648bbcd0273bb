package host

import "context"

// Ready tells the service manager that the daemon serves (sd_notify READY=1). Without one that listens it does nothing.
func Ready(status string) error { panic("TODO: issue 6") }

// Stopping tells it that the daemon ends (sd_notify STOPPING=1).
func Stopping() error { panic("TODO: issue 6") }

// Watch tells it, as often as it wants to hear (WATCHDOG_USEC), that alive said yes, until ctx ends. Without a watchdog it returns.
func Watch(ctx context.Context, alive func(context.Context) error) { panic("TODO: issue 6") }
