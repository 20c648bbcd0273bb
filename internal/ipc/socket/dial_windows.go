package socket

import (
	"context"
	"errors"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"credd/internal/ipc/dial"
)

// Dial connects to the daemon. Who serves the pipe is checked before a byte is sent, and cannot act as us.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	c, err := winio.DialPipeAccessImpLevel(ctx, path, dial.Access, winio.PipeImpLevelIdentification)
	switch {
	case errors.Is(err, windows.ERROR_FILE_NOT_FOUND), errors.Is(err, windows.ERROR_PATH_NOT_FOUND):
		return nil, ErrNoDaemon
	case errors.Is(err, windows.ERROR_ACCESS_DENIED): // our own daemon lets us in
		return nil, ErrForeign
	case err != nil:
		return nil, err
	}
	p, ok := c.(interface{ Fd() uintptr })
	if !ok {
		c.Close()
		return nil, ErrForeign
	}
	if err := dial.Trust(p.Fd(), path); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
