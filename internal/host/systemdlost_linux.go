package host

import (
	"context"

	"credd/internal/ipc/socket"
)

// lost reports whether callers do not reach the socket that systemd holds: its file was deleted, or another credd has its own there.
// systemd notices neither. It connects only where that starts no daemon: one runs.
func (d *systemd) lost(ctx context.Context, now shown) (bool, error) {
	if !now.socket.active() {
		return false, nil
	}
	path, lock, err := d.socketAndLock()
	if err != nil {
		return false, err
	}
	if !there(path) {
		return true, nil
	}
	if now.service["ActiveState"] != "active" {
		if running, err := held(lock); err != nil || !running {
			return false, err
		}
	}
	pid, err := Other(ctx, path)
	return err == nil && pid > 0 && !socket.Manages(pid), nil
}

// relisten has systemd open the socket anew, and so starts a daemon that runs again.
func (d *systemd) relisten(ctx context.Context) error {
	path, lock, err := d.socketAndLock()
	if err != nil {
		return err
	}
	anew := func() error { return d.ctl(ctx, "restart", socketUnit) }
	if !there(path) { // a lock is that of the service's daemon, then
		return d.unhelped(path, anew)
	}
	return d.instead(ctx, path, lock, anew)
}
