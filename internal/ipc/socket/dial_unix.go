//go:build !windows

package socket

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"
	"time"

	"credd/internal/ipc/peer"
	"credd/internal/paths"
)

const (
	queueTimeout = 10 * time.Second     // for room in the daemon's queue, which other users may keep full; credhelper waits as long as it may
	queuePoll    = 2 * time.Millisecond // between tries: a full queue is the one thing that a connect which may not block does not wait for
)

// Dial connects to the daemon. Who listens is checked before a byte is sent: ourselves, root, or the credd of this machine.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	c, err := connect(ctx, path)
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

// connect waits for a place in the queue of who listens.
func connect(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	for end := time.Now().Add(queueTimeout); ; {
		c, err := d.DialContext(ctx, "unix", path)
		if !errors.Is(err, syscall.EAGAIN) || time.Now().After(end) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(queuePoll):
		}
	}
}
