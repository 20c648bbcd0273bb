package socket

import (
	"context"
	"errors"
	"net"
)

var errWindows = errors.New("named pipes are not supported by this version of credd: it does not serve on Windows yet")

// Listener accepts callers.
type Listener struct{}

// Listen is not there yet on Windows.
func Listen(string) (*Listener, error) { return nil, errWindows }

// Accept is never called: there is no listener.
func (*Listener) Accept() (*Conn, error) { return nil, errWindows }

// Close does nothing.
func (*Listener) Close() error { return nil }

// Dial is not there yet on Windows.
func Dial(context.Context, string) (net.Conn, error) { return nil, errWindows }
