//go:build !windows

package socket

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"

	"credd/internal/ipc/peer"
	"credd/internal/paths"
)

// Dial connects to the daemon. Who listens is checked before a byte is sent: ourselves, root, or the credd of this machine.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNoDaemon
	}
	if err != nil {
		return nil, err
	}
	p, err := peer.Of(c)
	if errors.Is(err, peer.ErrUnknown) || err == nil && !paths.Trusts(path, p.UID) {
		err = ErrForeign
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
